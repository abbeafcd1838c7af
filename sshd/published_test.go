package sshd

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/jailsh/jailsh/share"
)

// shownBy is what a terminal shows that is published so, and its size.
func shownBy(t *testing.T, from io.Reader) (size share.Size, picture string, err error) {
	t.Helper()
	h := share.NewHub()
	l := h.Begin("alice", "talk", share.Usual(), nil)
	defer h.End(l)
	p := published{terminal: l, chunks: &chunks{}}
	err = p.copy(t.Context(), from)
	return l.Size(), string(l.Repaint()), err
}

// What is published is what a program writes, or an asciicast of it, and says how
// large it is.
func TestPublishedStreams(t *testing.T) {
	t.Parallel()
	const v2, v3 = `{"version": 2, "width": 100, "height": 30, "env": {"TERM": "x"}}` + "\n", `{"version":3,"term":{"cols":100,"rows":30}}` + "\n"
	for name, c := range map[string]struct {
		stream, shows string
		size          share.Size
		fails         string
	}{
		"text":                       {"hello", "hello", share.Usual(), ""},
		"nothing":                    {"", "", share.Usual(), ""},
		"resized":                    {"a\x1b[8;30;100tb", "ab", share.Size{Cols: 100, Rows: 30}, ""},
		"resized twice":              {"\x1b[8;30;100t\x1b[8;31;101t", "", share.Size{Cols: 101, Rows: 31}, ""},
		"an absurd size":             {"\x1b[8;99999;99999t", "", share.Size{Cols: 1024, Rows: 512}, ""},
		"a size of too many digits":  {"\x1b[8;" + strings.Repeat("9", 100) + ";80t", "", share.Usual(), ""},
		"a size of nothing":          {"\x1b[8;0;0t\x1b[8;;t\x1b[8t\x1b[8;24t", "", share.Usual(), ""},
		"other sequences":            {"\x1b[8;30;100m\x1b[18t\x1b[9;1t\x1b[8;1\x1b[1mx", "x", share.Usual(), ""},
		"begins like a header":       {"{\"a\": 1}\r\nhello", "hello", share.Usual(), ""},
		"a brace":                    {"{", "{", share.Usual(), ""},
		"a brace and no end of line": {"{" + strings.Repeat("x", 2*maxCastHeader), "xxx", share.Usual(), ""},
		"asciicast 2":                {v2 + `[0.1, "o", "hello\r\n"]` + "\n" + `[0.2, "i", "typed"]` + "\n" + `[0.3, "o", "wor"]` + "\n" + `[0.3, "o", "ld"]` + "\n", "world", share.Size{Cols: 100, Rows: 30}, ""},
		"asciicast 3":                {v3 + "# a remark\n" + `[0.1, "o", "hello"]` + "\n" + `[5, "r", "90x20"]` + "\n" + `[0, "m", ""]` + "\n" + `[0, "x", "0"]` + "\n", "hello", share.Size{Cols: 90, Rows: 20}, ""},
		"an asciicast cut short":     {v3 + `[0.1, "o", "hello"]` + "\n" + `[0.1, "o", "he`, "hello", share.Size{Cols: 100, Rows: 30}, ""},
		"a wrong size":               {v3 + `[0, "r", "0x-1"]` + "\n", "", share.Size{Cols: 100, Rows: 30}, `asciicast: "0x-1" is no size: write it like 80x24`},
		"a huge size":                {v3 + `[0, "r", "60000x60000"]` + "\n", "", share.Size{Cols: 1024, Rows: 512}, ""},
		"no event":                   {v3 + "hello\n", "", share.Size{Cols: 100, Rows: 30}, "asciicast: line 2: is no event"},
		"a line without end":         {v3 + "[" + strings.Repeat("1,", 3<<20), "", share.Size{Cols: 100, Rows: 30}, "asciicast: line 2: has more than"},
		"asciicast 1":                {`{"version": 1, "stdout": []}` + "\n", "stdout", share.Usual(), ""},
	} {
		for how, from := range map[string]io.Reader{"": strings.NewReader(c.stream), "byte by byte": iotest.OneByteReader(strings.NewReader(c.stream))} {
			if how != "" && len(c.stream) > 1<<20 {
				continue
			}
			size, picture, err := shownBy(t, from)
			if size != c.size || !strings.Contains(picture, c.shows) {
				t.Errorf("%s %s: shows %q in %v, want %q in %v", name, how, picture, size, c.shows, c.size)
			}
			if c.fails == "" && err != nil || c.fails != "" && (err == nil || !strings.Contains(err.Error(), c.fails)) {
				t.Errorf("%s %s: %v, want %q", name, how, err, c.fails)
			}
		}
	}
	if _, _, err := shownBy(t, iotest.ErrReader(errGone)); !errors.Is(err, errGone) {
		t.Errorf("a client that is gone: %v", err)
	}
}

// A stream of nothing but sizes, each of which takes a screen to be made, is read no
// faster than they are taken.
func TestSizesOfAStreamArePaced(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		if _, _, err := shownBy(t, strings.NewReader(strings.Repeat("\x1b[8;50;100t\x1b[8;51;101t\x1b[8;51;101t", 100))); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took != 199*resizePause {
			t.Errorf("200 changes took %v", took)
		}
	})
}

// However a stream is cut, it shows the same, in a size that a screen can have.
func FuzzPublished(f *testing.F) {
	for _, seed := range []string{
		"a\x1b[8;30;100tb", "\x1b[8;;t\x1b[8;1\x1b[8;2;3t", castHead + `[0, "o", "a\u001b[8;3;4t"]` + "\n" + `[0, "r", "9x9"]` + "\n", "{\n", `{"version":2,"width":1,"height":1}` + "\nx\n",
		castHead + `[0, "x", "0"]` + "\n" + `[0, "o", "late"]` + "\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, stream []byte) {
		synctest.Test(t, func(t *testing.T) { // sizes are paced
			size, picture, err := shownBy(t, bytes.NewReader(stream))
			if size.Cols < 2 || size.Cols > 1024 || size.Rows < 1 || size.Rows > 512 {
				t.Errorf("a size of %v", size)
			}
			size2, picture2, err2 := shownBy(t, iotest.OneByteReader(bytes.NewReader(stream)))
			if size2 != size || picture2 != picture || (err == nil) != (err2 == nil) {
				t.Errorf("byte by byte: %v %q %v, else %v %q %v", size2, picture2, err2, size, picture, err)
			}
		})
	})
}
