package screen

// maxCluster is how many bytes a cluster may have. What would make it longer is
// dropped.
const maxCluster = 64

// ascii prints a run of printable ASCII. A run is the same as its characters one
// by one; this is only faster.
func (s *Screen) ascii(run []byte) {
	if s.charset != usASCII || s.modes.insert || s.modes.noWrap || s.last.class == prepend {
		for _, c := range run {
			r := rune(c)
			if s.charset != usASCII {
				r = s.charset.translate(c)
			}
			s.print(r)
		}
		return
	}
	g := s.g
	pen := narrow(s.pen())
	row := g.row(g.y)
	if g.x > 0 && row[g.x-1].lead() {
		row[g.x-1] = s.hole()
	}
	for {
		n := copyRun(row[g.x:], run, pen)
		g.x += n
		run = run[n:]
		if len(run) == 0 {
			break
		}
		g.x = 0
		s.wrap()
		row = g.row(g.y)
	}
	if g.x < g.cols && row[g.x].second() {
		row[g.x] = s.hole()
	}
	s.last = cluster{cols: 1}
}

func copyRun(row []cell, run []byte, pen cell) int {
	if len(run) > len(row) {
		run = run[:len(row)]
	}
	row = row[:len(run)]
	for i, c := range run {
		row[i] = pen | cell(c)
	}
	return len(run)
}

func (s *Screen) char(r rune) { s.print(r) }

// print prints one character, as it is after the character set.
func (s *Screen) print(r rune) {
	sh := s.shape(r)
	next, joined := s.last.next(sh)
	g := s.g
	row := g.row(g.y)
	cols, had := int(next.cols), 0
	if joined {
		had = int(s.last.cols)
		if !s.room(row, g.x, r) {
			return
		}
	}
	full := g.x+cols-had > g.cols
	if full && s.modes.noWrap {
		// What would widen what is in the last column, or is too wide for it, isn't
		// printed. xterm.js takes what follows as if it had been.
		if joined {
			return
		}
		g.x = g.cols - 1
		if cols == 2 {
			s.last = cluster{}
			return
		}
	}
	if !joined && g.x > 0 && row[g.x-1].lead() {
		row[g.x-1] = s.hole()
	}
	if full && !s.modes.noWrap {
		row = s.wrapPrinted(row, had)
	}
	if joined {
		s.join(row, r, cols-had)
	} else {
		if s.modes.insert {
			insert(row, g.x, cols, s.hole())
		}
		row[g.x] = styled(s.pen()) | cell(cols)<<widthShift | cell(r)
		g.x++
		if cols == 2 {
			row[g.x] = styled(s.pen())
			g.x++
		}
	}
	if g.x < g.cols && row[g.x].second() {
		row[g.x] = s.hole()
	}
	s.last = next
}

// shape looks a character up, first among those seen lately.
func (s *Screen) shape(r rune) shape {
	if r < 0x300 {
		return shape{other, 1}
	}
	known := &s.shapes[r%64]
	if *known>>8 != uint32(r) {
		sh := shapeOf(r)
		*known = uint32(r)<<8 | uint32(sh.cols)<<4 | uint32(sh.class)
	}
	return shape{class(*known & 15), uint8(*known >> 4 & 15)}
}

// wrap goes to the next row, which then belongs to this one.
func (s *Screen) wrap() {
	s.nextRow()
	s.g.setWrapped(s.g.y, true)
}

// wrapPrinted wraps, and takes along what the next character widens: had is its
// columns, or 0.
func (s *Screen) wrapPrinted(row []cell, had int) []cell {
	g := s.g
	at := g.x - had
	var along cell
	if had > 0 {
		along = row[at]
	}
	g.x = had
	for x := at; x < g.cols; x++ {
		row[x] = s.hole()
	}
	s.wrap()
	row = g.row(g.y)
	if had > 0 {
		row[0] = along
	}
	return row
}

// before is the column of the character that ends left of x.
func before(row []cell, x int) int {
	if x > 1 && row[x-1].second() {
		return x - 2
	}
	return x - 1
}

// room tells whether the cluster left of x may have another character.
func (s *Screen) room(row []cell, x int, r rune) bool {
	if x == 0 {
		return false
	}
	if c := row[before(row, x)]; c.isCluster() {
		return len(s.clusters.at(uint32(c&runeMask)))+len(string(r)) <= maxCluster
	}
	return true
}

// join adds a character to the one left of the cursor, which takes that many
// columns more for it.
func (s *Screen) join(row []cell, r rune, more int) {
	g := s.g
	at := before(row, g.x)
	text := s.content(row[at]) + string(r)
	n, due := s.clusters.number(text)
	if due {
		s.sweep()
		n, _ = s.clusters.number(text)
	}
	row[at] = row[at]&^contentMask | clustered | cell(n)
	for ; more > 0; more-- {
		row[at] = row[at]&^widthMask | 2<<widthShift
		row[g.x] = styled(s.pen())
		g.x++
	}
}

// content is the text of a cell, nothing if it is empty.
func (s *Screen) content(c cell) string {
	switch {
	case c.isCluster():
		return s.clusters.at(uint32(c & runeMask))
	case c.empty():
		return ""
	}
	return string(rune(c & runeMask))
}

// repeat is REP. What is repeated is what the last character became part of. It
// fills the screen at most once.
func (s *Screen) repeat(n int) {
	g := s.g
	if s.last.cols == 0 {
		return
	}
	at := g.x - int(s.last.cols)
	if at < 0 {
		return
	}
	text := s.content(g.row(g.y)[at])
	for range min(n, g.cols*g.rows) {
		for _, r := range text {
			if r < 0x7f && s.charset != usASCII {
				r = s.charset.translate(byte(r))
			}
			s.print(r)
		}
	}
}
