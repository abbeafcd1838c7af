package screen

// sgr changes the style of what is printed next.
func (s *Screen) sgr(p *params) {
	st := s.cur
	for i := 0; i < p.n; i++ {
		switch v := p.value[i]; {
		case v >= 30 && v <= 37:
			st.fg = color16 | color(v-30)
		case v >= 40 && v <= 47:
			st.bg = color16 | color(v-40)
		case v >= 90 && v <= 97:
			st.fg = color16 | color(v-90+8)
		case v >= 100 && v <= 107:
			st.bg = color16 | color(v-100+8)
		case v == 38 || v == 48 || v == 58:
			i += st.extendedColor(p, i)
		default:
			st.attribute(v, p.subsOf(i))
		}
	}
	s.setStyle(st)
}

func (st *style) attribute(v int, subs []int) {
	switch v {
	case 0:
		*st = style{link: st.link}
	case 1:
		st.attr |= bold
	case 2:
		st.attr |= dim
	case 3:
		st.attr |= italic
	case 4:
		shape := 1
		if len(subs) > 0 {
			shape = subs[0]
		}
		st.underline(shape)
	case 5:
		st.attr |= blink
	case 7:
		st.attr |= inverse
	case 8:
		st.attr |= invisible
	case 9:
		st.attr |= struck
	case 21:
		st.underline(2)
	case 22:
		st.attr &^= bold | dim
	case 23:
		st.attr &^= italic
	case 24:
		st.underline(0)
	case 25:
		st.attr &^= blink
	case 27:
		st.attr &^= inverse
	case 28:
		st.attr &^= invisible
	case 29:
		st.attr &^= struck
	case 39:
		st.fg = colorDefault
	case 49:
		st.bg = colorDefault
	case 53:
		st.attr |= overlined
	case 55:
		st.attr &^= overlined
	case 59:
		st.line = colorUnset
	}
}

// underline sets the shape of SGR 4:n. One that isn't known is a single line.
func (st *style) underline(shape int) {
	if shape < 0 || shape > 5 {
		shape = 1
	}
	st.shape = lineStyle(shape)
}

// extendedColor reads SGR 38, 48 or 58, at parameter i, with semicolons, with
// colons, with and without a color space, or with a mixture as xterm.js takes it. It
// returns how many parameters it used beside the first.
func (st *style) extendedColor(p *params, i int) (used int) {
	// What it is for, its mode, the color space, and three values.
	v := [6]int{0, 0, -1, 0, 0, 0}
	space := 0 // 1 once the place of the color space is skipped
	for {
		v[used+space] = p.value[i+used]
		if subs := p.subsOf(i + used); len(subs) > 0 {
			for j, sub := range subs {
				if v[1] == 5 {
					space = 1
				}
				if at := used + j + 1 + space; at < len(v) {
					v[at] = sub
				}
			}
			break
		}
		if v[1] == 5 && used+space >= 2 || v[1] == 2 && used+space >= 5 {
			break
		}
		if v[1] != 0 {
			space = 1
		}
		used++
		if used+i >= p.n || used+space >= len(v) {
			break
		}
	}
	for j := 2; j < len(v); j++ {
		v[j] = max(v[j], 0)
	}
	c := &st.fg
	switch v[0] {
	case 48:
		c = &st.bg
	case 58:
		c = &st.line
	}
	switch v[1] {
	case 2:
		*c = colorRGB | color(v[3]&255)<<16 | color(v[4]&255)<<8 | color(v[5]&255)
	case 5:
		*c = color256 | color(v[3]&255)
	}
	return used
}
