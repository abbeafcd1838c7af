package screen

import (
	"github.com/clipperhouse/displaywidth"
	"github.com/clipperhouse/uax29/v2/graphemes"
)

// class is how a character forms clusters with its neighbours: the property
// Grapheme_Cluster_Break of UAX 29, as far as the rules for terminals need it.
type class uint8

const (
	other    class = iota
	prepend        // goes before any other
	extends        // goes after any other
	regional       // half of a flag
	_
	hangulL
	hangulV
	hangulT
	hangulLV
	hangulLVT
	joiner     // ZWJ: extends, and joins a pictograph to what is before
	pictograph // U+1F600 and its kind
)

// shape is what a terminal has to know of a character. The columns are 1 or 2: a
// character that takes none has no place of its own, and where it joins nothing
// it gets one.
type shape struct {
	class class
	cols  uint8
}

// shapeOf looks a character up. Columns and clusters are those of current
// Unicode; the rules are those of xterm.js with its graphemes addon, whose tables
// are of Unicode 13: testdata/unicode.txt has each character on which they differ.
func shapeOf(r rune) shape {
	switch {
	case r < 0x300:
		return shape{other, 1}
	case 0x2500 <= r && r < 0x25a0, 0x4e00 <= r && r < 0xa000, 0x3400 <= r && r < 0x4dc0:
		return shape{other, uint8(1 + b2i(r >= 0x3000))}
	case 0xac00 <= r && r < 0xd7a4:
		if (r-0xac00)%28 == 0 {
			return shape{hangulLV, 2}
		}
		return shape{hangulLVT, 2}
	}
	return shape{classOf(r), columns(r)}
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

func columns(r rune) uint8 {
	switch {
	case r == 0xfe0f: // asks for a colored picture, which is wide
		return 2
	case 0x1f1e6 <= r && r <= 0x1f1ff: // two of them make a flag
		return 1
	case displaywidth.Rune(r) == 2:
		return 2
	}
	return 1
}

func classOf(r rune) class {
	switch {
	case r == 0x200d:
		return joiner
	case 0x1f1e6 <= r && r <= 0x1f1ff:
		return regional
	case 0x1100 <= r && r < 0x1160, 0xa960 <= r && r < 0xa97d:
		return hangulL
	case 0x1160 <= r && r < 0x11a8, 0xd7b0 <= r && r < 0xd7c7:
		return hangulV
	case 0x11a8 <= r && r < 0x1200, 0xd7cb <= r && r < 0xd7fc:
		return hangulT
	}
	var b [16]byte
	c := string(r)
	switch {
	case oneCluster(append(append(b[:0], 'a'), c...)):
		return extends
	case oneCluster(append(append(b[:0], c...), 'a')):
		return prepend
	case oneCluster(append(append(b[:0], "\U0001f600\u200d"...), c...)):
		return pictograph
	}
	return other
}

func oneCluster(b []byte) bool {
	n, _, err := graphemes.SplitFunc(b, true)
	return err == nil && n == len(b)
}

// joins tells whether a character goes into the cell of the one before: rules
// GB6 to GB13 of UAX 29, without GB9c.
func joins(before, after class) bool {
	switch before {
	case prepend:
		return true
	case joiner:
		if after == pictograph {
			return true
		}
	case regional:
		if after == regional {
			return true
		}
	case hangulL:
		if after == hangulL || after == hangulV || after == hangulLV || after == hangulLVT {
			return true
		}
	case hangulLV, hangulV:
		if after == hangulV || after == hangulT {
			return true
		}
	case hangulLVT, hangulT:
		if after == hangulT {
			return true
		}
	case other, extends, pictograph:
	}
	return after == extends || after == joiner
}

// cluster is the state after a character: what one that follows at once would
// join. It is the zero value after anything but a character.
type cluster struct {
	cols  uint8 // 0: nothing to join
	class class
}

// next is the state after another character, whether it joins, and how many
// columns the character, or the cluster that it is now part of, takes.
func (c cluster) next(s shape) (after cluster, joined bool) {
	if c.cols == 0 || !joins(c.class, s.class) {
		return cluster{s.cols, s.class}, false
	}
	after = cluster{max(c.cols, s.cols), s.class}
	if s.class == regional {
		after = cluster{2, other} // a third one begins another flag
	}
	return after, true
}
