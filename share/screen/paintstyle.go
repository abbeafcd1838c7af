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
		p.colorsTo(st.fg, st.bg)
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
func (p *painter) colorsTo(fg, bg color) {
	if fg == p.pen.fg && bg == p.pen.bg {
		return
	}
	at := len(p.out) + 1
	out := append(p.out, "\x1b"...)
	if fg != p.pen.fg {
		out = appendColorOrDefault(out, fg, '3')
	}
	if bg != p.pen.bg {
		out = appendColorOrDefault(out, bg, '4')
	}
	out[at] = '[' // the first semicolon
	p.out = append(out, 'm')
	p.last = cluster{}
	p.pen.fg, p.pen.bg = fg, bg
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

// appendByte appends a number. There are six in each cell of a colored picture, and
// half of the time of a repaint goes into them.
func appendByte(dst []byte, n byte) []byte {
	i := 4 * int(n)
	length := decimals[i+3] - '0'
	return append(dst, decimals[i:i+4]...)[:len(dst)+int(length)]
}

// decimals has each number of a byte in three places, and how many it takes.
const decimals = "" +
	"0  11  12  13  14  15  16  17  18  19  110 211 212 213 214 215 2" +
	"16 217 218 219 220 221 222 223 224 225 226 227 228 229 230 231 2" +
	"32 233 234 235 236 237 238 239 240 241 242 243 244 245 246 247 2" +
	"48 249 250 251 252 253 254 255 256 257 258 259 260 261 262 263 2" +
	"64 265 266 267 268 269 270 271 272 273 274 275 276 277 278 279 2" +
	"80 281 282 283 284 285 286 287 288 289 290 291 292 293 294 295 2" +
	"96 297 298 299 2100310131023103310431053106310731083109311031113" +
	"1123113311431153116311731183119312031213122312331243125312631273" +
	"1283129313031313132313331343135313631373138313931403141314231433" +
	"1443145314631473148314931503151315231533154315531563157315831593" +
	"1603161316231633164316531663167316831693170317131723173317431753" +
	"1763177317831793180318131823183318431853186318731883189319031913" +
	"1923193319431953196319731983199320032013202320332043205320632073" +
	"2083209321032113212321332143215321632173218321932203221322232233" +
	"2243225322632273228322932303231323232333234323532363237323832393" +
	"2403241324232433244324532463247324832493250325132523253325432553"

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
