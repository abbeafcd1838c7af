package share

import "bytes"

// leastSkimmed is how long an output is of which something may be left out.
const leastSkimmed = 4 << 10

// longestStyle is the length of the parameters of an SGR that may be left out.
const longestStyle = 64

// telling are the controls that begin, end or change more than the place where the
// next character is shown, beside ESC. Those in UTF-8 begin with 0xC2.
var telling = [...]byte{0x07, 0x0b, 0x0c, 0x0e, 0x0f, 0x18, 0x1a, 0xc2}

// skim leaves out of a long output of plain or colored text what a screen of so many rows
// doesn't show at its end. It returns what is to be shown instead: head, styles and rest.
// Long outputs are mostly such text, and showing it to a screen costs many times what
// looking through it does. Nothing may be unfinished before.
//
// What is left out begins and ends with a row, and twice as many rows follow as there
// are: the first of them scroll out, and take along what was there before. One thing
// may differ: where the cursor is below the margins, and nothing scrolls, a longer row
// may have been overwritten by a shorter one.
func skim(p []byte, rows int) (head, styles, rest []byte) {
	if len(p) < leastSkimmed {
		return p, nil, nil
	}
	first := bytes.Index(p, []byte("\r\n")) + 2
	if first < 2 {
		return p, nil, nil
	}
	last := len(p)
	for range 2*rows + 1 {
		if last = bytes.LastIndexByte(p[:last], '\n'); last < first {
			return p, nil, nil
		}
	}
	last++
	if !bytes.HasSuffix(p[:last], []byte("\r\n")) {
		return p, nil, nil
	}
	for _, c := range telling {
		if bytes.IndexByte(p[first:last], c) >= 0 {
			return p, nil, nil
		}
	}
	styles, only := stylesOf(p[first:last])
	if !only {
		return p, nil, nil
	}
	return p[:first], styles, p[last:]
}

// stylesOf is what sets the style that text ends with: its SGR, from the last one on
// that resets. only tells that there is no other sequence in it, but for EL, which
// erases a row that nobody sees.
func stylesOf(text []byte) (styles []byte, only bool) {
	for {
		begin := bytes.IndexByte(text, 0x1b)
		if begin < 0 {
			return styles, true
		}
		text = text[begin:]
		n := len("\x1b[")
		for n < len(text) && n < longestStyle && text[n] >= '0' && text[n] <= ';' { // numbers, colons, semicolons
			n++
		}
		if n >= len(text) || text[1] != '[' || text[n] != 'm' && text[n] != 'K' {
			return nil, false
		}
		if text[n] == 'm' {
			if resets(text[2:n]) {
				styles = styles[:0]
			}
			styles = append(styles, text[:n+1]...)
		}
		text = text[n+1:]
	}
}

// resets tells of the parameters of an SGR that nothing of before stays.
func resets(p []byte) bool {
	return len(p) == 0 || p[0] == '0' && (len(p) == 1 || p[1] == ';')
}
