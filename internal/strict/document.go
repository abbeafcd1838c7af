package strict

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// Document is one parsed file and the problems found in it so far.
type Document struct {
	File string // as it is named in problems
	Root *Value // the top table; never nil

	problems Problems
	doubtful bool // a syntax error hides something
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
	if p := crowded(src); p != nil {
		d.add(p)
		return d
	}
	src, data := d.decode(src)
	statements, err := Scan(src)
	if err == nil {
		err = d.build(statements, data)
	}
	if errors.Is(err, errDeep) {
		d.add(&Problem{What: err.Error(), Fix: "write it flatter"})
		return d
	}
	if err != nil {
		// The two readers of the text disagree: a bug, and no reason to guess.
		d.add(&Problem{What: "can't be read for certain: " + err.Error(), Fix: "report this with the file"})
	}
	return d
}

// Problems returns the problems so far, in file order.
func (d *Document) Problems() Problems { return d.problems.sorted() }

// Doubtful reports whether a syntax error hides some of the text: then what
// seems to be missing may be there.
func (d *Document) Doubtful() bool { return d.doubtful }

// Bad reports that something is wrong with a key of the top table, which may be
// one that isn't in the file and has its default.
func (d *Document) Bad(key, what, fix string) {
	if v := d.Root.Child(key); v != nil {
		v.Bad(what, fix)
		return
	}
	d.add(&Problem{Key: key, What: what, Fix: fix})
}

func (d *Document) add(p *Problem) {
	p.File = d.File
	d.problems = append(d.problems, p)
}

// build makes the tree of the statements and gives the leaves their values.
func (d *Document) build(statements []*Statement, data map[string]any) error {
	table := d.Root
	for _, st := range statements {
		if !st.Header {
			table.descend(st.Path, st.Line, st.Start).place(st.Value, st.Line, st.Start)
			continue
		}
		table = d.Root.descend(st.Path, st.Line, st.Start)
		switch {
		case table.closed:
			table.again(st.Line, st.Start)
		case st.Array:
			table.kind = kindList
			table = table.element(st.Line, st.Start)
			fallthrough
		default:
			table.kind, table.given = kindTable, true
			table.line, table.offset = st.Line, st.Start
		}
	}
	// With a syntax error the two differ: of a key that is there twice only one
	// value is left. That was reported.
	if mismatch := d.Root.attach(data); len(mismatch) > 0 && !d.doubtful {
		return fmt.Errorf("the TOML library reads %s in another way", strings.Join(mismatch, ", "))
	}
	return nil
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
