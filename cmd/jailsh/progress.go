package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// barWidth is how many characters the bar itself takes.
const barWidth = 30

// bar is a progress bar on one line of a terminal. It is redrawn when it would
// look different, so a caller may report as often as it likes.
type bar struct {
	w     io.Writer
	label string
	drawn string
}

// newBar returns nil, which draws nothing, when w isn't a terminal.
func newBar(w *os.File, label string) *bar {
	if !term.IsTerminal(int(w.Fd())) {
		return nil
	}
	return &bar{w: w, label: label}
}

// set draws done of total bytes.
func (b *bar) set(done, total int64) {
	if b == nil || total <= 0 {
		return
	}
	done = min(max(done, 0), total)
	full := int(done * barWidth / total)
	line := fmt.Sprintf("%s [%s%s] %3d%% of %s", b.label,
		strings.Repeat("#", full), strings.Repeat(".", barWidth-full), done*100/total, size(total))
	if line == b.drawn {
		return
	}
	b.drawn = line
	fmt.Fprintf(b.w, "\r%s\x1b[K", line)
}

// clear takes the bar away again.
func (b *bar) clear() {
	if b != nil && b.drawn != "" {
		fmt.Fprint(b.w, "\r\x1b[K")
		b.drawn = ""
	}
}

// size is a number of bytes as people read it.
func size(n int64) string {
	for _, u := range []struct {
		of   int64
		name string
	}{{1 << 30, "GiB"}, {1 << 20, "MiB"}, {1 << 10, "KiB"}} {
		if n >= u.of {
			return fmt.Sprintf("%.1f %s", float64(n)/float64(u.of), u.name)
		}
	}
	return fmt.Sprintf("%d bytes", n)
}
