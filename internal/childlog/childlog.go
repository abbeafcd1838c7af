// Package childlog reads what a child process writes on its standard error.
// Such children (jailsh-net, a cell's init) say nothing there unless they crash,
// and aren't trusted: both the length of a line and their number are capped, and
// the rest is read and thrown away, so that the child doesn't block.
package childlog

import (
	"bufio"
	"io"
)

// maxLine is the most of one line that is handed on, bytes; what is longer comes
// in pieces.
const maxLine = 1024

// Lines calls each with at most max lines of r, until r ends or is closed. The
// lines may hold any byte: whoever writes them to a log must quote them.
func Lines(r io.Reader, max int, each func(line string)) {
	lines := bufio.NewReaderSize(r, maxLine)
	for range max {
		line, _, err := lines.ReadLine()
		if err != nil {
			return
		}
		each(string(line))
	}
	_, _ = io.Copy(io.Discard, lines)
}
