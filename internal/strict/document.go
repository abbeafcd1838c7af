package strict

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/BurntSushi/toml"
)

// Document is one parsed file and the problems found in it so far.
type Document struct {
	File string // as it is named in problems
	Root *Value // the top table; never nil

	problems Problems
}

// Parse parses src. A syntax error is a problem of the document; what could be
// understood of the rest is there all the same.
func Parse(file string, src []byte) *Document {
	d := &Document{File: file}
	d.Root = &Value{doc: d, kind: kindTable, line: 1}
	if at := invalidUTF8(src); at >= 0 {
		line := 1 + bytes.Count(src[:at], []byte{'\n'})
		d.add(&Problem{Line: line, What: "is not UTF-8 text", Fix: "save the file as UTF-8"})
		return d
	}
	var data map[string]any
	if _, err := toml.Decode(string(src), &data); err != nil {
		d.syntax(err)
		return d
	}
	statements, err := Scan(src)
	if err == nil {
		err = d.build(statements, data)
	}
	if err != nil {
		// The two readers disagree: a bug, and no reason to guess.
		d.add(&Problem{What: "can't be located: " + err.Error(), Fix: "report this with the file"})
	}
	return d
}

// Problems returns the problems so far, in file order.
func (d *Document) Problems() Problems { return d.problems.sorted() }

func (d *Document) add(p *Problem) {
	p.File = d.File
	d.problems = append(d.problems, p)
}

func (d *Document) syntax(err error) {
	p := &Problem{What: strings.TrimPrefix(err.Error(), "toml: ")}
	if pe := (toml.ParseError{}); errors.As(err, &pe) {
		p.Line, p.What, p.offset = pe.Position.Line, pe.Message, pe.Position.Start
	}
	d.add(p)
}

// build makes the tree of the statements and gives the leaves their values.
func (d *Document) build(statements []*Statement, data map[string]any) error {
	table := d.Root
	for _, st := range statements {
		switch {
		case !st.Header:
			table.descend(st.Path, st.Line, st.Start).place(st.Value)
		case st.Array:
			list := d.Root.descend(st.Path, st.Line, st.Start)
			list.kind = kindList
			table = list.element(st.Line, st.Start)
			table.kind = kindTable
		default:
			table = d.Root.descend(st.Path, st.Line, st.Start)
			table.kind = kindTable
			table.header = true
		}
	}
	return d.Root.attach(data)
}

// invalidUTF8 returns the offset of the first byte that isn't part of UTF-8
// text, or -1.
func invalidUTF8(src []byte) int {
	for i := 0; i < len(src); {
		r, n := utf8.DecodeRune(src[i:])
		if r == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return -1
}

var errMismatch = fmt.Errorf("the positions of the keys are not known")
