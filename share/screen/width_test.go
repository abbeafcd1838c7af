package screen

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write testdata/unicode.txt anew")

// Each character on which the model differs from xterm.js's graphemes addon is in
// testdata/unicode.txt.
func TestCharactersAreThoseOfXtermJS(t *testing.T) {
	addon := startReference(t).properties()
	var b strings.Builder
	b.WriteString("# Characters that form clusters otherwise, or take other columns, than in\n" +
		"# @xterm/addon-unicode-graphemes 0.4.0, whose tables are of Unicode 13:\n" +
		"# class and columns there, and here.\n")
	names := []string{"other", "prepend", "extends", "regional", "", "L", "V", "T", "LV", "LVT", "joiner", "pictograph"}
	show := func(v byte) string { return fmt.Sprintf("%s %d", names[v>>4], v&15) }
	for from := rune(0xa0); from < 0x40000; { // beyond are marks and private ones
		to := from
		sh := shapeOf(from)
		here, there := byte(sh.class)<<4|sh.cols, addon[from]
		for to < 0x3ffff {
			next := shapeOf(to + 1)
			if byte(next.class)<<4|next.cols != here || addon[to+1] != there {
				break
			}
			to++
		}
		if here != there && from != 0xfeff {
			fmt.Fprintf(&b, "U+%04X-U+%04X %s: %s\n", from, to, show(there), show(here))
		}
		from = to + 1
	}
	const golden = "testdata/unicode.txt"
	if *update {
		if err := os.WriteFile(golden, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if d := difference(b.String(), string(want)); d != "" {
		t.Errorf("%s isn't true any more - run: go test ./share/screen -run XtermJS -update\n%s", golden, d)
	}
}

func TestClusters(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"e\u0301x":             "e\u0301 x",
		"日本":                   "日_ 本_",
		"👩‍💻x":                 "👩‍💻_ x",
		"🇩🇪🇫🇷🇯":                "🇩🇪_ 🇫🇷_ 🇯",
		"❤\ufe0f|":             "❤\ufe0f_ |",
		"\u1112\u1161\u11ab a": "\u1112\u1161\u11ab_   a",
		"👍🏽":                   "👍🏽_",
		"नि":                   "नि",
		"\u0600a":              "\u0600a",
		"a\u200bb":             "a \u200b b",
		"\u0301a":              "\u0301 a",
		"🫠":                    "🫠_", // of Unicode 14
	} {
		s := New(20, 2)
		_, _ = s.Write([]byte(text))
		var got []string
		for _, c := range s.g.row(0) {
			switch {
			case c.second():
				got[len(got)-1] += "_"
			case !c.empty():
				got = append(got, s.content(c))
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%q: %q, want %q", text, strings.Join(got, " "), want)
		}
	}
}
