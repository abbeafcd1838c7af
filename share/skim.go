package share

import "bytes"

// leastSkimmed is how long an output is of which something may be left out.
const leastSkimmed = 4 << 10

// telling are the controls that begin, end or change more than the place where the
// next character is shown. Those in UTF-8 begin with 0xC2.
var telling = [...]byte{0x1b, 0x07, 0x0b, 0x0c, 0x0e, 0x0f, 0x18, 0x1a, 0xc2}

// skim leaves out of a long output of plain text what a screen of so many rows doesn't
// show at its end. It returns what is to be shown instead, in two parts. Long outputs
// are mostly such text, and showing it to a screen costs a hundred times what looking
// through it does. Nothing may be unfinished before.
//
// What is left out begins and ends with a row, and twice as many rows follow as there
// are: the first of them scroll out, and take along what was there before. One thing
// may differ: where the cursor is below the margins, and nothing scrolls, a longer row
// may have been overwritten by a shorter one.
func skim(p []byte, rows int) (head, rest []byte) {
	if len(p) < leastSkimmed {
		return p, nil
	}
	first := bytes.Index(p, []byte("\r\n")) + 2
	if first < 2 {
		return p, nil
	}
	last := len(p)
	for range 2*rows + 1 {
		if last = bytes.LastIndexByte(p[:last], '\n'); last < first {
			return p, nil
		}
	}
	last++
	if !bytes.HasSuffix(p[:last], []byte("\r\n")) {
		return p, nil
	}
	for _, c := range telling {
		if bytes.IndexByte(p[first:last], c) >= 0 {
			return p, nil
		}
	}
	return p[:first], p[last:]
}
