package strict

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/BurntSushi/toml"
)

const (
	maxSyntax = 20  // syntax errors of one file that are looked for
	maxBack   = 200 // lines to go back for the start of a statement

	// maxWork is how many bytes are parsed to find more than the first error of a
	// file; about a second.
	maxWork = 32 << 20
)

// decode parses src. The TOML library stops at the first syntax error, so what
// is wrong is blanked and the rest tried again. It returns the text that could
// be understood, with every line where it was.
func (d *Document) decode(src []byte) ([]byte, map[string]any) {
	p := &parser{}
	for range maxSyntax {
		data, bad := p.parse(src)
		if bad == nil {
			return src, data
		}
		d.doubtful = true
		table, next := p.culprit(src, bad)
		d.add(bad)
		rest := p.blank(src, bad.Line, table, next)
		if bytes.Equal(rest, src) || p.work > maxWork {
			break
		}
		src = rest
	}
	return nil, nil
}

// parser counts how much was parsed.
type parser struct{ work int }

// parse returns what src says, or its first syntax error.
func (p *parser) parse(src []byte) (map[string]any, *Problem) {
	p.work += len(src) + 256 // what a call costs by itself
	var data map[string]any
	_, err := toml.Decode(string(src), &data)
	if err == nil {
		return data, nil
	}
	pe := toml.ParseError{}
	if !errors.As(err, &pe) {
		return nil, &Problem{Line: 1, What: escape(err.Error()), Fix: "mend the file"}
	}
	bad := &Problem{Line: max(1, pe.Position.Line), What: strings.TrimSuffix(escape(pe.Message), "."), offset: pe.Position.Start}
	if strings.Contains(bad.What, `\n`) {
		// The library counts an unexpected newline to the line that it starts.
		at := min(pe.Position.Start, len(src))
		bad.Line = min(bad.Line, 1+bytes.Count(src[:at], []byte{'\n'}))
	}
	for _, h := range hints {
		if h.when.MatchString(bad.What) {
			bad.Fix = h.fix
			break
		}
	}
	return nil, bad
}

// hints say what to do, by what the library says. The last one fits all.
var hints = [...]struct {
	when *regexp.Regexp
	fix  string
}{
	{regexp.MustCompile(`already been defined|already created`), "remove one of them"},
	{regexp.MustCompile(`^expected value but found .\\n`), "write a value behind the ="},
	{regexp.MustCompile(`^expected value`), `write texts in quotes, like "text", and the others like 5, true or [ ... ]`},
	{regexp.MustCompile(`end table name|table names`), "write it like [user.alice]"},
	{regexp.MustCompile(`array terminator|unexpected comma`), "separate the elements of a list with one comma, and end it with ]"},
	{regexp.MustCompile(`inline table terminator`), "separate the keys with a comma, and end the table with }"},
	{regexp.MustCompile(`but got .* instead$`), "write one key = value on each line, texts in quotes"},
	{regexp.MustCompile(`strings cannot contain newlines|unexpected EOF`), "close the string with a quote"},
	{regexp.MustCompile(`leading zeroes`), `write it without them, or in quotes, like "022"`},
	{regexp.MustCompile(`^Invalid (integer|float)|^not a .* number`), "write a number, or a text in quotes"},
	{regexp.MustCompile(`invalid datetime`), "write a date like 2030-01-31"},
	{regexp.MustCompile(`invalid escape`), "write \\ twice, or the text in single quotes"},
	{regexp.MustCompile(``), "see https://toml.io/en/v1.0.0"},
}

// escape makes control characters visible.
func escape(s string) string {
	var b strings.Builder
	for _, r := range s {
		if r < ' ' || r == 0x7f {
			fmt.Fprintf(&b, `\x%02x`, r)
			continue
		}
		b.WriteRune(r)
	}
	return strings.ReplaceAll(b.String(), `\x0a`, `\n`)
}

// headerLine is a line that looks like [table] or [[table]], or begins like one.
var headerLine = regexp.MustCompile(`(?m)^[ \t]*\[\[?[ \t]*([A-Za-z_][^\],\n]*)?(\]\]?[ \t]*(#.*)?\r?$|$)`)

// culprit returns the table that a syntax error is in. That is the first one
// that is wrong by itself: an open quote or bracket is noticed tables later. bad
// is then moved to where the table by itself is wrong.
func (p *parser) culprit(src []byte, bad *Problem) (table, next int) {
	at, _ := lineAt(src, bad.Line)
	starts := []int{0}
	for _, m := range headerLine.FindAllIndex(src, -1) {
		starts = append(starts, m[0])
	}
	for i, start := range starts {
		if start > at {
			break
		}
		table, next = start, len(src)
		if i+1 < len(starts) {
			next = starts[i+1]
		}
		_, first := p.parse(src[table:next])
		if first == nil {
			continue
		}
		if next <= at {
			first.Line += bytes.Count(src[:table], []byte{'\n'})
			first.offset += table
			*bad = *first
		}
		return table, next
	}
	return table, next // each is right by itself: a name that was given before
}

// blank returns src without what a syntax error spoils: its line, if that is a
// statement or the rest of its table is right without it; else the statement
// that the line is in the middle of, and what follows in the table; or the whole
// table, if its header is wrong.
func (p *parser) blank(src []byte, line, table, next int) []byte {
	out := bytes.Clone(src)
	start, end := lineAt(src, line)
	if at := headerLine.FindIndex(src[table:next]); at != nil && at[0] == 0 && start == table {
		erase(out[table:next])
		return out
	}
	if start < next {
		erase(out[start:end])
		if _, bad := p.parse(out[table:next]); bad == nil {
			return out
		}
	}
	at := start
	for range maxBack {
		if at >= next || p.work > maxWork {
			break
		}
		if _, bad := p.parse(src[table:at]); bad == nil {
			if at < start {
				erase(out[at:next])
			}
			return out
		}
		at = bytes.LastIndexByte(src[:at-1], '\n') + 1
	}
	erase(out[table:next])
	return out
}

func erase(b []byte) {
	for i, c := range b {
		if c != '\n' && c != '\r' {
			b[i] = ' '
		}
	}
}

// lineAt returns where the line with the given number starts, and where it ends,
// without its newline.
func lineAt(src []byte, line int) (start, end int) {
	for ; line > 1; line-- {
		i := bytes.IndexByte(src[start:], '\n')
		if i < 0 {
			break
		}
		start += i + 1
	}
	if i := bytes.IndexByte(src[start:], '\n'); i >= 0 {
		return start, start + i
	}
	return start, len(src)
}
