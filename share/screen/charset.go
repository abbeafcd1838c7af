package screen

import "strings"

// charset is the final byte of the sequence that designates a character set, or
// usASCII.
type charset byte

const usASCII charset = 0

// graphics are the characters of DEC Special Graphics from ` on.
var graphics = [...]rune{
	'◆', '▒', '␉', '␌', '␍', '␊', '°', '±', '␤', '␋', '┘', '┐', '┌', '└', '┼', '⎺',
	'⎻', '─', '⎼', '⎽', '├', '┤', '┴', '┬', '│', '≤', '≥', 'π', '≠', '£', '·',
}

// nationals are the replacements of the national sets: what is replaced, and by
// what. The Dutch [ is the letter ij, of which xterm.js shows the first half.
var nationals = map[charset][2]string{
	'A': {"#", "£"},
	'4': {`#@[\]{|}~`, "£¾i½|¨f¼´"},
	'C': {"[\\]^`{|}~", "ÄÖÅÜéäöåü"},
	'R': {`#@[\]{|}~`, "£à°ç§éùè¨"},
	'Q': {"@[\\]^`{|}~", "àâçêîôéùèû"},
	'K': {`@[\]{|}~`, "§ÄÖÜäöüß"},
	'Y': {"#@[\\]`{|}~", "£§°çéùàòèì"},
	'E': {"@[\\]^`{|}~", "ÄÆØÅÜäæøåü"},
	'Z': {`#@[\]{|}`, "£§¡Ñ¿°ñç"},
	'H': {"@[\\]^`{|}~", "ÉÄÖÅÜéäöåü"},
	'=': {"#@[\\]^_`{|}~", "ùàéçêîèôäöüû"},
}

// charsetOf is the set that a final byte designates. Of sets with two names it is
// the first.
func charsetOf(final byte) (set charset, ok bool) {
	switch final {
	case 'B':
		return usASCII, true
	case '0':
		return '0', true
	case '5':
		return 'C', true
	case '6':
		return 'E', true
	case '7':
		return 'H', true
	}
	_, ok = nationals[charset(final)]
	return charset(final), ok
}

// translate is what a byte of ASCII stands for in a set.
func (set charset) translate(c byte) rune {
	if set == '0' {
		if c < '`' || c > '~' {
			return rune(c)
		}
		return graphics[c-'`']
	}
	n := nationals[set]
	if i := strings.IndexByte(n[0], c); i >= 0 {
		return nth(n[1], i)
	}
	return rune(c)
}

func nth(s string, n int) rune {
	for _, r := range s {
		if n == 0 {
			return r
		}
		n--
	}
	return 0
}

// untranslate is the byte that stands for a character of ASCII in a set.
func (set charset) untranslate(r rune) (c byte, ok bool) {
	if set == usASCII {
		return byte(r), r < 0x7f
	}
	for c := byte(0x20); c < 0x7f; c++ {
		if set.translate(c) == r {
			return c, true
		}
	}
	return 0, false
}

// designate is SCS: it makes a set the n-th of four.
func (s *Screen) designate(n uint8, set charset) {
	s.charsets[n] = set
	if s.level == n {
		s.charset = set
	}
}

// shift takes the n-th set into use.
func (s *Screen) shift(n uint8) {
	s.level = n
	s.charset = s.charsets[n]
}

func (s *Screen) resetCharsets() {
	s.charsets = [4]charset{}
	s.shift(0)
}
