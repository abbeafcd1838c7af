package users

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jailsh/jailsh/internal/strict"
)

// text is a users.toml as it is written, and the changes to make in it.
type text struct {
	src        []byte
	newline    string // "\n" or "\r\n", as the file has it
	statements []*strict.Statement
	patches    []patch
}

// patch puts with in the place of src[start:end].
type patch struct {
	start, end int
	with       string
}

func parseText(src []byte) (*text, error) {
	if problems := strict.Parse("", src).Problems(); len(problems) > 0 {
		return nil, fmt.Errorf("line %d: %s - mend the file first", problems[0].Line, problems[0].What)
	}
	statements, err := strict.Scan(src)
	if err != nil {
		return nil, err
	}
	f := &text{src: src, newline: "\n", statements: statements}
	if i := bytes.IndexByte(src, '\n'); i > 0 && src[i-1] == '\r' {
		f.newline = "\r\n"
	}
	return f, nil
}

func (f *text) patch(start, end int, with string) {
	f.patches = append(f.patches, patch{start, end, with})
}

// apply returns the text with the patches made. Where two take the same bytes
// out, they are out.
func (f *text) apply() []byte {
	slices.SortStableFunc(f.patches, func(a, b patch) int { return a.start - b.start })
	var out []byte
	at := 0
	for _, p := range f.patches {
		if p.start > at {
			out = append(out, f.src[at:p.start]...)
			at = p.start
		}
		out = append(out, p.with...)
		at = max(at, p.end)
	}
	return append(out, f.src[at:]...)
}

// section is a [header] and the keys below it.
type section struct {
	header *strict.Statement
	keys   []*strict.Statement
}

// sections returns those whose header starts with path.
func (f *text) sections(path ...string) []section {
	var out []section
	open := false
	for _, st := range f.statements {
		switch {
		case st.Header:
			open = len(st.Path) >= len(path) && slices.Equal(st.Path[:len(path)], path)
			if open {
				out = append(out, section{header: st})
			}
		case open:
			s := &out[len(out)-1]
			s.keys = append(s.keys, st)
		}
	}
	return out
}

// lineOf returns the line of the first thing said about the user called name, or
// 0.
func (f *text) lineOf(name string) int {
	var header []string
	for _, st := range f.statements {
		path := st.Path
		if st.Header {
			header = st.Path
		} else {
			path = append(slices.Clone(header), st.Path...)
		}
		if len(path) >= 2 && path[0] == "user" && path[1] == name {
			return st.Line
		}
		if st.Value != nil && st.Value.Kind == '{' && len(path) == 1 && path[0] == "user" {
			for _, item := range st.Value.Items {
				if item.Path[0] == name {
					return item.Line
				}
			}
		}
	}
	return 0
}

// find returns the [user.NAME] of the user called name.
func (f *text) find(name string) (section, error) {
	for _, s := range f.sections("user", name) {
		if len(s.header.Path) == 2 && !s.header.Array {
			return s, nil
		}
	}
	if line := f.lineOf(name); line > 0 {
		return section{}, fmt.Errorf("line %d: is not written as a [user.%s] table - edit the file by hand", line, name)
	}
	return section{}, errors.New("is not in the file - see the names with: jailsh user list")
}

// lineStart returns the offset at which the line with offset at starts.
func (f *text) lineStart(at int) int { return bytes.LastIndexByte(f.src[:at], '\n') + 1 }

// lineEnd returns the offset behind the newline of the line with offset at.
func (f *text) lineEnd(at int) int {
	if i := bytes.IndexByte(f.src[at:], '\n'); i >= 0 {
		return at + i + 1
	}
	return len(f.src)
}

// indent returns the blanks before offset at, if nothing else is there.
func (f *text) indent(at int) string {
	s := string(f.src[f.lineStart(at):at])
	if strings.Trim(s, " \t") != "" {
		return ""
	}
	return s
}
