package screen

// execute handles a control character. After one, a character joins nothing.
func (s *Screen) execute(c byte) {
	s.last = cluster{}
	g := s.g
	switch c {
	case 0x08:
		s.backspace()
	case 0x09:
		if g.x < g.cols {
			g.x = g.nextTab(g.x)
		}
	case 0x0a, 0x0b, 0x0c:
		s.lineFeed()
	case 0x0d:
		g.x = 0
	case 0x0e:
		s.shift(1)
	case 0x0f:
		s.shift(0)
	case 0x84:
		s.index()
	case 0x85:
		g.x = 0
		s.index()
	case 0x88:
		s.setTab()
	}
}

// escape handles a sequence that is neither CSI nor a string.
func (s *Screen) escape(more []byte, final byte) {
	s.last = cluster{}
	switch {
	case len(more) == 0:
		s.simpleEscape(final)
	case len(more) == 1:
		switch more[0] {
		case '%':
			if final == '@' || final == 'G' {
				s.designate(0, usASCII)
				s.shift(0)
			}
		case '#':
			if final == '8' {
				s.alignment()
			}
		case '(', ')', '*', '+':
			if set, ok := charsetOf(final); ok {
				s.designate(more[0]-'(', set)
			}
		case '-', '.':
			if set, ok := charsetOf(final); ok {
				s.designate(more[0]-'-'+1, set)
			}
		}
	}
}

func (s *Screen) simpleEscape(final byte) {
	switch final {
	case '7':
		s.save()
	case '8':
		s.restore()
	case 'D':
		s.index()
	case 'E':
		s.g.x = 0
		s.index()
	case 'H':
		s.setTab()
	case 'M':
		s.reverseIndex()
	case '=':
		s.modes.keypad = true
	case '>':
		s.modes.keypad = false
	case 'c':
		s.reset()
	case 'n', '}':
		s.shift(2)
	case 'o', '|':
		s.shift(3)
	case '~':
		s.shift(1)
	}
}

func (s *Screen) setTab() {
	if s.g.x < s.g.cols {
		s.g.setTab(s.g.x)
	}
}

// alignment is DECALN.
func (s *Screen) alignment() {
	st := s.cur
	st.line, st.link = 0, 0
	c := narrow(s.number(st.visible())) | 'E'
	s.place(0, 0)
	for y := range s.g.rows {
		s.g.clear(y, c)
	}
	s.place(0, 0)
}

// What belongs to strings that do nothing here: DCS is either a query or a
// picture, and neither changes what xterm.js shows.
func (s *Screen) deviceStart([]byte, byte) {}
func (s *Screen) deviceData([]byte)        {}
func (s *Screen) deviceEnd()               { s.last = cluster{} }
