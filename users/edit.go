package users

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"

	"github.com/BurntSushi/toml"

	"github.com/jailsh/jailsh/internal/strict"
)

// Entry is what `jailsh user add` and `jailsh user set` write. A field with its
// zero value is left out, or left as it is.
type Entry struct {
	Name string // for Add
	UID  uint32
	GID  uint32

	Class    string
	Template string
	Shell    string
	Home     string

	Keys     []string // authorized_keys lines to append to `keys`
	DropKeys []string // keys to take out: the whole line, its fingerprint, or its comment

	Settings []Setting // any other key
	Unset    []string  // dotted keys to take out
}

// Setting is one key of a user and its value as TOML text: {"allow.pty",
// "false"}, {"command", `"backup"`}.
type Setting struct{ Key, Value string }

// settings returns the fields of e and its Settings in the order in which they
// are written.
func (e Entry) settings() []Setting {
	var s []Setting
	number := func(key string, n uint32) {
		if n != 0 {
			s = append(s, Setting{key, strconv.FormatUint(uint64(n), 10)})
		}
	}
	text := func(key, value string) {
		if value != "" {
			s = append(s, Setting{key, quote(value)})
		}
	}
	number("uid", e.UID)
	number("gid", e.GID)
	text("class", e.Class)
	text("template", e.Template)
	text("shell", e.Shell)
	text("home", e.Home)
	return append(s, e.Settings...)
}

// Add appends a [user.NAME] table to the text of a users.toml. All the rest
// stays as it is.
func Add(src []byte, e Entry) ([]byte, error) {
	if why := badUserName(e.Name); why != "" {
		return nil, fmt.Errorf("user %q: the name can't be used: %s - choose another", e.Name, why)
	}
	f, err := parseText(src)
	if err != nil {
		return nil, err
	}
	if line := f.lineOf(e.Name); line > 0 {
		return nil, fmt.Errorf("user %s: is there already, line %d - change it with: jailsh user set %s", e.Name, line, e.Name)
	}
	var b bytes.Buffer
	b.WriteString("[" + toml.Key{"user", e.Name}.String() + "]" + f.newline)
	for _, s := range e.settings() {
		if err := s.check(); err != nil {
			return nil, err
		}
		b.WriteString(s.Key + " = " + s.Value + f.newline)
	}
	if len(e.Keys) > 0 {
		b.WriteString(f.keysList(e.Keys))
	}
	out := bytes.Clone(src)
	if len(out) > 0 && !bytes.HasSuffix(out, []byte("\n")) {
		out = append(out, f.newline...)
	}
	if len(bytes.TrimSpace(out)) > 0 && !bytes.HasSuffix(out, []byte(f.newline+f.newline)) {
		out = append(out, f.newline...)
	}
	return checked(append(out, b.Bytes()...))
}

// Set changes keys of the user called name, or adds them to her table. All other
// lines stay as they are, to the byte.
func Set(src []byte, name string, e Entry) ([]byte, error) {
	steps := []func(*text) error{}
	for _, s := range e.settings() {
		steps = append(steps, func(f *text) error { return f.set(name, s) })
	}
	for _, k := range e.Unset {
		steps = append(steps, func(f *text) error { return f.unset(name, k) })
	}
	for _, k := range e.DropKeys {
		steps = append(steps, func(f *text) error { return f.dropKey(name, k) })
	}
	for _, k := range e.Keys {
		steps = append(steps, func(f *text) error { return f.addKey(name, k) })
	}
	out := bytes.Clone(src)
	for _, step := range steps {
		f, err := parseText(out)
		if err != nil {
			return nil, err
		}
		if err := step(f); err != nil {
			return nil, fmt.Errorf("user %s: %w", name, err)
		}
		out = f.apply()
	}
	return checked(out)
}

// Remove takes the table of the user called name out, with the comments in it
// and directly above it.
func Remove(src []byte, name string) ([]byte, error) {
	f, err := parseText(src)
	if err != nil {
		return nil, err
	}
	if err := f.remove(name); err != nil {
		return nil, fmt.Errorf("user %s: %w", name, err)
	}
	out := f.apply()
	// What separated her from the user above is not left at the end.
	blank := []byte(f.newline + f.newline)
	for bytes.HasSuffix(out, blank) && !bytes.HasSuffix(src, blank) {
		out = out[:len(out)-len(f.newline)]
	}
	return checked(out)
}

// checked makes sure that an edit never leaves a text that can't be read.
func checked(src []byte) ([]byte, error) {
	if problems := strict.Parse("", src).Problems(); len(problems) > 0 {
		return nil, fmt.Errorf("the change doesn't fit into the file, line %d: %s - edit it by hand", problems[0].Line, problems[0].What)
	}
	return src, nil
}

// check refuses a setting that would write more than the one key it names.
func (s Setting) check() error {
	if _, err := s.path(); err != nil {
		return err
	}
	text := "v = " + s.Value
	f, err := parseText([]byte(text))
	if err != nil || len(f.statements) != 1 || f.statements[0].Header || f.statements[0].End != len(text) {
		return fmt.Errorf("%s: %q is no value - write TOML, like 5, true, \"text\" or [\"a\", \"b\"]", s.Key, clip(s.Value))
	}
	return nil
}

// path returns the parts of the dotted key.
func (s Setting) path() ([]string, error) {
	parts := strings.Split(s.Key, ".")
	for _, p := range parts {
		if p == "" || (toml.Key{p}).String() != p {
			return nil, fmt.Errorf("%q is no key - write it like shell or allow.pty", clip(s.Key))
		}
	}
	return parts, nil
}
