package screen

// eraseDisplay is ED, or DECSED, which spares what is protected. ED 3 erases
// a scrollback, of which there is none.
func (s *Screen) eraseDisplay(what int, selective bool) {
	g := s.g
	s.restrict(g.cols)
	switch what {
	case 0:
		s.eraseRight(selective)
		s.eraseRows(g.y+1, g.rows, selective)
	case 1:
		s.eraseIn(g.y, 0, g.x+1, selective)
		g.setWrapped(g.y, false)
		if g.x+1 >= g.cols && g.y+1 < g.rows {
			g.setWrapped(g.y+1, false)
		}
		s.eraseRows(0, g.y, selective)
	case 2:
		s.eraseRows(0, g.rows, selective)
	}
}

// eraseLine is EL or DECSEL.
func (s *Screen) eraseLine(what int, selective bool) {
	g := s.g
	s.restrict(g.cols)
	switch what {
	case 0:
		s.eraseRight(selective)
	case 1:
		s.eraseIn(g.y, 0, g.x+1, selective)
	case 2:
		s.eraseIn(g.y, 0, g.cols, selective)
		g.setWrapped(g.y, false)
	}
}

// eraseRight erases the row from the cursor on.
func (s *Screen) eraseRight(selective bool) {
	g := s.g
	s.eraseIn(g.y, g.x, g.cols, selective)
	if g.x == 0 {
		g.setWrapped(g.y, false)
	}
}

func (s *Screen) eraseRows(from, to int, selective bool) {
	for y := from; y < to; y++ {
		s.eraseIn(y, 0, s.g.cols, selective)
		s.g.setWrapped(y, false)
	}
}

func (s *Screen) eraseIn(y, from, to int, selective bool) {
	row := s.g.row(y)
	c := s.eraser()
	if !selective {
		erase(row, from, to, c)
		return
	}
	// Both halves of a wide character are protected, or neither.
	if from > 0 && from < len(row) && row[from].second() {
		from--
	}
	if to < len(row) && row[to].second() {
		to++
	}
	for x := from; x < min(to, len(row)); x++ {
		if s.styles.at(row[x].style()).attr&protected == 0 {
			row[x] = c
		}
	}
}
