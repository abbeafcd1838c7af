package screen

import (
	"strings"
	"testing"
)

// What xterm.js doesn't know is repainted for the terminals that do, as soon as the
// program has said it, and until a reset.
func TestRememberedModes(t *testing.T) {
	t.Parallel()
	s := New(20, 4)
	_, _ = s.Write([]byte("\x1b[?5h\x1b[?1007l\x1b[?1015;1005h"))
	for _, want := range []string{"\x1b[?5h", "\x1b[?1007l", "\x1b[?1015h", "\x1b[?1005h"} {
		if p := string(s.AppendRepaint(nil)); !strings.Contains(p, want) {
			t.Errorf("%q is not in %q", want, p)
		}
	}
	_, _ = s.Write([]byte("\x1bc"))
	if p := string(s.AppendRepaint(nil)); p != "\x1b[?25h\x1b[1;1H" {
		t.Errorf("a blank screen is repainted by %q", p)
	}
}

// A restored cursor has its underline, as in xterm; the link is what it is.
func TestRestoredStyle(t *testing.T) {
	t.Parallel()
	s := New(20, 4)
	_, _ = s.Write([]byte("\x1b[4:3;58:5:9;1;31m\x1b7\x1b[0m\x1b]8;;http://a/\x07\x1b[3;3H\x1b8x"))
	c := s.g.row(0)[0]
	st := s.styles.at(c.style())
	want := style{fg: color16 | 1, line: color256 | 9, attr: bold, shape: 3, link: st.link}
	if st != want || s.links.at(uint32(st.link)).uri != "http://a/" {
		t.Errorf("got %+v, want %+v", st, want)
	}
}

// Where xterm.js leaves half a wide character, both halves are blanked.
func TestNoHalfCharacters(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"a日b\x1b[1;3H\x1b[@":            "a···b···",
		"日\x1b[1;2H\x1b['}":             "········",
		"abcdef日\x1b[?7lx":              "abcdef·x",
		"abcdef\x1b[?7l日日x":             "abcdef·x",
		"日本\x1b[1;2Hx":                  "·x本◁····",
		"日本\x1b[1;3Hx":                  "日◁x·····",
		"日本\x1b[1;2H\x1b[P":             "·本◁·····",
		"日本\x1b[1;2H\x1b[X":             "··本◁····",
		"日本\x1b[1;2H\x1b[1K":            "··本◁····",
		"日\x1b[1;1H\x1b[4hab":           "ab日◁····",
		"日\x1b[1;2H\x1b[4hab":           "·ab·····",
		"abcdefg日":                      "abcdefg·",
		"\x1b[4mabcdefg日":               "abcdefg ",
		"abcdefgh\x1b[1;1H\x1b[4h日":     "日◁abcdef",
		"abcdef日\x1b[1;1H\x1b[4hx":      "xabcdef·",
		"a\ufe0fb\x1b[1;1H\x1b[1P":      "·b······",
		"abcdefg❤\ufe0f":                "abcdefg·",
		"x日\x1b[1;2H\x1b[1\"q本\x1b[?2K": "·本◁·····",
	} {
		s := New(8, 2)
		_, _ = s.Write([]byte(in))
		row, _, _ := strings.Cut(s.state()[strings.Index(s.state(), "\n0")+3:], "\n")
		var plain strings.Builder
		for _, part := range strings.Split(row, "{") {
			if _, after, ok := strings.Cut(part, "}"); ok {
				part = after
			}
			plain.WriteString(part)
		}
		if plain.String() != want {
			t.Errorf("%q: %s, want %s", in, plain.String(), want)
		}
	}
}

// Reset ends whatever a terminal is in, and takes back what RIS doesn't.
func TestReset(t *testing.T) {
	r := startReference(t)
	s := New(12, 5)
	_, _ = s.Write([]byte("joined"))
	p := append([]byte(Reset), s.AppendRepaint(nil)...)
	for _, before := range []string{
		"\x1b]0;title\x07\x1b[22t\x1b[22t\x1b]4;1;#fff\x07\x1b]10;#000\x07\x1b[20h\x1b[?12h\x1b[?25l", "\x1b]0;", "\x1bPq", "\x1b_G", "\x1b[5;", "\x1b", "\xe2\x80",
		"\x1b[?1049h\x1b7\x1b[4h\x1b[?6h\x1b[2;3r\x1b(0\x1b[3g\x1b[?1003h\x1b[?2026h\x1b]8;;x\x07\x1b[7m",
	} {
		r.start(12, 5)
		r.write([]byte(before))
		r.write(p)
		if d := difference(r.state(), s.state()); d != "" {
			t.Errorf("after %q it (got) isn't repainted (want):\n%s", before, d)
		}
	}
}
