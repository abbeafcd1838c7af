package strict

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/BurntSushi/toml"
)

// FuzzParse compares the scanner with the library: both must find the same keys
// in the same order, and nothing may go unnoticed.
func FuzzParse(f *testing.F) {
	files, err := filepath.Glob("testdata/syntax/*.txt")
	if err != nil || len(files) == 0 {
		f.Fatal("no seeds", err)
	}
	for _, file := range files {
		src, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		input, _, _ := strings.Cut(string(src), "\n----")
		f.Add([]byte(input))
		f.Add([]byte(strings.ReplaceAll(input, "\n", "\r\n")))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		d := Parse("f", src)
		problems := d.Problems()
		if !slices.IsSortedFunc(problems, func(a, b *Problem) int { return a.Line - b.Line }) {
			t.Errorf("the problems of %q are not in file order:\n%v", src, problems)
		}
		for _, p := range problems {
			if strings.ContainsAny(p.Error(), "\x00\n\x1b") || strings.Contains(p.What, "for certain") && !d.doubtful {
				t.Errorf("%q: %q", src, p.Error())
			}
		}
		var data map[string]any
		md, err := toml.Decode(string(src), &data)
		if !utf8.Valid(src) {
			err = os.ErrInvalid
		}
		if err != nil {
			if len(problems) == 0 {
				t.Errorf("%q: no problem, but: %v", src, err)
			}
			return
		}
		statements, err := Scan(src)
		if errors.Is(err, errDeep) {
			return
		}
		if err != nil {
			t.Fatalf("%q: %v", src, err)
		}
		var want []string
		for _, k := range md.Keys() {
			want = append(want, k.String())
		}
		if got := paths(statements); !slices.Equal(got, want) {
			t.Errorf("%q: the scanner found\n%q, the library\n%q", src, got, want)
		}
	})
}

// paths lists the keys as toml.MetaData does: dotted keys and list elements
// without their parents.
func paths(statements []*Statement) []string {
	var out []string
	var walk func(at []string, s *Span)
	walk = func(at []string, s *Span) {
		for _, item := range s.Items {
			path := slices.Concat(at, item.Path)
			if s.Kind == '{' {
				out = append(out, toml.Key(path).String())
			}
			walk(path, item.Value)
		}
	}
	var header []string
	for _, st := range statements {
		if st.Header {
			header = st.Path
			out = append(out, toml.Key(header).String())
			continue
		}
		path := slices.Concat(header, st.Path)
		out = append(out, toml.Key(path).String())
		walk(path, st.Value)
	}
	return out
}
