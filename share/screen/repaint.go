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

func (p *painter) colors() {
	if p.color == nil {
		return
	}
	for n, c := range p.color {
		if c == 0 {
			continue
		}
		p.out = append(p.out, "\x1b]"...)
		if n < paletteSize {
			p.out = append(strconv.AppendInt(append(p.out, "4;"...), int64(n), 10), ';')
		} else {
			p.out = append(strconv.AppendInt(p.out, int64(n-paletteSize+10), 10), ';')
		}
		const digits = "0123456789abcdef"
		p.out = append(p.out, "rgb:"...)
		for shift := 16; shift >= 0; shift -= 8 {
			p.out = append(p.out, digits[c>>(shift+4)&15], digits[c>>shift&15])
			if shift > 0 {
				p.out = append(p.out, '/')
			}
		}
		p.put("\x1b\\")
	}
}

func (p *painter) titles() {
	t := &p.text
	for _, title := range t.saved {
		p.osc("2;", title)
		p.put("\x1b[22;2t")
	}
	for _, icon := range t.iconed {
		p.osc("1;", icon)
		p.put("\x1b[22;1t")
	}
	if t.title != "" || len(t.saved) > 0 {
		p.osc("2;", t.title)
	}
	if t.icon != "" || len(t.iconed) > 0 {
		p.osc("1;", t.icon)
	}
}

func (p *painter) osc(number, text string) {
	p.out = append(append(append(p.out, "\x1b]"...), number...), text...)
	p.put("\x1b\\")
}

// tabs sets the tab stops, if they aren't those of a fresh terminal.
func (p *painter) tabs() {
	fresh := grid{cols: p.g.cols, tabs: make([]uint64, len(p.g.tabs))}
	fresh.tabsFrom(0)
	same := true
	for i := range fresh.tabs {
		same = same && fresh.tabs[i] == p.g.tabs[i]
	}
	if same {
		return
	}
	p.put("\x1b[3g")
	for x := range p.g.cols {
		if p.g.isTab(x) {
			p.at(x, p.y)
			p.put("\x1bH")
		}
	}
}

func (p *painter) region() {
	if p.g.top > 0 || p.g.bottom < p.g.rows-1 {
		p.csi("r", p.g.top+1, p.g.bottom+1)
		p.lost()
	}
}

func (p *painter) savedIfAny() {
	if p.g.saved != (savedCursor{}) {
		p.saved("\x1b7")
	}
}

// saved makes the other terminal save what was saved here, by a sequence that
// saves. Character sets are left as in a fresh terminal.
func (p *painter) saved(by string) {
	saved := p.g.saved
	p.to(saved.style)
	p.at(saved.x, saved.y)
	if saved.charset != usASCII {
		p.designate(0, saved.charset)
	}
	p.put(by)
	if saved.charset != usASCII {
		p.designate(0, usASCII)
	}
}

func (p *painter) designate(n uint8, set charset) {
	final := byte(set)
	if set == usASCII {
		final = 'B'
	}
	p.out = append(p.out, 0x1b, "()*+"[n], final)
	p.last = cluster{}
}

func (p *painter) modes() {
	m := &p.Screen.modes
	p.private(1, m.cursorKeys)
	p.private(66, m.keypad)
	p.private(45, m.reverseWrap)
	p.private(1004, m.focus)
	p.private(2004, m.paste)
	p.private(int(m.tracking), m.tracking != 0)
	p.private(int(m.encoding), m.encoding != 0)
	p.toggle(12, m.blinkOption)
	for i, mode := range rememberedModes {
		p.toggle(mode, m.remembered[i])
	}
	switch m.newLine {
	case set:
		p.put("\x1b[20h")
	case unset:
		p.put("\x1b[20l")
	case untouched:
	}
	if m.hidden {
		p.put("\x1b[?25l")
	} else {
		p.put("\x1b[?25h")
	}
	if m.cursorBlink != untouched {
		steady := b2i(m.cursorBlink == unset)
		if m.cursorShape == 0 {
			// xterm.js takes blinking from a shape that it doesn't know.
			p.csi(" q", 7+steady)
		} else {
			p.csi(" q", 2*int(m.cursorShape)-1+steady)
		}
	}
	if m.noWrap {
		p.put("\x1b[?7l")
	}
	if m.insert {
		p.put("\x1b[4h")
	}
	p.private(2026, m.synchronized)
}

// private sets a private mode that a fresh terminal doesn't have set.
func (p *painter) private(mode int, on bool) {
	if on {
		p.out = append(p.out, "\x1b[?"...)
		p.out = strconv.AppendInt(p.out, int64(mode), 10)
		p.put("h")
	}
}

func (p *painter) toggle(mode int, t toggle) {
	if t == untouched {
		return
	}
	p.out = append(p.out, "\x1b[?"...)
	p.out = strconv.AppendInt(p.out, int64(mode), 10)
	if t == set {
		p.put("h")
	} else {
		p.put("l")
	}
}

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
