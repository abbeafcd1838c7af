package screen

// grid paints a blank grid.
func (p *painter) grid() {
	p.wraps()
	for y := range p.g.rows {
		p.row(y)
	}
}

// wraps marks the rows that go on from the one above, as far as painting them
// doesn't: copying text from a terminal depends on it, and BS with mode 45.
func (p *painter) wraps() {
	g := p.g
	for y := range g.rows {
		if !g.isWrapped(y) || p.wrapsByItself(y) {
			continue
		}
		p.to(style{})
		above := max(y-1, 0)
		p.csi("H", above+1, g.cols)
		p.put("  ")
		switch {
		case y > 0:
			p.put("\r\x1b[X")
			p.csi("H", above+1, g.cols)
			p.put("\x1b[X")
			p.x, p.y = g.cols-1, above
		case g.rows > 1: // what was marked is the row below
			p.put("\x1b[H\x1b[M\x1b[X")
			p.x, p.y = 0, 0
		default:
			p.put("\r\x1b[X")
			p.x, p.y = 0, 0
		}
	}
}

// wrapsByItself tells whether a row is written right after the last column of the
// one above.
func (p *painter) wrapsByItself(y int) bool {
	if y == 0 {
		return false
	}
	first := p.g.row(y)[0]
	last := p.g.row(y - 1)[p.g.cols-1]
	return !first.empty() && (!last.empty() || last.second())
}

func (p *painter) row(y int) {
	row := p.g.row(y)
	end := len(row)
	for end > 0 && row[end-1] == blank {
		end--
	}
	for x := 0; x < end; {
		c := row[x]
		switch {
		case c == blank:
			x++
		case c.empty():
			n := 1
			for x+n < end && row[x+n] == c {
				n++
			}
			p.erased(c, x, y, n)
			x += n
		default:
			p.toCell(c)
			p.upTo(x, y)
			if p.last.class == prepend {
				p.put("\x1b\\")
			}
			from := x
			for x < end && row[x]&^runeMask == c&^runeMask && row[x]&contentMask-1 < 0x7e {
				p.out = append(p.out, byte(row[x]))
				x++
			}
			if x == from {
				p.cellText(p.content(c))
				x += c.width()
			} else {
				p.last = cluster{cols: 1}
			}
			p.x = x
		}
	}
}

// erased paints n cells without characters.
func (p *painter) erased(c cell, x, y, n int) {
	p.toCell(c)
	p.upTo(x, y)
	if x+n == p.g.cols && x > 0 {
		p.put("\x1b[K") // in the first column it would end the wrap
		return
	}
	p.csi("X", n)
}

// upTo moves the other terminal's cursor to where is painted next. A row that goes
// on from the one above is reached by writing on.
func (p *painter) upTo(x, y int) {
	if y == p.y+1 && p.x >= 0 {
		if !p.g.isWrapped(y) {
			p.put("\r\n")
			p.x, p.y = 0, y
		} else if p.x == p.g.cols && x == 0 && p.wrapsByItself(y) {
			p.x, p.y = 0, y
			return
		}
	}
	p.at(x, y)
}

// cellText writes the characters of a cell, so that they don't join what is left of
// it.
func (p *painter) cellText(text string) {
	for i, r := range text {
		next, joined := p.last.next(p.shape(r))
		if i == 0 && joined {
			p.put("\x1b\\")
			next, _ = p.last.next(p.shape(r))
		}
		p.last = next
	}
	p.out = append(p.out, text...)
}
