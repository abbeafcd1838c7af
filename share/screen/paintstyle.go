package screen

// toCell sets the style of a cell.
func (p *painter) toCell(c cell) {
	n := c.style()
	if p.isKnown && n == p.known {
		return
	}
	p.to(p.styles.at(n))
	p.known, p.isKnown = n, true
}

// to sets a style.
func (p *painter) to(st style) {
	p.isKnown = false
	if st == p.pen {
		return
	}
	p.toLink(st.link)
	pen := &p.pen
	if st.attr == pen.attr && st.shape == pen.shape && st.line == pen.line {
		p.colorsTo(st)
		return
	}
	p.out = append(p.out, "\x1b[0"...)
	for i, sgr := range [...]string{";1", ";2", ";3", "", ";5", ";7", ";8", ";9", ";53"} {
		if st.attr&(1<<i) != 0 {
			p.out = append(p.out, sgr...)
		}
	}
	switch st.shape {
	case 0:
	case 1:
		p.out = append(p.out, ";4"...)
	case 2:
		p.out = append(p.out, ";21"...)
	default:
		p.out = append(p.out, ";4:"...)
		p.out = append(p.out, '0'+byte(st.shape))
	}
	p.out = appendColor(p.out, st.fg, '3')
	p.out = appendColor(p.out, st.bg, '4')
	p.out = appendLine(p.out, st.line)
	p.put("m")
	if st.attr&protected != 0 {
		p.put("\x1b[1\"q") // SGR 0 ends it in xterm.js
	} else if pen.attr&protected != 0 {
		p.put("\x1b[0\"q") // and not in xterm
	}
	*pen = st
}

// colorsTo changes text and background. In a picture of colored cells that is all
// there is to do.
func (p *painter) colorsTo(st style) {
	if st.fg == p.pen.fg && st.bg == p.pen.bg {
		return
	}
	at := len(p.out) + 1
	out := append(p.out, "\x1b"...)
	if st.fg != p.pen.fg {
		out = appendColorOrDefault(out, st.fg, '3')
	}
	if st.bg != p.pen.bg {
		out = appendColorOrDefault(out, st.bg, '4')
	}
	out[at] = '[' // the first semicolon
	p.out = append(out, 'm')
	p.last = cluster{}
	p.pen.fg, p.pen.bg = st.fg, st.bg
}

func appendColorOrDefault(dst []byte, c color, digit byte) []byte {
	if c == colorDefault {
		return append(dst, ';', digit, '9')
	}
	return appendColor(dst, c, digit)
}

// appendColor appends SGR 38 or 48, or a shorter one, for any color but the
// default. The digit is 3 for text and 4 for the background.
func appendColor(dst []byte, c color, digit byte) []byte {
	n := byte(c)
	switch c & colorMode {
	case colorRGB:
		dst = append(dst, ';', digit, '8', ';', '2', ';')
		dst = append(appendByte(dst, byte(c>>16)), ';')
		dst = append(appendByte(dst, byte(c>>8)), ';')
		return appendByte(dst, n)
	case color256:
		return appendByte(append(dst, ';', digit, '8', ';', '5', ';'), n)
	case color16:
		switch {
		case n < 8:
			return append(dst, ';', digit, '0'+n)
		case digit == '3':
			return append(dst, ';', '9', '0'+n-8)
		default:
			return append(dst, ';', '1', '0', '0'+n-8)
		}
	}
	return dst
}

// appendLine appends SGR 58, with colons: a terminal that doesn't know it then
// skips the rest of it too.
func appendLine(dst []byte, c color) []byte {
	switch {
	case c == colorUnset:
		return append(dst, ";59"...)
	case c&colorMode == color256:
		return appendByte(append(dst, ";58:5:"...), byte(c))
	case c&colorMode == colorRGB:
		dst = append(appendByte(append(dst, ";58:2::"...), byte(c>>16)), ':')
		dst = append(appendByte(dst, byte(c>>8)), ':')
		return appendByte(dst, byte(c))
	}
	return dst
}

// appendByte appends a number.
func appendByte(dst []byte, n byte) []byte {
	switch {
	case n >= 100:
		return append(dst, '0'+n/100, '0'+n/10%10, '0'+n%10)
	case n >= 10:
		return append(dst, '0'+n/10, '0'+n%10)
	}
	return append(dst, '0'+n)
}

func (p *painter) toLink(n uint16) {
	if n == p.pen.link {
		return
	}
	l := p.links.at(uint32(n))
	options := ""
	if l.id != "" {
		options = "id=" + l.id
	}
	p.osc("8;", options+";"+l.uri)
	p.pen.link = n
}
