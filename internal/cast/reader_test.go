package cast

import (
	"bytes"
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"
)

const head = `{"version": 3, "term": {"cols": 80, "rows": 24}}` + "\n"

func TestReadErrors(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                                   "is empty",
		"hello\n":                            "no header",
		`{"version": 4}` + "\n":              "version 4",
		`{"version": 2}` + "\n":              "no size",
		head + "[1]\n":                       "line 2: is no event",
		head + `[1, "o", 2]` + "\n":          "line 2: is no event",
		head + `["1", "o", ""]` + "\n":       "line 2: is no event",
		head + `[1, "o", "", ""]` + "\n":     "line 2: is no event",
		head + `[null, "o", ""]` + "\n":      "line 2: is no event",
		head + `[1, "o", null]` + "\n":       "line 2: is no event",
		head + `[1, "oo", ""]` + "\n":        "line 2: is no event",
		head + "null\n":                      "line 2: is no event",
		head + `{"0": 1}` + "\n":             "line 2: is no event",
		head + strings.Repeat("x", 4<<20+10): "line 2: has more than",
		head + `[1, "o", "a`:                 ErrTorn.Error(),
		head + "# a remark\n\n":              io.EOF.Error(),
	} {
		r, err := NewReader(strings.NewReader(text))
		if err == nil {
			_, err = r.Next()
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60q: %v, want %s", text, err, want)
		}
	}
}

// Times that nobody can wait for are bounded, and don't go back.
func TestReadTimes(t *testing.T) {
	t.Parallel()
	r, err := NewReader(strings.NewReader(head + `[-5, "o", ""]` + "\n" + `[1e300, "o", ""]` + "\n" + `[1e300, "o", ""]` + "\n"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []int64{0, int64(maxTime), int64(maxTime)} {
		if e, err := r.Next(); err != nil || int64(e.At) != want {
			t.Errorf("%+v %v, want %d", e, err, want)
		}
	}
}

// A line of many small things takes no more than the line.
func TestReadingALineTakesNoMoreThanTheLine(t *testing.T) {
	line := head + "[" + strings.Repeat("[],", 1<<20) + "1]\n"
	r, err := NewReader(strings.NewReader(line))
	if err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := r.Next(); err == nil {
		t.Error("it is an event")
	}
	runtime.ReadMemStats(&after)
	if took := after.TotalAlloc - before.TotalAlloc; took > uint64(5*len(line)) { // the buffer doubles as it grows
		t.Errorf("a line of %d bytes takes %d", len(line), took)
	}
}

func FuzzReader(f *testing.F) {
	f.Add([]byte(head + `[0.5, "o", "a"]` + "\n# x\n" + `[1, "x", "0"]` + "\n"))
	f.Add([]byte(`{"version": 2, "width": 1, "height": 1}` + "\n" + `[0.5, "i", "a"]` + "\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := NewReader(bytes.NewReader(b))
		if err != nil {
			return
		}
		text := NewText(io.Discard)
		e := NewEncoder(V3)
		var last Event
		for {
			next, err := r.Next()
			if err != nil {
				break
			}
			if next.At < last.At {
				t.Fatalf("%s after %s", next.At, last.At)
			}
			last = next
			_ = e.Append(nil, next.At, next.Kind, []byte(next.Data))
			if err := text.Write(next.Data); err != nil {
				t.Fatal(err)
			}
		}
		if err := text.Close(); err != nil && !errors.Is(err, io.EOF) {
			t.Fatal(err)
		}
	})
}
