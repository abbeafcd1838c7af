package screen

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// generator makes up streams that mix all there is, reproducibly. It leaves out
// what the model does on purpose otherwise than xterm.js, see doc.go: where there
// are wide characters the cursor isn't put into one to insert cells, and
// lines wrap.
type generator struct {
	*rand.Rand
	cols, rows int
	wide       bool
	narrow     bool
	out        strings.Builder
}

// generate makes up a stream for which the model is like xterm.js.
func generate(seed uint64, cols, rows, pieces int) string {
	g := &generator{Rand: rand.New(rand.NewPCG(seed, 1)), cols: cols, rows: rows, wide: seed%2 == 0, narrow: seed%2 != 0}
	return g.stream(pieces)
}

// generateAny makes up a stream that leaves nothing out.
func generateAny(seed uint64, cols, rows, pieces int) string {
	g := &generator{Rand: rand.New(rand.NewPCG(seed, 2)), cols: cols, rows: rows, wide: true, narrow: true}
	return g.stream(pieces)
}

func (g *generator) stream(pieces int) string {
	for range pieces {
		g.piece()
	}
	return g.out.String()
}

func (g *generator) pick(of ...string) string { return of[g.IntN(len(of))] }

func (g *generator) say(format string, args ...any) { fmt.Fprintf(&g.out, format, args...) }

func (g *generator) small() string {
	switch g.IntN(4) {
	case 0:
		return ""
	case 1:
		return fmt.Sprint(g.IntN(3))
	default:
		return fmt.Sprint(g.IntN(g.cols + 3))
	}
}

func (g *generator) piece() {
	switch n := g.IntN(100); {
	case n < 28:
		g.text()
	case n < 40:
		g.style()
	case n < 55:
		g.say("\x1b[%s%s", g.small(), g.pick("A", "B", "C", "D", "E", "F", "G", "I", "Z", "`", "a", "d", "e", "b"))
	case n < 62:
		g.say("\x1b[%d;%d%s", g.IntN(g.rows+3), g.IntN(g.cols+3), g.pick("H", "f"))
	case n < 70:
		g.say("%s", g.pick("\r", "\n", "\b", "\t", "\v", "\f", "\r\n", "\r\n", "\x07", "\x00", "\x7f", "\x05"))
	case n < 78:
		g.editing()
	case n < 84:
		g.mode()
	case n < 87:
		g.plain()
		g.say("%s", g.pick("\x1b7", "\x1b8", "\x1b[s", "\x1b[u", "\x1b[?1048h", "\x1b[?1048l"))
	case n < 90:
		g.say("%s", g.pick("\x1bD", "\x1bE", "\x1bM", "\x1bM", "\x1bH", "\x1b[g", "\x1b[3g", "\xc2\x84", "\xc2\x85", "\xc2\x88"))
	case n < 91:
		g.plain()
		g.say("\x1b#8")
	case n < 93:
		g.say("%s", g.pick("\x0e", "\x0f", "\x1bn", "\x1bo", "\x1b|", "\x1b}", "\x1b~", "\x1b%G", "\x1b[?2h",
			"\x1b(0", "\x1b)0", "\x1b*A", "\x1b+K", "\x1b(B", "\x1b(4", "\x1b-0", "\x1b.H", "\x1b/A", "\x1b)7", "\x1b(x"))
	case n < 95:
		g.screens()
	case n < 98:
		g.command()
	default:
		g.broken()
	}
}

func (g *generator) text() {
	words := []string{
		"a", "Hello", "lqqk #@[]{}|~", "x y", "0123456789abcdefghijklmnopqrstuvwxyz",
		"é", "e\u0301", "o\u0302\u0323", "\u0301", "ñ€–“”", "\u0600a", "กำ", "नि", "│─┼█",
	}
	if g.wide {
		words = append(words, "日本語", "한글", "\u1112\u1161\u11ab", "😀", "👩‍💻", "👨‍👩‍👧", "🇩🇪", "🇫🇷🇯🇵🇩", "❤\ufe0f", "👍🏽", "1\ufe0f\u20e3", "a日b本", "\u200d😀", "𠀀")
	}
	for range 1 + g.IntN(3) {
		g.say("%s", g.pick(words...))
	}
}

func (g *generator) style() {
	var codes []string
	for range 1 + g.IntN(4) {
		codes = append(codes, g.pick(
			"0", "", "1", "2", "3", "4", "5", "7", "8", "9", "21", "22", "23", "24", "25", "27", "28", "29", "53", "55", "59", "39", "49",
			"31", "42", "93", "104", "4:0", "4:1", "4:3", "4:5", "4:", "4:9", "38;5;200", "48;5;17", "38;2;1;2;3", "48;2;250;128;7",
			"38:5:100", "48:2::9:8:7", "38:2:4:5:6", "58:5:9", "58:2::1:2:3", "58;5;77", "38;5", "38;2;1", "48:2", "38;7;1", "6", "300",
		))
	}
	g.say("\x1b[%sm", strings.Join(codes, ";"))
	if g.IntN(6) == 0 {
		g.say("\x1b[%d\"q", g.IntN(3))
	}
}

func (g *generator) editing() {
	finals := []string{"J", "K", "P", "X", "L", "M", "S", "T", " @", " A", "'~"}
	if g.narrow {
		finals = append(finals, "@", "'}")
	}
	switch g.IntN(8) {
	case 0:
		g.say("\x1b[?%d%s", g.IntN(3), g.pick("J", "K"))
	case 1:
		g.say("\x1b[%d;%dr", g.IntN(g.rows), g.IntN(g.rows+2))
	case 2:
		g.say("\x1b[%d%s", g.IntN(4), g.pick("J", "K"))
	default:
		g.say("\x1b[%s%s", g.small(), g.pick(finals...))
	}
}

func (g *generator) mode() {
	modes := []string{"?1", "?6", "?12", "?25", "?66", "?9", "?1000", "?1002", "?1003", "?1004", "?1005", "?1006", "?1016", "?2004", "?2026", "4", "4", "20", "?1;25", "?5", "?1007"}
	if g.narrow {
		modes = append(modes, "?45", "?7", "?7")
	}
	switch g.IntN(10) {
	case 0:
		g.say("\x1b[%s q", g.pick("", "0", "1", "2", "3", "4", "5", "6", "7", "8"))
	case 1:
		g.say("%s", g.pick("\x1b=", "\x1b>", "\x1b[!p"))
	case 2:
		if g.IntN(4) == 0 {
			g.say("\x1bc")
		}
	default:
		g.say("\x1b[%s%s", g.pick(modes...), g.pick("h", "l", "l"))
	}
}

// plain ends underlining and links, which xterm.js saves by halves.
func (g *generator) plain() {
	if g.wide && g.narrow {
		return
	}
	g.say("\x1b]8;;\x07\x1b[0;%sm", g.pick("", "1;3", "31", "48;5;99", "7;38;2;9;8;7"))
}

// screens changes between the screens, with nothing in use that only a restored
// cursor brings.
func (g *generator) screens() {
	g.plain()
	if !g.wide || !g.narrow {
		g.say("\x0f")
	}
	switch mode := g.pick("47", "1047", "1049", "1049"); {
	case g.IntN(2) == 0:
		g.say("\x1b[?%sh", mode)
	default:
		g.say("\x1b[?6l\x1b[?%sl", mode)
	}
}

func (g *generator) command() {
	g.say("\x1b]%s%s", g.pick(
		"0;a title", "1;an icon", "2;other “title”", "2;", "8;;http://a.example/", "8;id=7;http://b.example/?q=1;2", "8;;", "8;;", "8;x=1:id=z;file:///",
		"4;1;rgb:ff/00/80", "4;1;#abc;200;#112233", "4;3;?", "10;#fff", "11;rgb:1/2/3;#00ff00", "12;?", "104", "104;1;3", "110", "111", "112", "10;red",
		"52;c;aGk=", "7;file://h/", "1337;x", "x;y", "", "9999999999;z",
	), g.pick("\x07", "\x1b\\", "\xc2\x9c", "\x18", "\x1b[1C"))
	if g.IntN(4) == 0 {
		g.say("\x1b[%s;%st", g.pick("22", "23"), g.pick("0", "1", "2"))
	}
}

func (g *generator) broken() {
	g.say("%s", g.pick(
		"\x1b[3\nC", "\x1b[2\x18C", "\x1b[1;\x1b[4C", "\x1b[1;2;3;4;5;6;7;8;9;10;11;12;13;14;15;16;17;18;19;20;21;22;23;24;25;26;27;28;29;30;31;1;7;4m",
		"\x1b[<5C", "\x1b[5<C", "\x1b[5 5C", "\x1b[ !\"C", "\x1b[99999999999999C", "\x1b[4:1:2:3:4:5:6m", "\x1b[5é", "\x1b[5<éC", "\x1bé",
		"\x1bP$qm\x1b\\", "\x1bP1;2q#0;2;0;0;0~~@@\x1b\\", "\x1bPx\x18", "\x1bP1<2\x1b\\", "\x1bP1\xc2\x9c", "\x1b^hi\x1b\\", "\x1b_Gé", "\x1bXs\x07\n\x1b\\",
		"\xff", "\xe2\x80", "\xe2\x28\xa1", "\xc0\x80", "\xed\xa0\x80", "\xf5\x80\x80\x80", "\xef\xbb\xbf", "\x80", "\xc2\x9b3C", "\xc2\x90q\xc2\x9c", "\xc2\x9d2;t\xc2\x9c",
		"\x1b\x1b\x1b[C", "\x1b(\x1b)0", "\x1b[?", "\x1b ", "\x1b]2;\x1b", "\xc2", "\x1b[c", "\x1b[6n", "\x1b[?6n", "\x1b[>c", "\x1bZ",
	))
}
