package screen

import "strconv"

func (p *painter) colors() {
	if p.color == nil {
		return
	}
	for n, c := range p.color {
		if c == 0 {
			continue
		}
		p.out = append(p.out, "\x1b]"...)
		if n < paletteSize {
			p.out = append(strconv.AppendInt(append(p.out, "4;"...), int64(n), 10), ';')
		} else {
			p.out = append(strconv.AppendInt(p.out, int64(n-paletteSize+10), 10), ';')
		}
		const digits = "0123456789abcdef"
		p.out = append(p.out, "rgb:"...)
		for shift := 16; shift >= 0; shift -= 8 {
			p.out = append(p.out, digits[c>>(shift+4)&15], digits[c>>shift&15])
			if shift > 0 {
				p.out = append(p.out, '/')
			}
		}
		p.put("\x1b\\")
	}
}

func (p *painter) titles() {
	t := &p.text
	for _, title := range t.saved {
		p.osc("2;", title)
		p.put("\x1b[22;2t")
	}
	for _, icon := range t.iconed {
		p.osc("1;", icon)
		p.put("\x1b[22;1t")
	}
	if t.title != "" || len(t.saved) > 0 {
		p.osc("2;", t.title)
	}
	if t.icon != "" || len(t.iconed) > 0 {
		p.osc("1;", t.icon)
	}
}

func (p *painter) osc(number, text string) {
	p.out = append(append(append(p.out, "\x1b]"...), number...), text...)
	p.put("\x1b\\")
}

// tabs sets the tab stops, if they aren't those of a fresh terminal.
func (p *painter) tabs() {
	fresh := grid{cols: p.g.cols, tabs: make([]uint64, len(p.g.tabs))}
	fresh.tabsFrom(0)
	same := true
	for i := range fresh.tabs {
		same = same && fresh.tabs[i] == p.g.tabs[i]
	}
	if same {
		return
	}
	p.put("\x1b[3g")
	for x := range p.g.cols {
		if p.g.isTab(x) {
			p.at(x, p.y)
			p.put("\x1bH")
		}
	}
}

func (p *painter) region() {
	if p.g.top > 0 || p.g.bottom < p.g.rows-1 {
		p.csi("r", p.g.top+1, p.g.bottom+1)
		p.lost()
	}
}

func (p *painter) savedIfAny() {
	if p.g.saved != (savedCursor{}) {
		p.saved("\x1b7")
	}
}

// saved makes the other terminal save what was saved here, by a sequence that
// saves. Character sets are left as in a fresh terminal.
func (p *painter) saved(by string) {
	saved := p.g.saved
	p.to(saved.style)
	p.at(saved.x, saved.y)
	if saved.charset != usASCII {
		p.designate(0, saved.charset)
	}
	p.put(by)
	if saved.charset != usASCII {
		p.designate(0, usASCII)
	}
}

func (p *painter) designate(n uint8, set charset) {
	final := byte(set)
	if set == usASCII {
		final = 'B'
	}
	p.out = append(p.out, 0x1b, "()*+"[n], final)
	p.last = cluster{}
}

func (p *painter) modes() {
	m := &p.Screen.modes
	p.private(1, m.cursorKeys)
	p.private(66, m.keypad)
	p.private(45, m.reverseWrap)
	p.private(1004, m.focus)
	p.private(2004, m.paste)
	p.private(int(m.tracking), m.tracking != 0)
	p.private(int(m.encoding), m.encoding != 0)
	p.toggle(12, m.blinkOption)
	for i, mode := range rememberedModes {
		p.toggle(mode, m.remembered[i])
	}
	switch m.newLine {
	case set:
		p.put("\x1b[20h")
	case unset:
		p.put("\x1b[20l")
	case untouched:
	}
	if m.hidden {
		p.put("\x1b[?25l")
	} else {
		p.put("\x1b[?25h")
	}
	if m.cursorBlink != untouched {
		steady := b2i(m.cursorBlink == unset)
		if m.cursorShape == 0 {
			// xterm.js takes blinking from a shape that it doesn't know.
			p.csi(" q", 7+steady)
		} else {
			p.csi(" q", 2*int(m.cursorShape)-1+steady)
		}
	}
	if m.noWrap {
		p.put("\x1b[?7l")
	}
	if m.insert {
		p.put("\x1b[4h")
	}
	p.private(2026, m.synchronized)
}

// private sets a private mode that a fresh terminal doesn't have set.
func (p *painter) private(mode int, on bool) {
	if on {
		p.out = append(p.out, "\x1b[?"...)
		p.out = strconv.AppendInt(p.out, int64(mode), 10)
		p.put("h")
	}
}

func (p *painter) toggle(mode int, t toggle) {
	if t == untouched {
		return
	}
	p.out = append(p.out, "\x1b[?"...)
	p.out = strconv.AppendInt(p.out, int64(mode), 10)
	if t == set {
		p.put("h")
	} else {
		p.put("l")
	}
}
