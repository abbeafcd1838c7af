package screen

// restrict keeps the cursor on the screen, and within the scrolling region if
// positions count from there.
func (s *Screen) restrict(maxX int) {
	g := s.g
	g.x = min(max(g.x, 0), maxX)
	if s.modes.origin {
		g.y = min(max(g.y, g.top), g.bottom)
	} else {
		g.y = min(max(g.y, 0), g.rows-1)
	}
}

// place sets the cursor, by DECOM in the scrolling region.
func (s *Screen) place(x, y int) {
	g := s.g
	if s.modes.origin {
		y += g.top
	}
	g.x, g.y = x, y
	s.restrict(g.cols - 1)
}

// move moves the cursor. With DECOM xterm.js counts the row it is in from the
// screen's top and where it goes from the region's, so that it moves too far.
func (s *Screen) move(dx, dy int) {
	g := s.g
	s.restrict(g.cols - 1)
	s.place(g.x+dx, g.y+dy)
}

func (s *Screen) cursorUp(n int) {
	if room := s.g.y - s.g.top; room >= 0 {
		n = min(n, room)
	}
	s.move(0, -n)
}

func (s *Screen) cursorDown(n int) {
	if room := s.g.bottom - s.g.y; room >= 0 {
		n = min(n, room)
	}
	s.move(0, n)
}

func (s *Screen) lineFeed() {
	g := s.g
	if s.modes.newLine == set {
		g.x = 0
	}
	g.y++
	switch {
	case g.y == g.bottom+1:
		g.y--
		g.up(g.top, g.bottom, 1, s.eraser())
	case g.y >= g.rows:
		g.y = g.rows - 1
	default:
		g.setWrapped(g.y, false)
	}
	if g.x >= g.cols {
		g.x--
	}
}

func (s *Screen) index() {
	s.restrict(s.g.cols - 1)
	s.nextRow()
	s.restrict(s.g.cols - 1)
}

// nextRow goes a row down, and scrolls at the lower margin.
func (s *Screen) nextRow() {
	g := s.g
	g.y++
	if g.y == g.bottom+1 {
		g.y--
		g.up(g.top, g.bottom, 1, s.eraser())
	} else if g.y >= g.rows {
		g.y = g.rows - 1
	}
}

func (s *Screen) reverseIndex() {
	g := s.g
	s.restrict(g.cols - 1)
	if g.y == g.top {
		g.down(g.top, g.bottom, 1, s.eraser())
		return
	}
	g.y--
	s.restrict(g.cols - 1)
}

// backspace goes back over a wrap if the program asked for that by mode 45, but
// other than xterm only over one that was a wrap, as xterm.js does.
func (s *Screen) backspace() {
	g := s.g
	if !s.modes.reverseWrap {
		s.restrict(g.cols - 1)
		g.x = max(g.x-1, 0)
		return
	}
	s.restrict(g.cols)
	if g.x > 0 {
		g.x--
	} else if g.y > g.top && g.y <= g.bottom && g.isWrapped(g.y) {
		g.setWrapped(g.y, false)
		g.y--
		g.x = g.cols - 1
		if c := g.row(g.y)[g.x]; !c.second() && c.empty() {
			g.x-- // a wide character didn't fit there
		}
	}
	s.restrict(g.cols - 1)
}

// save is DECSC.
func (s *Screen) save() {
	g := s.g
	g.saved = savedCursor{x: min(g.x, g.cols-1), y: g.y, style: s.cur, charset: s.charset}
	g.saved.style.link = 0
}

// restore is DECRC. Here xterm.js isn't followed where it isn't like xterm: with a
// scrollback it saves a row relative to that, and comes back to another row; of an
// underline it saves that there is one, and not how it looks. As there, only the
// set in use is restored, and not what is designated.
func (s *Screen) restore() {
	g := s.g
	g.x, g.y = g.saved.x, g.saved.y
	st := g.saved.style
	st.link = s.cur.link
	s.setStyle(st)
	s.charset = g.saved.charset
	s.restrict(g.cols - 1)
}

// showAlternate changes to the alternate screen, which is blank then.
func (s *Screen) showAlternate() {
	if s.g == &s.alternate {
		return
	}
	s.settle()
	x, y := s.g.x, s.g.y
	s.alternate.fill(s.eraser())
	s.g = &s.alternate
	s.g.x, s.g.y = x, y
}

// showNormal changes back. The alternate screen is gone with its margins and tab
// stops; what it saved stays.
func (s *Screen) showNormal() {
	if s.g == &s.normal {
		return
	}
	s.settle()
	s.normal.x, s.normal.y = s.g.x, s.g.y
	s.alternate.init(s.g.cols, s.g.rows)
	s.g = &s.normal
	s.restrict(s.g.cols)
}

// settle ends what only a restored cursor can bring about: a set in use that isn't
// designated. xterm.js carries it to the other screen.
func (s *Screen) settle() { s.charsets[s.level] = s.charset }
