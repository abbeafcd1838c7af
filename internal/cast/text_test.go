package cast

import (
	"strings"
	"testing"
)

func TestText(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"hello\r\nworld\r\n": "hello\nworld\n",
		"no end":             "no end\n",
		"\x1b[1;31mred\x1b[m \x1b]0;title\aé\r\n": "red é\n",
		"10%\r100%\r\n":                 "100%\n",
		"lx\b \bs\r\n":                  "ls\n",
		"abc\b\b\x1b[K\r\n":             "a\n",
		"abc\x1b[2D\x1b[P\r\n":          "ac\n",
		"ac\b\x1b[@b\r\n":               "abc\n",
		"a\tb\r\n":                      "a       b\n",
		"\x1bP+q544e\x1b\\x\x1b(By\r\n": "xy\n",
		"abc\x1b[2K\rx\r\n":             "x\n",
		"abc\x1b[1G\x1b[2Xz\r\n":        "z c\n",
		"top\x1b[5;1Hbottom\x1b[Hagain": "top\nbottom\nagain\n",
		"a\x1b[3Cb\r\n":                 "a   b\n",
	} {
		for cut := 0; cut <= len(in); cut++ {
			if strings.Contains(in, "é") && cut == strings.Index(in, "é")+1 {
				continue // events have whole characters
			}
			var b strings.Builder
			text := NewText(&b)
			if err := text.Write(in[:cut]); err != nil {
				t.Fatal(err)
			}
			if err := text.Write(in[cut:]); err != nil {
				t.Fatal(err)
			}
			if err := text.Close(); err != nil || b.String() != want {
				t.Errorf("%q cut at %d: %q %v, want %q", in, cut, b.String(), err, want)
			}
		}
	}
}

// A sequence without an end doesn't hold back what follows it for ever.
func TestTextUnendedSequence(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	text := NewText(&b)
	for range 100 {
		if err := text.Write("\x1b]" + strings.Repeat("x", 1000)); err != nil {
			t.Fatal(err)
		}
	}
	if len(text.wait) > maxSequence+1100 || b.Len()+len(text.line) < 1000 {
		t.Errorf("holds %d, has written %d", len(text.wait), b.Len())
	}
}
