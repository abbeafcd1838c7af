package screen

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// What is kept of what a program says in an OSC, in bytes.
const (
	maxTitle     = 1 << 10 // a longer one is cut
	maxLink      = 2 << 10 // with its id; text is not linked to a longer one
	maxLinks     = 128 << 10
	maxTitleSave = 10 // as xterm and xterm.js
)

// link is where OSC 8 leads to. xterm.js tells links without an id apart even if
// they lead to the same place; here they are the same.
type link struct{ id, uri string }

// titles are a window's title and icon name, with those that XTWINOPS 22 saved.
type titles struct {
	title, icon   string
	saved, iconed []string
}

// command handles an OSC. It isn't ok if it was cancelled or is too long.
func (s *Screen) command(text []byte, ok bool) {
	s.last = cluster{}
	if !ok {
		return
	}
	number, data, ok := splitCommand(text)
	if !ok {
		return
	}
	switch number {
	case 0:
		s.text.title = clip(data)
		s.text.icon = s.text.title
	case 1:
		s.text.icon = clip(data)
	case 2:
		s.text.title = clip(data)
	case 4:
		s.setColors(string(data))
	case 8:
		s.hyperlink(string(data))
	case 10, 11, 12:
		s.setSpecialColors(string(data), number-10)
	case 104:
		s.resetColors(string(data))
	case 110, 111, 112:
		s.setColor(paletteSize+number-110, 0)
	}
}

// splitCommand parts the number of an OSC from what follows.
func splitCommand(text []byte) (number int, data []byte, ok bool) {
	for i, c := range text {
		switch {
		case c == ';':
			return number, text[i+1:], i > 0
		case c-'0' > 9:
			return 0, nil, false
		}
		number = digit(number, int(c-'0'))
	}
	return number, nil, len(text) > 0
}

// clip copies a title, without what is longer than is kept.
func clip(data []byte) string {
	if len(data) > maxTitle {
		n := maxTitle
		for !utf8.RuneStart(data[n]) {
			n--
		}
		data = data[:n]
	}
	return string(data)
}

// titleStack is XTWINOPS 22 and 23. xterm.js obeys only if its windowOptions allow
// pushTitle and popTitle.
func (s *Screen) titleStack(p *params) {
	which := 0
	if p.n > 1 {
		which = p.value[1]
	}
	t := &s.text
	switch p.value[0] {
	case 22:
		if which == 0 || which == 2 {
			t.saved = push(t.saved, t.title)
		}
		if which == 0 || which == 1 {
			t.iconed = push(t.iconed, t.icon)
		}
	case 23:
		if which == 0 || which == 2 {
			t.saved, t.title = pop(t.saved, t.title)
		}
		if which == 0 || which == 1 {
			t.iconed, t.icon = pop(t.iconed, t.icon)
		}
	}
}

func push(stack []string, text string) []string {
	if len(stack) == maxTitleSave {
		copy(stack, stack[1:])
		stack = stack[:maxTitleSave-1]
	}
	return append(stack, text)
}

func pop(stack []string, text string) (rest []string, top string) {
	n := len(stack)
	if n == 0 {
		return stack, text
	}
	return stack[:n-1], stack[n-1]
}

// hyperlink is OSC 8.
func (s *Screen) hyperlink(data string) {
	options, uri, ok := strings.Cut(data, ";")
	if !ok {
		return
	}
	options = strings.TrimFunc(options, unicode.IsSpace)
	if uri == "" && options != "" {
		return
	}
	l := link{uri: uri}
	for option := range strings.SplitSeq(options, ":") {
		if id, is := strings.CutPrefix(option, "id="); is {
			l.id = id
			break
		}
	}
	st := s.cur
	st.link = s.linkNumber(l)
	s.setStyle(st)
}

// linkNumber is 0 for no link, for one that is too long, and for one for which
// there is no room.
func (s *Screen) linkNumber(l link) uint16 {
	size := len(l.id) + len(l.uri)
	if l.uri == "" || size > maxLink {
		return 0
	}
	known := len(s.links.values)
	if s.linkBytes+size > maxLinks || known > 1<<15 {
		s.sweep()
		s.linkBytes = 0
		for _, l := range s.links.values {
			s.linkBytes += len(l.id) + len(l.uri)
		}
		if s.linkBytes+size > maxLinks {
			return 0
		}
	}
	live := s.links.live
	n, due := s.links.number(l)
	if due {
		s.sweep()
		live = s.links.live
		n, _ = s.links.number(l)
	}
	if n > 1<<16-1 {
		return 0
	}
	if s.links.live != live {
		s.linkBytes += size
	}
	return uint16(n)
}
