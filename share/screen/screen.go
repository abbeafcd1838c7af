package screen

// Limits of a screen, in both directions: a size outside of them is taken to the
// nearest within. xterm.js has the same minimum.
const (
	MinCols = 2
	MinRows = 1
	MaxCols = 1024
	MaxRows = 512
)

// Screen is what a terminal shows, and all that decides what it will show.
// It isn't safe for concurrent use.
type Screen struct {
	parser    parser
	params    params
	styles    pool[style]
	links     pool[link]
	linkBytes int // of all links, those that are no longer used included
	clusters  pool[string]
	shapes    [64]uint32 // of characters seen before: rune<<8 | columns<<4 | class

	normal, alternate grid
	g                 *grid // the one that is shown

	cur                     style
	penNumber, eraserNumber uint32 // of cur, if known
	penKnown, eraserKnown   bool
	last                    cluster

	charsets [4]charset
	level    uint8   // which of them is in use
	charset  charset // what is in use; a restored cursor brings its own

	modes modes
	text  titles
	color *palette // nil until a color was changed
}

// New returns a blank screen.
func New(cols, rows int) *Screen {
	s := &Screen{}
	cols, rows = clampSize(cols, rows)
	s.normal.cols, s.normal.rows = cols, rows
	s.reset()
	return s
}

func clampSize(cols, rows int) (int, int) {
	return min(max(cols, MinCols), MaxCols), min(max(rows, MinRows), MaxRows)
}

// reset is RIS, and what New begins with. As in xterm.js the title, changed
// colors, LNM, and whether the cursor is seen and blinks outlive it.
func (s *Screen) reset() {
	cols, rows := s.normal.cols, s.normal.rows
	s.normal.saved, s.alternate.saved = savedCursor{}, savedCursor{}
	s.normal.init(cols, rows)
	s.normal.fill(blank)
	s.alternate.init(cols, rows)
	s.g = &s.normal
	s.setStyle(style{})
	s.resetCharsets()
	s.modes.reset()
}

// Write shows what a program wrote. However a stream is cut into writes, the
// screen becomes the same. It returns len(p) and no error.
func (s *Screen) Write(p []byte) (int, error) {
	s.parser.write(p, s)
	return len(p), nil
}

// Size is the number of columns and rows.
func (s *Screen) Size() (cols, rows int) { return s.g.cols, s.g.rows }

// Cursor is the place of the cursor, counted from 0, and whether it is seen. In
// the last column the next character may belong to the next row.
func (s *Screen) Cursor() (x, y int, seen bool) {
	return min(s.g.x, s.g.cols-1), s.g.y, !s.modes.hidden
}

// Title is what the program gave its window as a title. It has no control
// characters.
func (s *Screen) Title() string { return s.text.title }

// Alternate tells whether the program has the alternate screen.
func (s *Screen) Alternate() bool { return s.g == &s.alternate }

func (s *Screen) setStyle(st style) {
	s.cur = st
	s.penKnown, s.eraserKnown = false, false
}
