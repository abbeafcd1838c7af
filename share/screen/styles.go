package screen

// number is the number of a style. Cells hold numbers.
func (s *Screen) number(st style) uint32 {
	n, due := s.styles.number(st)
	if due {
		s.sweep()
		n, _ = s.styles.number(st)
	}
	return n
}

// pen is the number of the style that the next character gets.
func (s *Screen) pen() uint32 {
	if !s.penKnown {
		s.penNumber = s.number(s.cur.visible())
		s.penKnown = true
	}
	return s.penNumber
}

// eraser is a cell that was erased: it has the background of the current style.
func (s *Screen) eraser() cell {
	if !s.eraserKnown {
		s.eraserNumber = s.number(style{bg: s.cur.bg})
		s.eraserKnown = true
	}
	return narrow(s.eraserNumber)
}

// hole is a cell that lost its character to another: half of a wide one, or what
// is left at the end of a row when a wide one goes to the next. xterm.js leaves it
// empty in the current style; where more of that shows than the background, a
// space is the same to look at.
func (s *Screen) hole() cell {
	if !s.cur.decorates() && s.cur.attr&protected == 0 {
		return s.eraser()
	}
	return narrow(s.pen()) | ' '
}

// sweep frees the numbers of styles, links and clusters that no cell has.
func (s *Screen) sweep() {
	s.styles.unmark()
	s.links.unmark()
	s.clusters.unmark()
	for _, g := range []*grid{&s.normal, &s.alternate} {
		for _, c := range g.cells {
			s.styles.mark(c.style())
			if c.isCluster() {
				s.clusters.mark(uint32(c & runeMask))
			}
		}
	}
	s.links.mark(uint32(s.cur.link))
	if s.penKnown {
		s.styles.mark(s.penNumber)
	}
	if s.eraserKnown {
		s.styles.mark(s.eraserNumber)
	}
	for n, st := range s.styles.values {
		if s.styles.marked(uint32(n)) {
			s.links.mark(uint32(st.link))
		}
	}
	s.styles.collect()
	s.links.collect()
	s.clusters.collect()
}
