package screen

import (
	"fmt"
	"strings"
	"testing"
)

// A window shows the part, on a terminal of any size, whatever was there before, and
// nothing of it is left by the next one.
func TestWindow(t *testing.T) {
	t.Parallel()
	s := New(30, 10)
	for y := range 10 {
		fmt.Fprintf(s, "\x1b[%d;1H\x1b[3%dm", y+1, y%8)
		for x := range 10 {
			fmt.Fprintf(s, "%d世", (x+y)%10)
		}
	}
	fmt.Fprint(s, "\x1b[m\x1b[5;13H\x1b[?1h")
	for _, w := range []struct{ x, y, cols, rows int }{
		{0, 0, 30, 10}, {1, 0, 12, 5}, {2, 3, 7, 7}, {10, 2, 20, 8}, {0, 0, 40, 15}, {29, 9, 5, 5},
	} {
		other := New(w.cols, w.rows)
		fmt.Fprint(other, strings.Repeat("#", w.cols*w.rows))
		other.Write(s.AppendWindow(nil, w.x, w.y, w.cols, w.rows))
		for y := range w.rows {
			for x := range w.cols {
				want := blank
				if w.x+x < 30 && w.y+y < 10 {
					want = s.g.row(w.y + y)[w.x+x]
				}
				if x == 0 && want.second() || x == w.cols-1 && want.lead() {
					want = blank
				}
				got := other.g.row(y)[x]
				if got.empty() && want.empty() || s.styles.at(want.style()) == other.styles.at(got.style()) && got&contentMask == want&contentMask {
					continue
				}
				t.Errorf("%v: at %d, %d is %x instead of %x", w, x, y, got, want)
			}
		}
		x, y, seen := other.Cursor()
		inside := 12 >= w.x && 4 >= w.y && 12 < w.x+w.cols && 4 < w.y+w.rows
		if seen != inside || seen && (x != 12-w.x || y != 4-w.y) {
			t.Errorf("%v: the cursor is at %d, %d, seen: %t", w, x, y, seen)
		}
		if !other.modes.cursorKeys {
			t.Errorf("%v: other keys would be sent", w)
		}
	}
}
