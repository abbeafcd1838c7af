package screen

// Resize changes the size. Rows go below the cursor, then at the top, and come at
// the bottom; columns go and come at the right. Nothing is wrapped anew, as xterm
// doesn't, while other terminals do, each in its way: after a resize this screen
// is the truth, and who watches it is to be repainted.
func (s *Screen) Resize(cols, rows int) {
	cols, rows = clampSize(cols, rows)
	if cols == s.normal.cols && rows == s.normal.rows {
		return
	}
	s.last = cluster{}
	s.normal.resize(cols, rows)
	s.alternate.resize(cols, rows)
}

func (g *grid) resize(cols, rows int) {
	old := *g
	g.cols, g.rows = cols, rows
	g.top, g.bottom = 0, rows-1
	g.x = min(g.x, cols-1)
	g.saved.x = min(g.saved.x, cols-1)
	gone := 0 // rows at the top
	if old.cells != nil {
		gone = max(min(old.y+1, old.rows)-rows, 0)
		g.fill(blank)
		for y := range min(old.rows-gone, rows) {
			row := g.row(y)
			copy(row, old.row(gone+y))
			if row[cols-1].lead() {
				row[cols-1] = blank
			}
			g.setWrapped(y, old.isWrapped(gone+y))
		}
	}
	g.y = min(max(g.y-gone, 0), rows-1)
	g.saved.y = min(max(g.saved.y-gone, 0), rows-1)
	g.resizeTabs(old)
}

// resizeTabs keeps the stops, and has new ones from the last on where there are
// more columns.
func (g *grid) resizeTabs(old grid) {
	g.tabs = make([]uint64, (g.cols+63)/64)
	for x := range min(old.cols, g.cols) {
		if old.isTab(x) {
			g.setTab(x)
		}
	}
	if g.cols > old.cols {
		g.tabsFrom(g.previousTab(old.cols))
	}
}
