package cast

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// encode makes a recording of output that comes in these pieces, a second apart.
func encode(t testing.TB, version int, pieces ...[]byte) []byte {
	t.Helper()
	b, err := Header{Version: version, Cols: 80, Rows: 24, Term: "xterm", Began: time.Unix(1e9, 0)}.Line()
	if err != nil {
		t.Fatal(err)
	}
	e := NewEncoder(version)
	for i, p := range pieces {
		b = e.Append(b, time.Duration(i+1)*time.Second, Output, p)
	}
	return e.Finish(b, time.Duration(len(pieces)+1)*time.Second)
}

// read returns the output of a recording, and the time of its last event.
func read(t testing.TB, b []byte) (output string, last time.Duration) {
	t.Helper()
	r, err := NewReader(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	for {
		e, err := r.Next()
		if err != nil {
			return output, last
		}
		output, last = output+e.Data, e.At
	}
}

// replaced is what is left of bytes in JSON: of what isn't UTF-8, each byte is U+FFFD.
func replaced(b []byte) string {
	var s strings.Builder
	for len(b) > 0 {
		r, size := utf8.DecodeRune(b)
		s.WriteRune(r)
		b = b[size:]
	}
	return s.String()
}

// However output is cut between reads, its text is the same, and every line is JSON.
func TestCharactersAreJoined(t *testing.T) {
	t.Parallel()
	samples := []string{
		"plain", "é€😀", "\xff", "\xe2\x82", "\xe2\x82A", "\xf0\x9f\x98", "a\xf0\x9f\x98é", "\x80\x80", "\xe2\xe2\x82\xac", "\xed\xa0\x80",
		"\x1b[31mred\x1b[m\r\n\"\\\x00\x7f\u009b\u00a0\u2028", "\xc3", "\xc3\xa9\xc3", "\xf4\x90\x80\x80",
	}
	random := rand.New(rand.NewPCG(1, 2)) // the same each time
	for range 200 {
		b := make([]byte, random.IntN(24))
		for i := range b {
			b[i] = []byte{0x61, 0xc3, 0xa9, 0xe2, 0x82, 0xac, 0xf0, 0x9f, 0x98, 0x80, 0xff, 0x1b}[random.IntN(12)]
		}
		samples = append(samples, string(b))
	}
	for _, s := range samples {
		for cut := 0; cut <= len(s); cut++ {
			for next := cut; next <= len(s); next++ {
				b := encode(t, V3, []byte(s[:cut]), []byte(s[cut:next]), []byte(s[next:]))
				if got, _ := read(t, b); got != replaced([]byte(s)) {
					t.Fatalf("%q cut at %d and %d came back as %q", s, cut, next, got)
				}
				for line := range bytes.Lines(b) {
					if !json.Valid(line) || !utf8.Valid(line) {
						t.Fatalf("%q cut at %d and %d: %q isn't JSON", s, cut, next, line)
					}
				}
			}
		}
	}
}

// A recording that is looked at with cat does nothing to the terminal.
func TestLinesHaveNoControls(t *testing.T) {
	t.Parallel()
	var all []byte
	for r := rune(0); r < 0x180; r++ {
		all = utf8.AppendRune(all, r)
	}
	b := encode(t, V2, all)
	for _, r := range string(b) {
		if r < 0x20 && r != '\n' || r >= 0x7f && r < 0xa0 {
			t.Errorf("has %U", r)
		}
	}
	if got, _ := read(t, b); got != string(all) {
		t.Errorf("came back as %q", got)
	}
}

func TestTimes(t *testing.T) {
	t.Parallel()
	for version, want := range map[int]string{
		V2: "[1.000001, \"o\", \"a\"]\n[1.000001, \"o\", \"b\"]\n[3.500000, \"r\", \"90x30\"]\n",
		V3: "[1.000001, \"o\", \"a\"]\n[0.000000, \"o\", \"b\"]\n[2.499999, \"r\", \"90x30\"]\n[0.000000, \"x\", \"0\"]\n",
	} {
		e := NewEncoder(version)
		b := e.Append(nil, time.Second+1500*time.Nanosecond, Output, []byte("a"))
		b = e.Append(b, 0, Output, []byte("b")) // a clock that went back
		b = e.Append(b, 3500*time.Millisecond, Resize, []byte("90x30"))
		b = e.Append(b, 3500*time.Millisecond, Exit, []byte("0"))
		if string(b) != want {
			t.Errorf("version %d: got\n%swant\n%s", version, b, want)
		}
	}
	for _, version := range []int{V2, V3} {
		if _, last := read(t, encode(t, version, []byte("a"), []byte("b"), []byte("c"))); last != 3*time.Second {
			t.Errorf("version %d: the last event was at %s", version, last)
		}
	}
}

func TestHeader(t *testing.T) {
	t.Parallel()
	for _, version := range []int{V2, V3} {
		h := Header{version, 132, 43, "xterm-256color", time.Unix(1e9, 0), "vim", "alice"}
		line, err := h.Line()
		if err != nil {
			t.Fatal(err)
		}
		r, err := NewReader(bytes.NewReader(line))
		if err != nil || r.Header != h {
			t.Errorf("version %d: %+v came back as %+v: %v", version, h, r, err)
		}
	}
	if line, err := (Header{Version: V3}).Line(); err != nil || !bytes.Contains(line, []byte(`"cols":80,"rows":24`)) {
		t.Errorf("a terminal without a size: %s %v", line, err)
	}
}
