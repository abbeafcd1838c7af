package screen

import (
	"strings"
	"testing"
)

func TestResize(t *testing.T) {
	t.Parallel()
	text := func(s *Screen) string {
		var rows []string
		for y := range s.g.rows {
			var b strings.Builder
			for _, c := range s.g.row(y) {
				switch {
				case c.second():
				case c.empty():
					b.WriteByte('.')
				default:
					b.WriteString(s.content(c))
				}
			}
			rows = append(rows, b.String())
		}
		return strings.Join(rows, "|")
	}
	for _, c := range []struct {
		name, in   string
		cols, rows int
		want       string
		x, y       int
	}{
		{"wider", "abcd\r\nef", 6, 3, "abcd..|ef....|......", 2, 1},
		{"narrower", "abcd\r\nef", 3, 3, "abc|ef.|...", 2, 1},
		{"half a wide character", "ab日\r\n", 3, 3, "ab.|...|...", 0, 1},
		{"higher", "a\r\nb\r\nc", 4, 4, "a...|b...|c...|....", 1, 2},
		{"lower, blank below", "a\r\nb", 4, 2, "a...|b...", 1, 1},
		{"lower, text below", "a\r\nb\r\nc\x1b[H", 4, 2, "a...|b...", 0, 0},
		{"lower, cursor below", "a\r\nb\r\nc", 4, 2, "b...|c...", 1, 1},
		{"a pending wrap", "abcd", 6, 3, "abcd..|......|......", 4, 0},
		{"the alternate screen", "a\x1b[?1049h\r\nb", 5, 2, ".....|b....", 1, 1},
	} {
		s := New(4, 3)
		_, _ = s.Write([]byte(c.in))
		s.Resize(c.cols, c.rows)
		x, y, _ := s.Cursor()
		if got := text(s); got != c.want || x != c.x || y != c.y {
			t.Errorf("%s: %s at %d,%d, want %s at %d,%d", c.name, got, x, y, c.want, c.x, c.y)
		}
	}
}

func TestResizeKeepsWraps(t *testing.T) {
	t.Parallel()
	s := New(4, 3)
	_, _ = s.Write([]byte("abcdef\r\ng"))
	s.Resize(4, 2)
	if !s.g.isWrapped(0) || s.g.isWrapped(1) {
		t.Errorf("rows go on from the one above: %v, %v; want true, false", s.g.isWrapped(0), s.g.isWrapped(1))
	}
}

// After a resize, whatever it left, who is repainted goes on as the model does.
func TestRepaintAfterResize(t *testing.T) {
	r := startReference(t)
	for seed := range uint64(30) {
		stream := generate(seed, 12, 5, 160)
		s := New(12, 5)
		_, _ = s.Write([]byte(stream[:len(stream)/2]))
		cols, rows := 4+int(seed*7)%20, 2+int(seed*3)%8
		s.Resize(cols, rows)
		_, _ = s.Write([]byte("\x1b[m"))
		r.start(cols, rows)
		r.write(s.AppendRepaint(nil))
		if d := difference(s.tolerant(r.state()), s.tolerant(s.state())); d != "" {
			t.Fatalf("seed %d: %d by %d: repainted (got) it isn't the same (want):\n%s", seed, cols, rows, d)
		}
	}
}
