package main

import (
	"bytes"
	"testing"
)

func TestLastMark(t *testing.T) {
	t.Parallel()
	for piece, want := range map[string]int{
		"":                                     -1,
		"no mark":                              -1,
		"000012#":                              -1,
		"#000012":                              -1,
		"#00a012#":                             -1,
		"#000012#":                             12,
		"text\r\n#000012#\r\nmore":             12,
		"#000012#\r\n#000013#\r\n#00":          13,
		"\x1b[5;1H#000012#\x1b[K # of lines #": 12,
	} {
		if got := lastMark([]byte(piece)); got != want {
			t.Errorf("lastMark(%q) = %d, want %d", piece, got, want)
		}
	}
	if got := lastMark([]byte(mark(4711))); got != 4711 {
		t.Errorf("mark(4711) is read as %d", got)
	}
	if bytes.IndexByte(output(100_000, "\n"), '#') >= 0 {
		t.Error("the output of programs has the sign of marks in it")
	}
}
