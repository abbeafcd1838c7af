package strict

import (
	"bytes"
	"fmt"

	"github.com/BurntSushi/toml"
)

// Statement is one `[table]`, `[[table]]` or `key = value` of a TOML text.
type Statement struct {
	Header bool     // [table] or [[table]]
	Array  bool     // [[table]]
	Path   []string // of a header: from the root; of a key: from its header
	Line   int      // of its first byte; starts at 1
	Start  int      // byte offset of its first byte
	End    int      // byte offset after its last byte; a comment isn't part of it
	Value  *Span    // nil for a header
}

// Span is where a value stands.
type Span struct {
	Line, Start, End int
	Kind             byte    // '[' a list, '{' an inline table, 0 any other value
	Items            []*Item // of a list or an inline table
}

// Item is one element of a list, or one key of an inline table.
type Item struct {
	Path  []string // of a key; nil in a list
	Line  int
	Start int
	Value *Span
}

// Scan finds the statements of src, in file order. It is for texts that the
// TOML library accepts: it finds places, it doesn't validate. Of any other text
// it may return anything, but it returns.
func Scan(src []byte) ([]*Statement, error) {
	s := &scanner{src: src, line: 1}
	s.pos = len(src) - len(bytes.TrimPrefix(src, []byte("\xef\xbb\xbf")))
	var out []*Statement
	for {
		s.space(true)
		if s.pos >= len(s.src) {
			return out, nil
		}
		st, err := s.statement()
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", s.line, err)
		}
		out = append(out, st)
	}
}

// maxDepth is how deep lists and inline tables may be in each other.
const maxDepth = 32

// errDeep is returned for a value that is deeper.
var errDeep = fmt.Errorf("lists and tables are more than %d deep in each other", maxDepth)

type scanner struct {
	src   []byte
	pos   int
	line  int
	depth int
}

// peek returns the next byte, or 0 at the end.
func (s *scanner) peek() byte {
	if s.pos >= len(s.src) {
		return 0
	}
	return s.src[s.pos]
}

func (s *scanner) skip(n int) {
	n = min(n, len(s.src)-s.pos)
	s.line += bytes.Count(s.src[s.pos:s.pos+n], []byte{'\n'})
	s.pos += n
}

// space skips blanks, and with lines also newlines and comments.
func (s *scanner) space(lines bool) {
	for s.pos < len(s.src) {
		switch c := s.src[s.pos]; {
		case c == ' ' || c == '\t':
			s.pos++
		case lines && (c == '\n' || c == '\r'):
			s.skip(1)
		case lines && c == '#':
			end := bytes.IndexByte(s.src[s.pos:], '\n')
			if end < 0 {
				end = len(s.src) - s.pos
			}
			s.pos += end
		default:
			return
		}
	}
}

func (s *scanner) expect(c byte) error {
	if s.peek() != c || s.pos >= len(s.src) {
		return fmt.Errorf("no %q at byte %d", c, s.pos)
	}
	s.pos++
	return nil
}

func (s *scanner) statement() (*Statement, error) {
	st := &Statement{Line: s.line, Start: s.pos}
	var err error
	if s.peek() != '[' {
		st.Path, st.Value, err = s.pair()
		st.End = s.pos
		return st, err
	}
	st.Header = true
	s.pos++
	if s.peek() == '[' {
		st.Array = true
		s.pos++
	}
	if st.Path, err = s.path(); err != nil {
		return nil, err
	}
	if err = s.expect(']'); err == nil && st.Array {
		err = s.expect(']')
	}
	st.End = s.pos
	return st, err
}

// pair reads `key = value`.
func (s *scanner) pair() ([]string, *Span, error) {
	path, err := s.path()
	if err != nil {
		return nil, nil, err
	}
	if err := s.expect('='); err != nil {
		return nil, nil, err
	}
	s.space(false)
	value, err := s.value()
	return path, value, err
}

// path reads a dotted key with the blanks around it.
func (s *scanner) path() ([]string, error) {
	var path []string
	for {
		s.space(false)
		part, err := s.name()
		if err != nil {
			return nil, err
		}
		path = append(path, part)
		s.space(false)
		if s.peek() != '.' {
			return path, nil
		}
		s.pos++
	}
}

// name reads one part of a key.
func (s *scanner) name() (string, error) {
	start := s.pos
	if c := s.peek(); c == '"' || c == '\'' {
		if err := s.quoted(); err != nil {
			return "", err
		}
		var k struct{ K string }
		_, err := toml.Decode("K = "+string(s.src[start:s.pos]), &k)
		return k.K, err
	}
	for s.pos < len(s.src) && bare(s.src[s.pos]) {
		s.pos++
	}
	if s.pos == start {
		return "", fmt.Errorf("no key at byte %d", start)
	}
	return string(s.src[start:s.pos]), nil
}

func bare(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-'
}

// quoted skips a string of any of the four kinds.
func (s *scanner) quoted() error {
	quote := s.src[s.pos]
	triple := bytes.Repeat([]byte{quote}, 3)
	long := bytes.HasPrefix(s.src[s.pos:], triple)
	s.pos++
	if long {
		s.pos += 2
	}
	for s.pos < len(s.src) {
		switch {
		case quote == '"' && s.src[s.pos] == '\\':
			s.skip(2)
		case long && bytes.HasPrefix(s.src[s.pos:], triple):
			s.pos += 3
			// One or two quotes may stand before the closing three.
			for range 2 {
				if s.peek() == quote {
					s.pos++
				}
			}
			return nil
		case !long && s.src[s.pos] == quote:
			s.pos++
			return nil
		default:
			s.skip(1)
		}
	}
	return fmt.Errorf("string without an end")
}

func (s *scanner) value() (*Span, error) {
	v := &Span{Line: s.line, Start: s.pos}
	var err error
	switch c := s.peek(); c {
	case '"', '\'':
		err = s.quoted()
	case '[':
		v.Kind = c
		err = s.items(v, ']')
	case '{':
		v.Kind = c
		err = s.items(v, '}')
	default:
		for s.pos < len(s.src) && bytes.IndexByte([]byte(",]}#\r\n"), s.src[s.pos]) < 0 {
			s.pos++
		}
		// A date and its time may have one blank between; those after it aren't part.
		for s.pos > v.Start && (s.src[s.pos-1] == ' ' || s.src[s.pos-1] == '\t') {
			s.pos--
		}
		if s.pos == v.Start {
			err = fmt.Errorf("no value at byte %d", s.pos)
		}
	}
	v.End = s.pos
	return v, err
}

// items reads the elements of a list or the keys of an inline table, up to and
// with the closing byte.
func (s *scanner) items(v *Span, closing byte) error {
	if s.depth++; s.depth > maxDepth {
		return errDeep
	}
	defer func() { s.depth-- }()
	s.pos++
	for {
		s.space(true)
		if s.peek() == closing {
			s.pos++
			return nil
		}
		item := &Item{Line: s.line, Start: s.pos}
		var err error
		if closing == '}' {
			item.Path, item.Value, err = s.pair()
		} else {
			item.Value, err = s.value()
		}
		if err != nil {
			return err
		}
		v.Items = append(v.Items, item)
		s.space(true)
		if s.peek() == ',' {
			s.pos++
		} else if s.peek() != closing {
			return fmt.Errorf("no %q at byte %d", closing, s.pos)
		}
	}
}
