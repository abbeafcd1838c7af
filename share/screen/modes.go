package screen

// toggle is a mode whose state in a fresh terminal is the user's business: it is
// repainted only after the program has touched it.
type toggle uint8

const (
	untouched toggle = iota
	unset
	set
)

func toggled(on bool) toggle {
	if on {
		return set
	}
	return unset
}

// mouse is what the program wants to know of the mouse: the number of the mode,
// or 0.
type mouse uint16

// modes are all modes but those of a grid. The zero value is that of a terminal
// that was reset.
type modes struct {
	cursorKeys   bool // DECCKM
	keypad       bool // DECNKM, DECKPAM
	origin       bool // DECOM
	noWrap       bool // DECAWM is off
	insert       bool // IRM
	reverseWrap  bool // 45
	focus        bool // 1004
	paste        bool // 2004
	synchronized bool // 2026

	tracking mouse // 9, 1000, 1002, 1003; one replaces another
	encoding mouse // 1006, 1016

	cursorShape uint8  // DECSCUSR: 0 is the user's, block, underline, bar
	cursorBlink toggle // DECSCUSR

	// These outlive RIS in xterm.js.
	hidden      bool   // DECTCEM is off
	newLine     toggle // LNM
	blinkOption toggle // 12

	remembered [len(rememberedModes)]toggle
}

// rememberedModes don't change what xterm.js shows, but what other terminals do.
var rememberedModes = [...]int{
	5,    // DECSCNM: reverse video
	8,    // DECARM: keys repeat
	1005, // coordinates of the mouse in UTF-8
	1007, // the wheel sends arrows on the alternate screen
	1015, // coordinates of the mouse as urxvt sends them
	1034, // what Meta and Alt do
	1036,
	1039,
}

func (m *modes) reset() {
	*m = modes{hidden: m.hidden, newLine: m.newLine, blinkOption: m.blinkOption}
}

// softReset is DECSTR.
func (m *modes) softReset() {
	*m = modes{
		newLine: m.newLine, blinkOption: m.blinkOption,
		tracking: m.tracking, encoding: m.encoding, remembered: m.remembered,
	}
}

// setCursor is DECSCUSR.
func (m *modes) setCursor(what int) {
	switch what {
	case 0:
		m.cursorShape, m.cursorBlink = 0, untouched
		return
	case 1, 2, 3, 4, 5, 6:
		m.cursorShape = uint8(what+1) / 2
	}
	m.cursorBlink = toggled(what%2 == 1)
}

func (s *Screen) setModes(p *params, on bool) {
	for _, mode := range p.value[:p.n] {
		switch mode {
		case 4:
			s.modes.insert = on
		case 20:
			s.modes.newLine = toggled(on)
		}
	}
}

func (s *Screen) setPrivateModes(p *params, on bool) {
	m := &s.modes
	for _, mode := range p.value[:p.n] {
		switch mode {
		case 1:
			m.cursorKeys = on
		case 2:
			if on {
				s.charsets = [4]charset{}
				s.shift(s.level)
			}
		case 6:
			m.origin = on
			s.place(0, 0)
		case 7:
			m.noWrap = !on
		case 12:
			m.blinkOption = toggled(on)
		case 25:
			m.hidden = !on
		case 45:
			m.reverseWrap = on
		case 66:
			m.keypad = on
		case 9, 1000, 1002, 1003:
			m.tracking = mouse(b2i(on) * mode)
		case 1006, 1016:
			m.encoding = mouse(b2i(on) * mode)
		case 1004:
			m.focus = on
		case 1048:
			if on {
				s.save()
			} else {
				s.restore()
			}
		case 47, 1047, 1049:
			s.switchScreen(mode, on)
		case 2004:
			m.paste = on
		case 2026:
			m.synchronized = on
		default:
			for i, known := range rememberedModes {
				if mode == known {
					m.remembered[i] = toggled(on)
				}
			}
		}
	}
}

func (s *Screen) switchScreen(mode int, alternate bool) {
	if alternate {
		if mode == 1049 {
			s.save()
		}
		s.showAlternate()
		return
	}
	s.showNormal()
	if mode == 1049 {
		s.restore()
	}
}
