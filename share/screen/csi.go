package screen

// control handles a control sequence.
func (s *Screen) control(body []byte, final byte) {
	p := &s.params
	k, ok := p.parse(body, final)
	if !ok {
		return
	}
	g := s.g
	switch k {
	case '@':
		s.restrict(g.cols - 1)
		insert(g.row(g.y), g.x, p.at(0), s.eraser())
	case 'A':
		s.cursorUp(p.at(0))
	case 'B':
		s.cursorDown(p.at(0))
	case 'C', 'a':
		s.move(p.at(0), 0)
	case 'D':
		s.move(-p.at(0), 0)
	case 'E':
		s.cursorDown(p.at(0))
		g.x = 0
	case 'F':
		s.cursorUp(p.at(0))
		g.x = 0
	case 'G', '`':
		s.place(p.at(0)-1, g.y)
	case 'H', 'f':
		s.place(p.at(1)-1, p.at(0)-1)
	case 'I':
		for n := min(p.at(0), g.cols); g.x < g.cols && n > 0; n-- {
			g.x = g.nextTab(g.x)
		}
	case 'J':
		s.eraseDisplay(p.value[0], false)
	case sequenceKind("?J"):
		s.eraseDisplay(p.value[0], true)
	case 'K':
		s.eraseLine(p.value[0], false)
	case sequenceKind("?K"):
		s.eraseLine(p.value[0], true)
	case 'L':
		s.rows(p.at(0), (*grid).down)
	case 'M':
		s.rows(p.at(0), (*grid).up)
	case 'P':
		s.restrict(g.cols - 1)
		remove(g.row(g.y), g.x, p.at(0), s.eraser())
	case 'S':
		g.up(g.top, g.bottom, p.at(0), s.eraser())
	case 'T':
		g.down(g.top, g.bottom, p.at(0), blank) // in the default style, as xterm.js has it
	case 'X':
		s.restrict(g.cols - 1)
		erase(g.row(g.y), g.x, g.x+p.at(0), s.eraser())
	case 'Z':
		for n := min(p.at(0), g.cols); g.x < g.cols && n > 0; n-- {
			g.x = g.previousTab(g.x)
		}
	case 'b':
		s.repeat(p.at(0))
	case 'd':
		s.place(g.x, p.at(0)-1)
	case 'e':
		s.move(0, p.at(0))
	case 'g':
		s.clearTabs(p.value[0])
	case 'h':
		s.setModes(p, true)
	case 'l':
		s.setModes(p, false)
	case sequenceKind("?h"):
		s.setPrivateModes(p, true)
	case sequenceKind("?l"):
		s.setPrivateModes(p, false)
	case 'm':
		s.sgr(p)
	case 'r':
		s.setRegion(p)
	case 's':
		s.save()
	case 't':
		s.titleStack(p)
	case 'u':
		s.restore()
	case sequenceKind("!p"):
		s.softReset()
	case sequenceKind(" q"):
		s.modes.setCursor(p.value[0])
	case sequenceKind("\"q"):
		s.protect(p.value[0])
	case sequenceKind(" @"):
		s.columns(func(row []cell) { remove(row, 0, p.at(0), s.eraser()) })
	case sequenceKind(" A"):
		s.columns(func(row []cell) { insert(row, 0, p.at(0), s.eraser()) })
	case sequenceKind("'}"):
		s.columns(func(row []cell) { insert(row, g.x%g.cols, p.at(0), s.eraser()) })
	case sequenceKind("'~"):
		s.columns(func(row []cell) { remove(row, g.x%g.cols, p.at(0), s.eraser()) })
	}
	s.last = cluster{}
}

// columns changes each row of the scrolling region, if the cursor is in it.
func (s *Screen) columns(change func(row []cell)) {
	g := s.g
	if g.y < g.top || g.y > g.bottom {
		return
	}
	for y := g.top; y <= g.bottom; y++ {
		change(g.row(y))
		g.setWrapped(y, false)
	}
}

// rows moves the rows from the cursor's to the margin, one way or the other, and
// the cursor to the first column.
func (s *Screen) rows(n int, by func(g *grid, top, bottom, n int, blank cell)) {
	g := s.g
	s.restrict(g.cols - 1)
	if g.y < g.top || g.y > g.bottom {
		return
	}
	by(g, g.y, g.bottom, n, s.eraser())
	g.x = 0
}

// setRegion is DECSTBM.
func (s *Screen) setRegion(p *params) {
	g := s.g
	top, bottom := p.at(0), g.rows
	if p.n > 1 && p.value[1] != 0 && p.value[1] <= g.rows {
		bottom = p.value[1]
	}
	if bottom > top {
		g.top, g.bottom = top-1, bottom-1
		s.place(0, 0)
	}
}

func (s *Screen) clearTabs(what int) {
	g := s.g
	switch {
	case what == 3:
		clear(g.tabs)
	case what == 0 && g.x < g.cols:
		g.clearTab(g.x)
	}
}

// protect is DECSCA.
func (s *Screen) protect(what int) {
	st := s.cur
	switch what {
	case 1:
		st.attr |= protected
	case 0, 2:
		st.attr &^= protected
	}
	s.setStyle(st)
}

// softReset is DECSTR.
func (s *Screen) softReset() {
	g := s.g
	g.top, g.bottom = 0, g.rows-1
	s.setStyle(style{})
	s.modes.softReset()
	s.resetCharsets()
	g.saved = savedCursor{}
}
