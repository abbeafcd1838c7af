package screen

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// state is the whole state of a screen as text, in the words of
// testdata/xterm/reference.js. Two screens with the same state go on alike.
func (s *Screen) state() string {
	var b strings.Builder
	s.gridState(&b, "normal", &s.normal, true)
	s.gridState(&b, "alternate", &s.alternate, s.Alternate())
	shown := "normal"
	if s.Alternate() {
		shown = "alternate"
	}
	fmt.Fprintf(&b, "shown %s cursor %d,%d\n", shown, s.g.x, s.g.y)
	fmt.Fprintf(&b, "style %s\n", s.show(s.cur))
	b.WriteString("charsets ")
	for _, set := range s.charsets {
		b.WriteString(set.show())
	}
	fmt.Fprintf(&b, " level %d in use %s\n", s.level, s.charset.show())
	m := &s.modes
	var on []string
	for _, mode := range []struct {
		name string
		on   bool
	}{
		{"1", m.cursorKeys},
		{"6", m.origin},
		{"7", !m.noWrap},
		{"12", m.blinkOption == set},
		{"25", !m.hidden},
		{"45", m.reverseWrap},
		{"66", m.keypad},
		{"1004", m.focus},
		{"2004", m.paste},
		{"2026", m.synchronized},
		{"irm", m.insert},
		{"lnm", m.newLine == set},
	} {
		if mode.on {
			on = append(on, mode.name)
		}
	}
	fmt.Fprintf(&b, "modes %s mouse %d %d cursor %s %s\n", strings.Join(on, " "), m.tracking, m.encoding,
		[]string{"-", "block", "underline", "bar"}[m.cursorShape], []string{"-", "steady", "blinks"}[m.cursorBlink])
	fmt.Fprintf(&b, "title %s %s\n", quoted(s.text.title), quoted(s.text.saved))
	fmt.Fprintf(&b, "icon %s %s\n", quoted(s.text.icon), quoted(s.text.iconed))
	var colors []string
	if s.color != nil {
		for n, c := range s.color {
			if c != 0 {
				colors = append(colors, fmt.Sprintf("%d=%06x", n, c&0xffffff))
			}
		}
	}
	fmt.Fprintf(&b, "colors %s\n", strings.Join(colors, " "))
	if s.last.cols == 0 {
		b.WriteString("last -")
	} else {
		fmt.Fprintf(&b, "last %d %d", s.last.cols, s.last.class)
	}
	return b.String()
}

func (s *Screen) gridState(b *strings.Builder, name string, g *grid, full bool) {
	fmt.Fprintf(b, "%s saved %d,%d %s %s\n", name, g.saved.x, g.saved.y, s.show(g.saved.style), g.saved.charset.show())
	if !full {
		return
	}
	fmt.Fprintf(b, "%s region %d,%d tabs ", name, g.top, g.bottom)
	for x := range g.cols {
		if g.isTab(x) {
			b.WriteString(strconv.Itoa(x) + " ")
		}
	}
	b.WriteByte('\n')
	for y := range g.rows {
		b.WriteString(strconv.Itoa(y))
		if g.isWrapped(y) {
			b.WriteByte('+')
		} else {
			b.WriteByte(' ')
		}
		before := uint32(1 << 31)
		for x, c := range g.row(y) {
			if c.second() {
				b.WriteString("◁")
				if x == 0 || !g.row(y)[x-1].lead() {
					b.WriteString("<lost>")
				}
				continue
			}
			if c.style() != before {
				b.WriteString("{" + s.show(s.styles.at(c.style())) + "}")
				before = c.style()
			}
			if c.empty() {
				b.WriteString("·")
			} else {
				b.WriteString(s.content(c))
			}
			if c.lead() && (x+1 == g.cols || !g.row(y)[x+1].second()) {
				b.WriteString("<2>")
			}
		}
		b.WriteByte('\n')
	}
}

func (s *Screen) show(st style) string {
	if st.shape != 0 {
		st.attr |= 1 << 3
	}
	if st.shape != 0 || st.link != 0 {
		st.attr |= 1 << 10
	}
	text := fmt.Sprintf("%x.%x.%x.%x.%x", st.fg, st.bg, st.attr, st.line&0x3ffffff, st.shape)
	if st.link != 0 {
		l := s.links.at(uint32(st.link))
		text += "." + l.id + ";" + l.uri
	}
	return text
}

func (set charset) show() string {
	if set == usASCII {
		return "-"
	}
	text := "("
	for _, c := range []byte(`#@[\]^_` + "`{|}~q") {
		text += string(set.translate(c))
	}
	return text + ")"
}

func quoted(v any) string {
	if list, ok := v.([]string); ok && len(list) == 0 {
		return "[]"
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return err.Error()
	}
	return strings.TrimSpace(b.String())
}

// difference is the first lines in which two states differ, or nothing.
func difference(got, want string) string {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	var b strings.Builder
	for i := range max(len(g), len(w)) {
		var gl, wl string
		if i < len(g) {
			gl = g[i]
		}
		if i < len(w) {
			wl = w[i]
		}
		if gl != wl {
			fmt.Fprintf(&b, "  got  %s\n  want %s\n", gl, wl)
			if strings.Count(b.String(), "\n") > 8 {
				break
			}
		}
	}
	return b.String()
}

// tolerant takes from a state what AppendRepaint can't repaint: an erased last
// column with a wrap pending is a space. It is done to both that are compared.
func (s *Screen) tolerant(state string) string {
	if s.g.x < s.g.cols || !s.g.row(s.g.y)[s.g.cols-1].empty() {
		return state
	}
	lines := strings.Split(state, "\n")
	shown := "normal"
	if s.Alternate() {
		shown = "alternate"
	}
	from := slices.IndexFunc(lines, func(l string) bool { return strings.HasPrefix(l, shown+" region") })
	lines[from+1+s.g.y] = "the row of the cursor"
	return strings.Join(lines, "\n")
}
