package screen

import (
	"flag"
	"testing"
)

var (
	streams = flag.Int("streams", 16, "how many synthetic streams are compared")
	first   = flag.Uint64("first", 0, "the seed of the first one")
	every   = flag.Int("every", 211, "recordings are cut, and joined, after each so many bytes")
)

// cutEverywhere compares the model with xterm.js after each so many bytes of a
// stream, and with an xterm.js that joins there and gets a repaint.
func cutEverywhere(t *testing.T, r *reference, stream string, cols, rows, every int) {
	t.Helper()
	r.start(cols, rows)
	s := New(cols, rows)
	var p []byte
	for k := 0; ; k++ {
		if k%every == 0 || k == len(stream) {
			state := s.state()
			if d := difference(state, r.state()); d != "" {
				t.Fatalf("after %d bytes, the last %q: the model (got) isn't as xterm.js (want):\n%s", k, last(stream[:k]), d)
			}
			p = s.AppendRepaint(p[:0])
			var late string
			if k%64 == 0 {
				late = r.fresh(p)
			} else {
				late = r.used(append([]byte(Reset), p...))
			}
			if d := difference(s.tolerant(late), s.tolerant(state)); d != "" {
				t.Fatalf("after %d bytes, the last %q: who joins (got) doesn't see the same (want):\n%s  repaint %q", k, last(stream[:k]), d, p)
			}
		}
		if k == len(stream) {
			return
		}
		r.write([]byte{stream[k]})
		_, _ = s.Write([]byte{stream[k]})
	}
}

func last(s string) string { return s[max(0, len(s)-60):] }

func TestSyntheticStreams(t *testing.T) {
	r := startReference(t)
	for seed := *first; seed < *first+uint64(*streams); seed++ {
		t.Logf("seed %d", seed)
		cutEverywhere(t, r, generate(seed, 12, 5, 120), 12, 5, 1+int(seed%9))
	}
}
