package screen

import (
	"strconv"
	"strings"
)

const paletteSize = 256

// palette has the colors that a program changed: those of SGR by number, then
// of text, background and cursor. 0 is a color as it was.
type palette [paletteSize + 3]rgb

// rgb is a color with bit 24 set.
type rgb uint32

func (s *Screen) setColor(n int, c rgb) {
	if s.color == nil {
		if c == 0 {
			return
		}
		s.color = &palette{}
	}
	s.color[n] = c
}

// setColors is OSC 4: pairs of a number and a color. A ? asks.
func (s *Screen) setColors(data string) {
	for more := true; more; {
		var number, value string
		number, data, more = strings.Cut(data, ";")
		if !more {
			return
		}
		value, data, more = strings.Cut(data, ";")
		n, ok := colorNumber(number)
		if c, valid := parseColor(value); ok && valid {
			s.setColor(n, c)
		}
	}
}

// setSpecialColors is OSC 10, 11 and 12: of several colors the later ones belong to
// the next numbers.
func (s *Screen) setSpecialColors(data string, first int) {
	for value := range strings.SplitSeq(data, ";") {
		if first > 2 {
			return
		}
		if c, ok := parseColor(value); ok {
			s.setColor(paletteSize+first, c)
		}
		first++
	}
}

// resetColors is OSC 104: those named, or all.
func (s *Screen) resetColors(data string) {
	if data == "" {
		for n := range paletteSize {
			s.setColor(n, 0)
		}
		return
	}
	for number := range strings.SplitSeq(data, ";") {
		if n, ok := colorNumber(number); ok {
			s.setColor(n, 0)
		}
	}
}

func colorNumber(text string) (n int, ok bool) {
	for _, c := range []byte(text) {
		if c-'0' > 9 {
			return 0, false
		}
		n = digit(n, int(c-'0'))
	}
	return n, text != "" && n < paletteSize
}

// parseColor reads rgb:r/g/b and #rgb, with 1 to 4 digits each, see
// XParseColor(3). Names aren't known, as they aren't to xterm.js.
func parseColor(text string) (c rgb, ok bool) {
	text = strings.ToLower(text)
	if hex, is := strings.CutPrefix(text, "#"); is {
		n := len(hex) / 3
		if len(hex)%3 != 0 || n < 1 || n > 4 {
			return 0, false
		}
		for i := range 3 {
			v, err := strconv.ParseUint(hex[i*n:i*n+n], 16, 16)
			if err != nil {
				return 0, false
			}
			c = c<<8 | rgb(v<<16>>(4*n)>>8) // the first digits count
		}
		return c | 1<<24, true
	}
	hex, is := strings.CutPrefix(text, "rgb:")
	parts := strings.Split(hex, "/")
	if !is || len(parts) != 3 {
		return 0, false
	}
	n := len(parts[0])
	if n < 1 || n > 4 {
		return 0, false
	}
	for _, part := range parts {
		v, err := strconv.ParseUint(part, 16, 16)
		if err != nil || len(part) != n {
			return 0, false
		}
		top := uint64(1)<<(4*n) - 1
		c = c<<8 | rgb((v*255*2+top)/(2*top)) // rounded
	}
	return c | 1<<24, true
}
