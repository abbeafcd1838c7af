package screen

import (
	"slices"
	"strconv"
)

// Reset brings a terminal, whatever it was shown and wherever that was cut off,
// to where a repaint begins. RIS does most of it; the rest is what RIS leaves in
// xterm.js: titles and those that were saved, colors, LNM, the cursor.
const Reset = "\x18\x1b\\\x1bc\x1b[20l\x1b[?12l\x1b[?25h" +
	"\x1b]104\x1b\\\x1b]110\x1b\\\x1b]111\x1b\\\x1b]112\x1b\\" +
	"\x1b[23t\x1b[23t\x1b[23t\x1b[23t\x1b[23t\x1b[23t\x1b[23t\x1b[23t\x1b[23t\x1b[23t" +
	"\x1b]0;\x1b\\"

// painter writes what makes another terminal like a screen. It knows what that
// terminal's state is so far, beginning with one that was just reset.
type painter struct {
	*Screen
	out     []byte
	g       *grid
	x, y    int // of the other terminal's cursor; x is cols while a wrap is pending, -1 if unknown
	pen     style
	known   uint32 // the number of pen as far as a cell shows it, if isKnown
	isKnown bool
	last    cluster
}

// AppendRepaint appends what makes a terminal of the same size, just reset, like
// this screen: both screens with all that is saved, modes, margins, titles,
// colors, and the beginning of a character or sequence that isn't finished. What
// is then written to both leaves both the same.
//
// One thing may differ to a program that looks closely: where a wrap is pending
// and the character in the last column was erased, there is a space.
func (s *Screen) AppendRepaint(dst []byte) []byte {
	p := &painter{Screen: s, out: slices.Grow(dst, 8<<10), g: &s.normal}
	p.colors()
	p.titles()
	if s.Alternate() {
		p.grid()
		p.tabs()
		p.region()
		p.saved("\x1b[?1049h")
		p.to(style{})
		p.put("\x1b[2J")
		p.g = &s.alternate
		p.grid()
		p.tabs()
		p.savedIfAny()
	} else {
		if s.alternate.saved != (savedCursor{}) {
			p.put("\x1b[?47h")
			p.g = &s.alternate
			p.savedIfAny()
			p.to(style{})
			p.put("\x1b[?47l")
			p.g = &s.normal
		}
		p.grid()
		p.tabs()
		p.savedIfAny()
	}
	p.modes()
	p.region()
	p.current()
	p.cursor()
	return s.parser.appendUnfinished(p.out)
}

// put appends a sequence, after which a character joins nothing.
func (p *painter) put(sequence string) {
	p.out = append(p.out, sequence...)
	p.last = cluster{}
}

// csi appends a control sequence with numbers.
func (p *painter) csi(final string, numbers ...int) {
	p.out = append(p.out, "\x1b["...)
	for i, n := range numbers {
		if i > 0 {
			p.out = append(p.out, ';')
		}
		p.out = strconv.AppendInt(p.out, int64(n), 10)
	}
	p.put(final)
}

// at moves the other terminal's cursor.
func (p *painter) at(x, y int) {
	if p.x == x && p.y == y {
		return
	}
	if p.y == y && p.x >= 0 && p.x < x && p.x < p.g.cols {
		if n := x - p.x; n == 1 {
			p.put("\x1b[C")
		} else {
			p.csi("C", n)
		}
	} else {
		p.csi("H", y+1, x+1)
	}
	p.x, p.y = x, y
}

// lost says that the cursor is somewhere.
func (p *painter) lost() { p.x = -1 }

// current sets character sets and the style of what comes next. A set in use that
// isn't designated came with a restored cursor, and so is still saved: it is
// restored again.
func (p *painter) current() {
	for n, set := range p.charsets {
		if set != usASCII {
			p.designate(uint8(n), set)
		}
	}
	if p.level != 0 {
		p.put([...]string{"", "\x0e", "\x1bn", "\x1bo"}[p.level])
	}
	if p.charset != p.charsets[p.level] {
		p.put("\x1b8")
		p.lost()
		p.pen.attr = ^attr(0) // of the style terminals restore more or less
	}
	p.to(p.cur)
}

// cursor places the cursor. A pending wrap, and that a character could still be
// joined or repeated, come with writing the last one again.
func (p *painter) cursor() {
	g := p.g
	if p.Screen.modes.origin {
		p.put("\x1b[?6h")
		p.lost()
	}
	again := g.x == g.cols || p.Screen.last.cols != 0
	x, y := g.x, g.y
	if again {
		x = before(g.row(y), x)
	}
	if p.Screen.modes.origin {
		p.csi("H", y-g.top+1, x+1)
	} else {
		p.csi("H", y+1, x+1)
	}
	if !again {
		return
	}
	c := g.row(y)[x]
	text := p.content(c)
	if text == "" {
		text = " "
	}
	if p.Screen.modes.insert {
		// It is inserted again, so that its place must not be taken.
		first, _ := cluster{}.next(p.shape([]rune(text)[0]))
		p.csi("P", int(first.cols))
	}
	joinable := p.Screen.last.cols != 0
	if !joinable { // else it has the current style
		p.toCell(c)
	}
	set := p.charset
	plain := !joinable && set == p.charsets[p.level]
	if plain && set != usASCII {
		p.designate(p.level, usASCII)
	}
	for _, r := range text {
		if c, ok := set.untranslate(r); ok && !plain {
			r = rune(c)
		}
		p.out = append(p.out, string(r)...)
	}
	if !joinable {
		p.put("\x1b\\") // nothing is joined to it
		p.to(p.cur)
	}
	if plain && set != usASCII {
		p.designate(p.level, set)
	}
}
