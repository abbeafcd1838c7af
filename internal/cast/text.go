package cast

import (
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Text writes what a program has written as lines of plain text: without colors and
// the like, and with what was typed over or deleted in a line gone. It knows lines
// and nothing of a screen: of a program that fills one, such as an editor, it has the
// words in the order in which they were written.
type Text struct {
	to   io.Writer
	err  error
	line []rune
	x    int
	wait []byte // an unfinished sequence
}

// NewText writes lines to to.
func NewText(to io.Writer) *Text { return &Text{to: to} }

// maxRow is the length of the longest line that is edited; a longer one is written in
// parts. maxSequence is that of the longest sequence that is looked at.
const (
	maxRow      = 16 << 10
	maxSequence = 4 << 10
)

// Write takes output in whole characters, as events have it.
func (t *Text) Write(data string) error {
	rest := append(t.wait, data...)
	for len(rest) > 0 && t.err == nil {
		n := t.next(rest)
		if n == 0 && len(rest) < maxSequence {
			break
		}
		rest = rest[max(n, 1):] // too long to be a sequence: only text that begins with ESC
	}
	t.wait = append(t.wait[:0], rest...)
	return t.err
}

// Close writes the last line, if it has no end.
func (t *Text) Close() error {
	if len(t.line) > 0 {
		t.flush()
	}
	return t.err
}

// next takes a character or a sequence, and returns its length; 0 if its end isn't
// there yet.
func (t *Text) next(b []byte) int {
	if b[0] != 0x1b {
		r, size := utf8.DecodeRune(b)
		t.char(r)
		return size
	}
	if len(b) < 2 {
		return 0
	}
	switch b[1] {
	case '[':
		end := slices.IndexFunc(b[2:], func(c byte) bool { return c >= 0x40 && c <= 0x7e })
		if end < 0 {
			return 0
		}
		t.control(string(b[2:2+end]), b[2+end])
		return end + 3
	case ']', 'P', 'X', '^', '_': // strings, up to BEL or ESC \
		for i := 2; i < len(b); i++ {
			switch {
			case b[i] == 0x07:
				return i + 1
			case b[i] == 0x1b && i+1 < len(b):
				return i + 2
			}
		}
		return 0
	}
	for i := 1; i < len(b); i++ { // intermediate bytes, and a final one
		if b[i] < 0x20 || b[i] > 0x2f {
			return i + 1
		}
	}
	return 0
}

func (t *Text) char(r rune) {
	switch {
	case r == '\n':
		t.flush()
	case r == '\r':
		t.x = 0
	case r == '\b':
		t.x = max(t.x-1, 0)
	case r == '\t':
		t.x = min((t.x/8+1)*8, maxRow)
	case r < 0x20 || r >= 0x7f && r < 0xa0:
	default:
		t.pad()
		if t.x < len(t.line) {
			t.line[t.x] = r
		} else {
			t.line = append(t.line, r)
		}
		if t.x++; t.x >= maxRow {
			t.flush()
		}
	}
}

// control does what of the sequences concerns one line: ECMA-48's CUF, CUB, CHA, EL,
// DCH, ICH and ECH. What leads to another line ends this one.
func (t *Text) control(args string, final byte) {
	first, _, _ := strings.Cut(args, ";")
	given, _ := strconv.Atoi(first)
	n := min(max(given, 1), maxRow)
	switch final {
	case 'C':
		t.x = min(t.x+n, maxRow)
	case 'D':
		t.x = max(t.x-n, 0)
	case 'G':
		t.x = n - 1
	case 'K':
		switch {
		case given == 0 && t.x < len(t.line):
			t.line = t.line[:t.x]
		case given == 1:
			t.blank(0, t.x+1)
		case given == 2:
			t.line = t.line[:0]
		}
	case 'P':
		if t.x < len(t.line) {
			t.line = slices.Delete(t.line, t.x, min(t.x+n, len(t.line)))
		}
	case '@':
		if t.x < len(t.line) {
			t.line = slices.Insert(t.line, t.x, []rune(strings.Repeat(" ", n))...)
			t.line = t.line[:min(len(t.line), maxRow)]
		}
	case 'X':
		t.blank(t.x, t.x+n)
	case 'A', 'B', 'E', 'F', 'H', 'd', 'f': // to another line of a screen
		if len(t.line) > 0 {
			t.flush()
		}
	}
}

func (t *Text) blank(from, to int) {
	for i := from; i < min(to, len(t.line)); i++ {
		t.line[i] = ' '
	}
}

// pad fills the line up to the cursor.
func (t *Text) pad() {
	for len(t.line) < t.x {
		t.line = append(t.line, ' ')
	}
}

func (t *Text) flush() {
	if t.err == nil {
		_, t.err = io.WriteString(t.to, strings.TrimRight(string(t.line), " ")+"\n")
	}
	t.line, t.x = t.line[:0], 0
}
