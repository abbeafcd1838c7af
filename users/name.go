package users

import "fmt"

// maxName is the length of the longest user name, as in useradd(8).
const maxName = 32

// badUserName returns why name can't be a user's name in a jail and the name of
// her home on the host, or "".
func badUserName(name string) string {
	switch name {
	case "root", "nobody", "nogroup":
		return "every jail has it already"
	}
	return badName(name)
}

// badName returns why name is not a portable name (POSIX XBD 3.437: letters,
// digits, period, underscore, hyphen, not a hyphen first), or "". Names that
// could be taken for a uid or for a hidden or special file are refused too.
func badName(name string) string {
	if name == "" {
		return "it is empty"
	}
	if len(name) > maxName {
		return fmt.Sprintf("it has more than %d characters", maxName)
	}
	if name[0] == '-' || name[0] == '.' {
		return fmt.Sprintf("it starts with %q", name[0])
	}
	digits := true
	for _, c := range []byte(name) {
		switch {
		case c >= '0' && c <= '9':
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c == '.', c == '_', c == '-':
			digits = false
		default:
			return "only letters, digits and . _ - may be in it"
		}
	}
	if digits {
		return "digits alone would read as a uid"
	}
	return ""
}
