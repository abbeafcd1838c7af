package users

import (
	"errors"
	"fmt"
	"slices"

	"github.com/jailsh/jailsh/internal/strict"
)

// place is where a key of a user stands.
type place struct {
	statement *strict.Statement // of the key, or of the inline table that holds it
	table     *strict.Span      // the inline table, nil if the key is a statement
	item      int               // of table
	value     *strict.Span
}

// locate looks the dotted key up in the user's table, in her sub-tables and in
// inline tables. Without such a key the place is nil, and inline is the inline
// table that it would have to be added to, if there is one, below which rest is
// what is left of the path.
func (f *text) locate(name string, path []string) (found *place, inline *strict.Span, rest []string) {
	for _, s := range f.sections("user", name) {
		below := s.header.Path[2:]
		if len(below) >= len(path) || !slices.Equal(below, path[:len(below)]) {
			continue
		}
		for _, st := range s.keys {
			at := append(slices.Clone(below), st.Path...)
			if slices.Equal(at, path) {
				return &place{statement: st, value: st.Value}, nil, nil
			}
			if st.Value.Kind == '{' && len(at) < len(path) && slices.Equal(at, path[:len(at)]) {
				p, table, left := locateInline(st, st.Value, path[len(at):])
				if p != nil || table != nil {
					return p, table, left
				}
			}
		}
	}
	return nil, nil, nil
}

func locateInline(st *strict.Statement, table *strict.Span, path []string) (*place, *strict.Span, []string) {
	for i, item := range table.Items {
		if slices.Equal(item.Path, path) {
			return &place{statement: st, table: table, item: i, value: item.Value}, nil, nil
		}
		if n := len(item.Path); item.Value.Kind == '{' && n < len(path) && slices.Equal(item.Path, path[:n]) {
			return locateInline(st, item.Value, path[n:])
		}
	}
	return nil, table, path
}

// set changes or adds one key.
func (f *text) set(name string, s Setting) error {
	if err := s.check(); err != nil {
		return err
	}
	path, _ := s.path()
	own, err := f.find(name)
	if err != nil {
		return err
	}
	p, inline, rest := f.locate(name, path)
	switch {
	case p != nil:
		f.patch(p.value.Start, p.value.End, s.Value)
	case inline != nil:
		f.appendItem(inline, join(rest)+" = "+s.Value)
	default:
		f.addStatement(name, own, path, s)
	}
	return nil
}

// addStatement adds `key = value` below the last key of the table, or below the
// header of a sub-table that it belongs to.
func (f *text) addStatement(name string, own section, path []string, s Setting) {
	to, key := own, s.Key
	for _, sub := range f.sections("user", name) {
		if n := len(sub.header.Path) - 2; n > 0 && n < len(path) && slices.Equal(sub.header.Path[2:], path[:n]) {
			to, key = sub, join(path[n:])
		}
	}
	last := to.header
	if len(to.keys) > 0 {
		last = to.keys[len(to.keys)-1]
	}
	at := f.lineEnd(last.End)
	line := f.indent(last.Start) + key + " = " + s.Value + f.newline
	if at == len(f.src) && !endsLine(f.src) {
		line = f.newline + line
	}
	f.patch(at, at, line)
}

func endsLine(src []byte) bool { return len(src) == 0 || src[len(src)-1] == '\n' }

// unset takes one key out, with its line.
func (f *text) unset(name, key string) error {
	path, err := Setting{Key: key}.path()
	if err != nil {
		return err
	}
	if _, err := f.find(name); err != nil {
		return err
	}
	p, _, _ := f.locate(name, path)
	switch {
	case p == nil:
		return fmt.Errorf("%s: is not set - nothing to remove", key)
	case p.table != nil:
		f.dropItem(p.table, p.item)
	default:
		f.patch(f.lineStart(p.statement.Start), f.lineEnd(p.statement.End), "")
	}
	return nil
}

// addKey appends an authorized_keys line to `keys`.
func (f *text) addKey(name, line string) error {
	if _, err := ParseKey(line); err != nil {
		return fmt.Errorf("key: %w", err)
	}
	own, err := f.find(name)
	if err != nil {
		return err
	}
	p, _, _ := f.locate(name, []string{"keys"})
	switch {
	case p == nil:
		last := own.header
		if len(own.keys) > 0 {
			last = own.keys[len(own.keys)-1]
		}
		at, list := f.lineEnd(last.End), f.keysList([]string{line})
		if at == len(f.src) && !endsLine(f.src) {
			list = f.newline + list
		}
		f.patch(at, at, list)
	case p.value.Kind != '[':
		return errors.New("keys: is not a list - edit the file by hand")
	default:
		for _, have := range f.texts(p.value) {
			if sameKey(have, line) {
				return errors.New("keys: has this line already - nothing to add")
			}
		}
		f.appendItem(p.value, quote(line))
	}
	return nil
}

// dropKey takes a line out of `keys`.
func (f *text) dropKey(name, which string) error {
	if _, err := f.find(name); err != nil {
		return err
	}
	p, _, _ := f.locate(name, []string{"keys"})
	if p == nil || p.value.Kind != '[' {
		return fmt.Errorf("keys: has no key %q - see them with: jailsh user list", clip(which))
	}
	match := -1
	for i, line := range f.texts(p.value) {
		if isKey(line, which) {
			if match >= 0 {
				return fmt.Errorf("keys: %q fits more than one key - give the fingerprint", clip(which))
			}
			match = i
		}
	}
	if match < 0 {
		return fmt.Errorf("keys: has no key %q - see them with: jailsh user list", clip(which))
	}
	f.dropItem(p.value, match)
	return nil
}

// isKey reports whether which means the authorized_keys line: it is the line,
// its key, its fingerprint or its comment.
func isKey(line, which string) bool {
	if sameKey(line, which) {
		return true
	}
	k, err := ParseKey(line)
	if err != nil {
		return false
	}
	other, err := ParseKey(which)
	return k.Fingerprint == which || k.Comment == which || err == nil && other.Fingerprint == k.Fingerprint
}
