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
	name   string // last part
	line   int
	offset int
	kind   kind
	header bool     // a table with a [header]
	kids   []*Value // keys of a table, elements of a list, in file order
	data   any      // of a scalar
}

// Line returns the line on which the key, or the element, starts.
func (v *Value) Line() int { return v.line }

// File returns the name of the file, as problems call it.
func (v *Value) File() string { return v.doc.File }

// Path returns the dotted key, with the place in a list: user.alice.keys[1].
func (v *Value) Path() string { return v.path }

// Name returns the last part of the key.
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
	return k
}

// descend goes down a dotted key, through the last element of lists of tables.
func (v *Value) descend(path []string, line, offset int) *Value {
	for _, name := range path {
		if v.kind == kindList && len(v.kids) > 0 {
			v = v.kids[len(v.kids)-1]
		}
		v.kind = kindTable
		v = v.child(name, line, offset)
	}
	return v
}

// element appends an element to a list.
func (v *Value) element(line, offset int) *Value {
	k := &Value{doc: v.doc, path: v.path + "[" + strconv.Itoa(len(v.kids)) + "]", name: v.name, line: line, offset: offset}
	v.kids = append(v.kids, k)
	return k
}

// place gives v the shape of the value that stands at s.
func (v *Value) place(s *Span) {
	switch s.Kind {
	case '[':
		v.kind = kindList
		for _, item := range s.Items {
			v.element(item.Line, item.Start).place(item.Value)
		}
	case '{':
		v.kind = kindTable
		for _, item := range s.Items {
			v.descend(item.Path, item.Line, item.Start).place(item.Value)
		}
	}
}

// attach gives the tree under v its values, and checks that it has the shape of
// the data: a key that one of them lacks would be ignored silently.
func (v *Value) attach(data any) error {
	bad := fmt.Errorf("%s near line %d: %w", v.path, v.line, errMismatch)
	switch data := data.(type) {
	case map[string]any:
		if v.kind != kindTable || len(data) != len(v.kids) {
			return bad
		}
		for _, k := range v.kids {
			d, ok := data[k.name]
			if !ok {
				return bad
			}
			if err := k.attach(d); err != nil {
				return err
			}
		}
	case []map[string]any:
		if v.kind != kindList || len(data) != len(v.kids) {
			return bad
		}
		for i, k := range v.kids {
			if err := k.attach(data[i]); err != nil {
				return err
			}
		}
	case []any:
		if v.kind != kindList || len(data) != len(v.kids) {
			return bad
		}
		for i, k := range v.kids {
			if err := k.attach(data[i]); err != nil {
				return err
			}
		}
	default:
		if v.kind != kindScalar {
			return bad
		}
		v.data = data
	}
	return nil
}

// Missing reports that the table v lacks a key that it must have.
func (v *Value) Missing(name, fix string) {
	path := name
	if v.path != "" {
		path = v.path + "." + name
	}
	v.doc.add(&Problem{Line: v.line, Key: path, What: "is missing", Fix: fix, offset: v.offset})
}
