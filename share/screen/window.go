package screen

// AppendWindow appends what shows a part of the screen, from column x and row y on,
// on a terminal of cols by rows, whatever that shows: its size needn't be this
// screen's. Beside the cells it sets what decides which keys are sent, the cursor and
// the title, and turns wrapping off. A terminal that was shown one is only to be shown
// others, or to be reset.
func (s *Screen) AppendWindow(dst []byte, x, y, cols, rows int) []byte {
	cols, rows = clampSize(cols, rows)
	part := s.part(x, y, cols, rows)
	p := &painter{Screen: s, out: dst, g: &part}
	p.put("\x1b[?2026h\x1b[?7l\x1b[?25l\x1b[0m") // at once, if the terminal can
	for row := range rows {
		p.to(style{})
		p.csi("H", row+1, 1)
		p.put("\x1b[2K")
		p.x, p.y = 0, row
		p.row(row)
	}
	p.to(style{})
	m := &s.modes
	p.switched(1, m.cursorKeys)
	p.switched(66, m.keypad)
	p.switched(2004, m.paste)
	p.osc("2;", s.text.title)
	if cx, cy, seen := s.Cursor(); seen && cx >= x && cy >= y && cx < x+cols && cy < y+rows {
		p.csi("H", cy-y+1, cx-x+1)
		p.put("\x1b[?25h")
	}
	p.put("\x1b[?2026l")
	return p.out
}

// part copies cells. What is beside the screen is blank, and so is a wide character of
// which only half is in the part.
func (s *Screen) part(x, y, cols, rows int) grid {
	var part grid
	part.init(cols, rows)
	part.fill(blank)
	for row := range min(rows, s.g.rows-y) {
		to := part.row(row)
		copy(to, s.g.row(y + row)[min(x, s.g.cols):])
		if to[0].second() {
			to[0] = blank
		}
		if to[cols-1].lead() {
			to[cols-1] = blank
		}
	}
	return part
}

// switched sets a private mode, or ends it.
func (p *painter) switched(mode int, on bool) {
	if on {
		p.private(mode, true)
	} else {
		p.toggle(mode, unset)
	}
}
