package screen

import (
	"bytes"
	"testing"
)

// FuzzScreen writes anything to a screen. However it is cut the screen is the
// same; what a repaint makes is the same, and repaints the same; and nothing
// grows without end.
func FuzzScreen(f *testing.F) {
	for seed := range uint64(12) {
		f.Add([]byte(generate(seed, 12, 5, 60)), uint8(12), uint8(5), uint16(seed*37))
	}
	f.Fuzz(func(t *testing.T, stream []byte, cols, rows uint8, cut uint16) {
		check(t, stream, int(cols)%40, int(rows)%12, int(cut))
	})
}

// TestStreams does the same with streams that are made up.
func TestStreams(t *testing.T) {
	for seed := *first; seed < *first+uint64(*streams)*2; seed++ {
		stream := []byte(generateAny(seed, 12, 5, 60))
		for cut := int(seed % 29); cut <= len(stream); cut += 29 {
			check(t, stream, 12, 5, cut)
			if t.Failed() {
				t.Fatalf("seed %d, cut at %d: %q", seed, cut, last(string(stream[:cut])))
			}
		}
	}
}

func check(t *testing.T, stream []byte, cols, rows, cut int) {
	t.Helper()
	whole := New(cols, rows)
	_, _ = whole.Write(stream)

	k := min(cut, len(stream))
	pieces := New(cols, rows)
	_, _ = pieces.Write(stream[:k])
	p := pieces.AppendRepaint(nil)
	before := pieces.state()

	joined := New(cols, rows)
	_, _ = joined.Write(p)
	after := joined.state()
	if d := difference(pieces.tolerant(after), pieces.tolerant(before)); d != "" {
		t.Errorf("after %d bytes who joins (got) doesn't see the same:\n%s  repaint %q", k, d, p)
		return
	}
	exact := pieces.tolerant(before) == before
	if again := joined.AppendRepaint(nil); exact && !bytes.Equal(again, p) {
		t.Errorf("after %d bytes it is repainted as\n%q\nand that as\n%q", k, p, again)
		return
	}

	for _, c := range stream[k:] {
		_, _ = pieces.Write([]byte{c})
	}
	_, _ = joined.Write(stream[k:])
	if d := difference(pieces.state(), whole.state()); d != "" {
		t.Errorf("cut at %d (got) it isn't the same:\n%s", k, d)
	}
	if d := difference(joined.state(), whole.state()); exact && d != "" {
		t.Errorf("who joined after %d bytes (got) goes on otherwise:\n%s  repaint %q", k, d, p)
	}
	bounded(t, whole)
}

// bounded checks that a screen keeps no more than its cells can use and its limits
// allow.
func bounded(t *testing.T, s *Screen) {
	t.Helper()
	cells := len(s.normal.cells) + len(s.alternate.cells)
	for name, n := range map[string]int{
		"styles":   s.styles.live - 2*cells - firstSweep,
		"clusters": s.clusters.live - 2*cells - firstSweep,
		"links":    s.linkBytes - maxLinks,
		"sequence": len(s.parser.body) - maxSequence,
		"titles":   len(s.text.saved) + len(s.text.iconed) - 2*maxTitleSave,
		"title":    len(s.text.title) - maxTitle,
	} {
		if n > 0 {
			t.Errorf("%s: %d too many", name, n)
		}
	}
}

// FuzzFilter passes anything through a filter. It doesn't matter how it is cut;
// what comes out is left alone by another; and nothing is held back without end.
func FuzzFilter(f *testing.F) {
	for seed := range uint64(12) {
		f.Add([]byte(generate(seed, 12, 5, 60)))
	}
	f.Fuzz(func(t *testing.T, stream []byte) {
		var one, two, three Filter
		whole := one.Append(nil, stream)
		var pieces []byte
		for _, c := range stream {
			pieces = two.Append(pieces, []byte{c})
			if len(two.parser.body) > maxSequence {
				t.Fatal("holds back without end")
			}
		}
		if !bytes.Equal(whole, pieces) {
			t.Fatalf("whole  %q\npieces %q", whole, pieces)
		}
		again := three.Append(nil, whole)
		if !bytes.Equal(bytes.ReplaceAll(again, []byte(none), nil), bytes.ReplaceAll(whole, []byte(none), nil)) {
			t.Fatalf("once  %q\ntwice %q", whole, again)
		}
		if three.parser.state != ground && three.parser.state != deviceData || three.parser.need != 0 {
			t.Fatalf("%q is cut within a sequence or a character", whole)
		}
	})
}
