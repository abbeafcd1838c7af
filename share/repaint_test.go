package share

import (
	"strings"
	"testing"

	"github.com/jailsh/jailsh/share/screen"
)

// Who takes a terminal over sees it as it is, also what was written just before, and
// not what it asks of a terminal.
func TestRepaint(t *testing.T) {
	t.Parallel()
	h := NewHub()
	l := h.Begin("alice", "0", Size{20, 4}, nil)
	defer h.End(l)
	l.Write([]byte("one\r\n\x1b[c\x1b[31mtwo"))
	got := string(l.Repaint())
	if !strings.HasPrefix(got, screen.Reset) || !strings.Contains(got, "one") || !strings.Contains(got, "two") || strings.Contains(got, "\x1b[c") {
		t.Errorf("%q", got)
	}
}
