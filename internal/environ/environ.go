package environ

import "strings"

// Default returns the patterns of accept_env when none are configured.
func Default() []string {
	return []string{"LANG", "LC_*", "TERM", "COLORTERM", "TZ"}
}

// ValidName reports whether name is the name of a variable: letters, digits and
// _, not a digit first (POSIX XBD 8.1), at most 128 bytes.
func ValidName(name string) bool {
	if name == "" || len(name) > 128 || name[0] >= '0' && name[0] <= '9' {
		return false
	}
	for _, c := range []byte(name) {
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_') {
			return false
		}
	}
	return true
}

// ValidValue reports whether value may be given to a program: no NUL, and not
// the start of a shell function, which bash before 2014 ran (CVE-2014-6271).
func ValidValue(value string) bool {
	return strings.IndexByte(value, 0) < 0 && !strings.HasPrefix(value, "()")
}

// Accept reports whether a client may set name to value: the name is valid, one
// of patterns matches it, and it is not one of those that Never refuses.
func Accept(patterns []string, name, value string) bool {
	if !ValidName(name) || Never(name) || !ValidValue(value) {
		return false
	}
	for _, p := range patterns {
		if Match(p, name) {
			return true
		}
	}
	return false
}

// Match reports whether all of name matches pattern, in which * is any run of
// bytes and ? any one byte (PATTERNS of ssh_config(5)).
func Match(pattern, name string) bool {
	// The position to return to after a mismatch: behind the last *, one byte
	// further in name. Linear in practice and without recursion.
	star, retry := -1, 0
	p, n := 0, 0
	for n < len(name) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, retry = p, n
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == name[n]):
			p++
			n++
		case star >= 0:
			retry++
			p, n = star+1, retry
		default:
			return false
		}
	}
	for p < len(pattern) && pattern[p] == '*' {
		p++
	}
	return p == len(pattern)
}
