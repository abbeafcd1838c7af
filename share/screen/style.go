package screen

// color is what SGR sets: a mode in bits 24 and 25 and a value below.
type color uint32

const (
	colorDefault color = 0
	color16      color = 1 << 24 // SGR 30-37, 90-97 and their kind: 0 to 15
	color256     color = 2 << 24 // SGR 38;5
	colorRGB     color = 3 << 24 // SGR 38;2
	colorMode    color = 3 << 24

	// SGR 59 leaves xterm.js with a white underline. It is told from one that is
	// white on purpose, since other terminals do what it says.
	colorUnset = colorRGB | 0xffffff | 1<<26
)

// attr are the attributes that are on or off.
type attr uint16

const (
	bold attr = 1 << iota
	dim
	italic
	_
	blink
	inverse
	invisible
	struck
	overlined
	protected // from DECSED and DECSEL, by DECSCA
)

// lineStyle is how an underline looks, as in SGR 4:n; 0 is none.
type lineStyle uint8

// style is all that a cell has beside its character, and what the next one gets.
type style struct {
	fg, bg color
	line   color // of the underline
	attr   attr
	shape  lineStyle
	link   uint16 // in Screen.links
}

// visible is the style without what nobody can see in a cell.
func (st style) visible() style {
	if st.shape == 0 && st.link == 0 {
		st.line = 0
	}
	return st
}

// decorates tells styles of which more than the background shows in a cell
// without a character.
func (st style) decorates() bool {
	return st.attr&(inverse|struck|overlined) != 0 || st.shape != 0 || st.link != 0
}

// cell is a place on the screen: a character, or the number of a cluster of
// several, in the low 21 bits; whether it is a cluster; the columns it takes; and
// the number of its style. The second half of a wide character takes none.
type cell uint64

const (
	runeMask    cell = 1<<21 - 1
	clustered   cell = 1 << 21
	contentMask cell = 1<<22 - 1
	widthShift       = 22
	widthMask   cell = 3 << widthShift
	styleShift       = 32

	blank = cell(1) << widthShift // without a character, in the default style
)

func (c cell) width() int      { return int(c & widthMask >> widthShift) }
func (c cell) style() uint32   { return uint32(c >> styleShift) }
func (c cell) empty() bool     { return c&contentMask == 0 }
func (c cell) lead() bool      { return c&widthMask == 2<<widthShift }
func (c cell) second() bool    { return c&widthMask == 0 }
func styled(n uint32) cell     { return cell(n) << styleShift }
func narrow(n uint32) cell     { return styled(n) | 1<<widthShift }
func (c cell) isCluster() bool { return c&clustered != 0 }
