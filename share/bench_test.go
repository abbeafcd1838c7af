package share

import (
	"bytes"
	"testing"
)

// BenchmarkUnwatched is what an owner pays while nobody looks on: for plain text, and
// for text with colors.
func BenchmarkUnwatched(b *testing.B) {
	for name, line := range map[string]string{
		"plain":   "a line of some text, as long as lines of text mostly are, or a bit\r\n",
		"colored": "\x1b[34mfolder\x1b[m  \x1b[32mprogram\x1b[m  a line of some text, as ls writes it\r\n",
	} {
		b.Run(name, func(b *testing.B) {
			p := bytes.Repeat([]byte(line), 32<<10/len(line))
			t := newTerminal(Usual(), nil, &buffers{})
			b.SetBytes(int64(len(p)))
			for b.Loop() {
				t.Write(p)
			}
		})
	}
}
