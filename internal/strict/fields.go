package strict

import "fmt"

// Field is one key that a table may have.
type Field struct {
	Name string
	Read func(*Value) // nil: known, but not supported yet
}

// Fields reads the table v by a list of what it may have, in file order. A key
// that isn't in the list is reported, with the nearest name that is.
func (v *Value) Fields(fields []Field) {
	if v.kind != kindTable || v.lost {
		v.wrong("a table", "{ ... }")
		return
	}
	for _, k := range v.kids {
		if k.lost {
			continue
		}
		f := find(fields, k.name)
		switch {
		case f == nil:
			k.unknown(fields)
		case f.Read == nil:
			k.Bad("not supported yet", "remove it")
		default:
			f.Read(k)
		}
	}
}

func find(fields []Field, name string) *Field {
	for i := range fields {
		if fields[i].Name == name {
			return &fields[i]
		}
	}
	return nil
}

// Names returns the names of the fields that are supported.
func Names(fields []Field) []string {
	names := make([]string, 0, len(fields))
	for _, f := range fields {
		if f.Read != nil {
			names = append(names, f.Name)
		}
	}
	return names
}

// Later returns the names of the fields that are known, but not supported yet.
func Later(fields []Field) []string {
	var names []string
	for _, f := range fields {
		if f.Read == nil {
			names = append(names, f.Name)
		}
	}
	return names
}

func (v *Value) unknown(fields []Field) {
	fix := "remove it"
	if near := Nearest(v.name, Names(fields)); near != "" {
		fix = fmt.Sprintf("did you mean %s?", near)
	}
	v.Bad("unknown key", fix)
}
