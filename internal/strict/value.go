package strict

import (
	"fmt"
	"strconv"

	"github.com/BurntSushi/toml"
)

type kind uint8

const (
	kindScalar kind = iota
	kindTable
	kindList
)

// Value is a key of the file, or an element of a list, with its value. Reading
// it reports what is wrong with it.
type Value struct {
	doc    *Document
	path   string // dotted, as problems name it
	name   string // last part; "" of an element of a list
	line   int
	offset int
	kind   kind
	given  bool     // has its own [header] or value, not only keys below it
	closed bool     // an inline table or a list, to which nothing can be added
	kids   []*Value // keys of a table, elements of a list, in file order
	data   any      // of a scalar
	lost   bool     // a syntax error hides what it is; reading it reports nothing
}

// Line returns the line on which the key, or the element, starts.
func (v *Value) Line() int { return v.line }

// File returns the name of the file, as problems call it.
func (v *Value) File() string { return v.doc.File }

// Path returns the dotted key, with the place in a list: user.alice.keys[1].
func (v *Value) Path() string { return v.path }

// Name returns the last part of the key, "" for an element of a list.
func (v *Value) Name() string { return v.name }

// Bad reports that something is wrong with v.
func (v *Value) Bad(what, fix string) {
	v.doc.add(&Problem{Line: v.line, Key: v.path, What: what, Fix: fix, offset: v.offset})
}

// Child returns the key of a table, or nil.
func (v *Value) Child(name string) *Value {
	if v == nil {
		return nil
	}
	for _, k := range v.kids {
		if k.name == name {
			return k
		}
	}
	return nil
}

// child returns the key of a table, which is made if it isn't there yet.
func (v *Value) child(name string, line, offset int) *Value {
	if k := v.Child(name); k != nil {
		return k
	}
	path := toml.Key{name}.String()
	if v.path != "" {
		path = v.path + "." + path
	}
	k := &Value{doc: v.doc, path: path, name: name, line: line, offset: offset}
	v.kids = append(v.kids, k)
	if name == "" {
		// Allowed by TOML, but the library confuses what is in it.
		k.lost, v.doc.doubtful = true, true
		k.Bad("a key without a name", "name it")
	}
	return k
}

// descend goes down a dotted key, through the last element of lists of tables.
func (v *Value) descend(path []string, line, offset int) *Value {
	for _, name := range path {
		if v.kind == kindList && len(v.kids) > 0 {
			v = v.kids[len(v.kids)-1]
		}
		if v.closed {
			v.again(line, offset)
		}
		v.kind = kindTable
		v = v.child(name, line, offset)
	}
	return v
}

// again reports that line adds to a value that is complete already. The library
// accepts some of these and takes one of the two.
func (v *Value) again(line, offset int) {
	v.doc.doubtful = true
	v.doc.add(&Problem{
		Line: line, Key: v.path, What: fmt.Sprintf("is given on line %d already", v.line),
		Fix: "remove one of them", offset: offset,
	})
}

// element appends an element to a list.
func (v *Value) element(line, offset int) *Value {
	k := &Value{doc: v.doc, path: v.path + "[" + strconv.Itoa(len(v.kids)) + "]", line: line, offset: offset}
	v.kids = append(v.kids, k)
	return k
}

// place gives v the shape of the value that stands at s, given on line.
func (v *Value) place(s *Span, line, offset int) {
	if v.given || len(v.kids) > 0 {
		v.again(line, offset)
		return
	}
	v.given = true
	switch s.Kind {
	case '[':
		v.kind = kindList
		for _, item := range s.Items {
			v.element(item.Line, item.Start).place(item.Value, item.Line, item.Start)
		}
	case '{':
		v.kind = kindTable
		for _, item := range s.Items {
			v.descend(item.Path, item.Line, item.Start).place(item.Value, item.Line, item.Start)
		}
	}
	v.closed = true
}

// attach gives the tree under v its values. A key that the tree or the data
// lacks would be ignored silently: its path is returned, and it counts as lost.
func (v *Value) attach(data any) (mismatch []string) {
	lost := func(k *Value) {
		k.lost = true
		mismatch = append(mismatch, fmt.Sprintf("%s on line %d", k.path, k.line))
	}
	elements := func(n int, each func(i int) any) {
		if v.kind != kindList || n != len(v.kids) {
			lost(v)
			return
		}
		for i, k := range v.kids {
			mismatch = append(mismatch, k.attach(each(i))...)
		}
	}
	switch data := data.(type) {
	case map[string]any:
		if v.kind != kindTable || len(data) != len(v.kids) {
			mismatch = append(mismatch, fmt.Sprintf("%s on line %d", v.path, v.line))
		}
		for _, k := range v.kids {
			if d, ok := data[k.name]; ok {
				mismatch = append(mismatch, k.attach(d)...)
			} else {
				lost(k)
			}
		}
	case []map[string]any:
		elements(len(data), func(i int) any { return data[i] })
	case []any:
		elements(len(data), func(i int) any { return data[i] })
	default:
		if v.kind != kindScalar {
			lost(v)
		}
		v.data = data
	}
	return mismatch
}

// Missing reports that the table v lacks a key that it must have, unless a
// syntax error may hide it.
func (v *Value) Missing(name, fix string) {
	if v.doc.doubtful || v.kind != kindTable {
		return
	}
	path := name
	if v.path != "" {
		path = v.path + "." + name
	}
	v.doc.add(&Problem{Line: v.line, Key: path, What: "is missing", Fix: fix, offset: v.offset})
}
