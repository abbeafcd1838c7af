package screen

import (
	"fmt"
	"strings"
	"testing"
)

// Whatever has no end leaves the screen as it was, is kept to no more than the
// limits, and is ended by what ends it.
func TestEndlessSequences(t *testing.T) {
	t.Parallel()
	for name, begin := range map[string]string{
		"OSC": "\x1b]0;", "OSC 52": "\x1b]52;c;", "no number": "\x1b]", "DCS": "\x1bPq", "malformed DCS": "\x1bP1<", "APC": "\x1b_G", "PM": "\x1b^", "SOS": "\x1bX",
		"CSI": "\x1b[", "intermediates": "\x1b[ ", "parameters of DCS": "\x1bP", "ESC": "\x1b(",
	} {
		fill := "0"
		switch name {
		case "intermediates", "ESC":
			fill = "!"
		}
		for _, end := range []string{"\x18", "\x1a", "\x1b\\", "\xc2\x9c"} {
			s := New(80, 24)
			var f Filter
			var passed int
			_, _ = s.Write([]byte("before\r\n" + begin))
			chunk := []byte(strings.Repeat(fill, 16<<10))
			for range 2 {
				_, _ = s.Write(chunk)
				passed += len(f.Append(nil, chunk))
			}
			bounded(t, s)
			if n := cap(s.parser.body) + cap(f.parser.body); n > 4*maxSequence {
				t.Errorf("%s: keeps %d bytes", name, n)
			}
			if p := s.AppendRepaint(nil); len(p) > 2*maxSequence {
				t.Errorf("%s: a repaint of %d bytes", name, len(p))
			}
			_, _ = s.Write([]byte(end + "after"))
			rows := strings.Split(s.state(), "\n")
			if rows[2] != "0 {0.0.0.0.0}before"+strings.Repeat("·", 74) || !strings.HasPrefix(rows[3], "1 {0.0.0.0.0}after·") {
				t.Errorf("%s ended by %q: %s", name, end, strings.Join(rows[2:4], "\n"))
			}
		}
	}
}

func TestClustersHaveAnEnd(t *testing.T) {
	t.Parallel()
	s := New(10, 2)
	_, _ = s.Write([]byte("e" + strings.Repeat("\u0301", 1000) + "x"))
	row := s.g.row(0)
	if n := len(s.content(row[0])); n > maxCluster || n < maxCluster-2 {
		t.Errorf("a cluster of %d bytes", n)
	}
	if s.content(row[1]) != "x" {
		t.Errorf("after it comes %q", s.content(row[1]))
	}
}

// Styles, clusters and links that no cell has are forgotten, and only they.
func TestPoolsForget(t *testing.T) {
	t.Parallel()
	s := New(20, 4)
	for i := range 20000 {
		_, _ = fmt.Fprintf(s, "\x1b]8;;http://host-%d/\x07\x1b[38;2;%d;%d;1me%c\r\n", i, i%256, i/256, rune(0x300+i%100))
	}
	bounded(t, s)
	s.sweep()
	for y, i := range []int{19997, 19998, 19999} {
		c := s.g.row(y)[0]
		st := s.styles.at(c.style())
		if uri := s.links.at(uint32(st.link)).uri; uri != fmt.Sprintf("http://host-%d/", i) {
			t.Errorf("row %d leads to %s", y, uri)
		}
		if want := "e" + string(rune(0x300+i%100)); s.content(c) != want {
			t.Errorf("row %d is %q, want %q", y, s.content(c), want)
		}
	}
	if len(s.styles.values) > 2*firstSweep || len(s.links.values) > maxLinks/10 {
		t.Errorf("%d styles and %d links are kept", len(s.styles.values), len(s.links.values))
	}
}

// Of links that are all shown, those are kept for which there is room.
func TestManyLinks(t *testing.T) {
	t.Parallel()
	s := New(80, 24)
	for i := range 80 * 23 {
		_, _ = fmt.Fprintf(s, "\x1b]8;;http://host-%d/%s\x07x", i, strings.Repeat("y", 1000))
	}
	bounded(t, s)
	linked := 0
	for _, c := range s.g.cells {
		linked += b2i(s.styles.at(c.style()).link != 0)
	}
	if linked < maxLinks/1100 || linked > maxLinks/1000 {
		t.Errorf("%d cells are linked", linked)
	}
}

func TestLongLinksAndTitles(t *testing.T) {
	t.Parallel()
	s := New(20, 4)
	_, _ = s.Write([]byte("\x1b]8;;http://a/\x07\x1b]8;;http://" + strings.Repeat("x", maxLink) + "\x07text"))
	if s.cur.link != 0 {
		t.Error("text is linked to what is too long, or to what was before")
	}
	_, _ = s.Write([]byte("\x1b]2;" + strings.Repeat("é", maxTitle) + "\x07"))
	if s.Title() != strings.Repeat("é", maxTitle/2) {
		t.Errorf("a title of %d bytes", len(s.Title()))
	}
	for range 3 * maxTitleSave {
		_, _ = s.Write([]byte("\x1b[22t"))
	}
	bounded(t, s)
}

// What repeats or moves by a large number is done at once.
func TestLargeNumbers(t *testing.T) {
	t.Parallel()
	for _, final := range strings.Split("@ A B C D E F G H I L M P S T X Z ` a b d e", " ") {
		s := New(200, 60)
		_, _ = s.Write([]byte("x"))
		_, _ = fmt.Fprintf(s, "\x1b[2147483647%s\x1b[99999999999999;99999999999999%s", final, final)
		if x, y, _ := s.Cursor(); x < 0 || y < 0 || x >= 200 || y >= 60 {
			t.Errorf("%s: the cursor is at %d,%d", final, x, y)
		}
	}
}

func TestSizesAreBounded(t *testing.T) {
	t.Parallel()
	for _, c := range [][4]int{{0, 0, MinCols, MinRows}, {-1, 1 << 30, MinCols, MaxRows}, {1 << 30, 3, MaxCols, 3}} {
		s := New(c[0], c[1])
		if cols, rows := s.Size(); cols != c[2] || rows != c[3] {
			t.Errorf("New(%d, %d) is %d by %d", c[0], c[1], cols, rows)
		}
		s.Resize(80, 24)
		s.Resize(c[0], c[1])
		if cols, rows := s.Size(); cols != c[2] || rows != c[3] {
			t.Errorf("Resize(%d, %d) makes %d by %d", c[0], c[1], cols, rows)
		}
	}
}
