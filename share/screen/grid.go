package screen

// grid is one of the two screens with what belongs to it alone.
type grid struct {
	cols, rows  int
	cells       []cell // nil for the alternate screen while it isn't shown
	order       []int  // row y is at order[y]*cols: rows move without their cells
	wrapped     []bool // by place, not by row: the row goes on from the one above
	x, y        int    // x is cols after the last column was written: the next character wraps
	top, bottom int    // the scrolling region, bottom included
	tabs        []uint64
	saved       savedCursor
}

// savedCursor is what DECSC saves.
type savedCursor struct {
	x, y    int
	style   style // without a link
	charset charset
}

func (g *grid) init(cols, rows int) {
	saved := g.saved
	*g = grid{cols: cols, rows: rows, bottom: rows - 1, saved: saved, tabs: make([]uint64, (cols+63)/64)}
	g.tabsFrom(0)
}

// fill makes the rows, all of them blank.
func (g *grid) fill(c cell) {
	g.cells = make([]cell, g.cols*g.rows)
	g.order = make([]int, g.rows)
	g.wrapped = make([]bool, g.rows)
	for y := range g.order {
		g.order[y] = y
	}
	fill(g.cells, c)
}

func (g *grid) row(y int) []cell {
	at := g.order[y] * g.cols
	return g.cells[at : at+g.cols : at+g.cols]
}

func (g *grid) isWrapped(y int) bool       { return g.wrapped[g.order[y]] }
func (g *grid) setWrapped(y int, yes bool) { g.wrapped[g.order[y]] = yes }

func fill(row []cell, c cell) {
	for i := range row {
		row[i] = c
	}
}

// up moves the rows from top to bottom up by n; below come blank ones.
func (g *grid) up(top, bottom, n int, c cell) {
	n = min(n, bottom-top+1)
	region := g.order[top : bottom+1]
	if n == 1 {
		first := region[0]
		copy(region, region[1:])
		region[len(region)-1] = first
	} else {
		rotate(region, n)
	}
	for y := bottom - n + 1; y <= bottom; y++ {
		g.clear(y, c)
	}
}

// down moves the rows from top to bottom down by n; above come blank ones.
func (g *grid) down(top, bottom, n int, c cell) {
	n = min(n, bottom-top+1)
	rotate(g.order[top:bottom+1], bottom-top+1-n)
	for y := top; y < top+n; y++ {
		g.clear(y, c)
	}
}

// rotate moves all elements n places to the front, around the end.
func rotate(a []int, n int) {
	reverse(a[:n])
	reverse(a[n:])
	reverse(a)
}

func reverse(a []int) {
	for i, j := 0, len(a)-1; i < j; i, j = i+1, j-1 {
		a[i], a[j] = a[j], a[i]
	}
}

func (g *grid) clear(y int, c cell) {
	fill(g.row(y), c)
	g.setWrapped(y, false)
}

// insert moves what is from x on n columns to the right; c is put in between.
// Where that cuts a wide character xterm.js leaves its second half behind, which
// takes no column; here both halves are blanked, as xterm does.
func insert(row []cell, x, n int, c cell) {
	if x > 0 && row[x-1].lead() {
		row[x-1], row[x] = c, c
	}
	if n < len(row)-x {
		copy(row[x+n:], row[x:])
		fill(row[x:x+n], c)
	} else {
		fill(row[x:], c)
	}
	if last := len(row) - 1; row[last].lead() {
		row[last] = c
	}
}

// remove moves what is right of n columns from x on to x; c is put at the end.
func remove(row []cell, x, n int, c cell) {
	if n < len(row)-x {
		copy(row[x:], row[x+n:])
		fill(row[len(row)-n:], c)
	} else {
		fill(row[x:], c)
	}
	if x > 0 && row[x-1].lead() {
		row[x-1] = c
	}
	if row[x].second() {
		row[x] = c
	}
}

// erase puts c from column x up to end, and over halves of wide characters that
// are left.
func erase(row []cell, x, end int, c cell) {
	end = min(end, len(row))
	if x > 0 && row[x-1].lead() {
		row[x-1] = c
	}
	if end < len(row) && row[end-1].lead() {
		row[end] = c
	}
	if x < end {
		fill(row[x:end], c)
	}
}

func (g *grid) isTab(x int) bool { return x >= 0 && x < g.cols && g.tabs[x/64]&(1<<(x%64)) != 0 }
func (g *grid) setTab(x int)     { g.tabs[x/64] |= 1 << (x % 64) }
func (g *grid) clearTab(x int)   { g.tabs[x/64] &^= 1 << (x % 64) }

// tabsFrom sets a stop in every eighth column from x on.
func (g *grid) tabsFrom(x int) {
	for ; x < g.cols; x += 8 {
		g.setTab(x)
	}
}

func (g *grid) nextTab(x int) int {
	x++
	for x < g.cols && !g.isTab(x) {
		x++
	}
	return min(x, g.cols-1)
}

func (g *grid) previousTab(x int) int {
	x--
	for x > 0 && !g.isTab(x) {
		x--
	}
	return min(max(x, 0), g.cols-1)
}
