package users

import (
	"fmt"
	"slices"
	"strings"

	"github.com/jailsh/jailsh/internal/environ"
	"github.com/jailsh/jailsh/internal/strict"
	"github.com/jailsh/jailsh/sftp/options"
)

// layer is what one table of the file sets: one function per key, in file order.
type layer []func(*User)

func (l layer) apply(u *User) {
	for _, set := range l {
		set(u)
	}
}

// loader turns a document into a Table.
type loader struct {
	table    *Table
	base     Base
	dir      string // relative paths count from here
	host     hostAccounts
	defaults layer
	classes  map[string]layer
}

func (l *loader) load(doc *strict.Document) {
	var defaults, classes, users *strict.Value
	doc.Root.Fields([]strict.Field{
		{Name: "defaults", Read: func(v *strict.Value) { defaults = v }},
		{Name: "class", Read: func(v *strict.Value) { classes = v }},
		{Name: "user", Read: func(v *strict.Value) { users = v }},
	})
	if defaults != nil {
		l.defaults = l.layer(defaults, scopeDefaults)
	}
	if classes != nil {
		tables, _ := classes.Keys(MaxUsers)
		for _, v := range tables {
			if why := badName(v.Name()); why != "" {
				v.Bad(fmt.Sprintf("%q is no name for a class: %s", v.Name(), why), "rename it")
			}
			l.classes[v.Name()] = l.layer(v, scopeClass)
		}
	}
	if users != nil {
		tables, _ := users.Keys(MaxUsers)
		for _, v := range tables {
			l.user(v)
		}
	}
	l.across()
}

// user resolves one [user.NAME].
func (l *loader) user(v *strict.Value) {
	u := &User{
		Name: v.Name(), Line: v.Line(), table: v, origin: map[string]*strict.Value{},
		Template: "basic", Shell: "/bin/bash", Hostname: "jail", Umask: 0o022,
		AcceptEnv: environ.Default(), Network: NetworkPrivate, AttachTTL: defaultAttachTTL,
		Limits: defaultLimits(), Allow: Allow{Shell: true, Exec: true, PTY: true, SFTP: true, Agent: true},
		SFTP: SFTP{Options: options.None()},
	}
	own := l.layer(v, scopeUser)
	l.defaults.apply(u)
	if c := v.Child("class"); c != nil {
		if name, ok := c.Text(maxName); ok {
			if class, ok := l.classes[name]; ok {
				class.apply(u)
			} else {
				l.unknownClass(c, name)
			}
		}
	}
	own.apply(u)
	if v.Child("uid") == nil {
		v.Missing("uid", "give the user a uid of its own, like uid = 20001")
	}
	if u.GID == 0 {
		u.GID = u.UID
	}
	if why := badUserName(u.Name); why != "" {
		v.Bad(fmt.Sprintf("%q is no name for a user: %s", u.Name, why), "rename the table")
		return
	}
	l.table.users[u.Name] = u
	l.table.names = append(l.table.names, u.Name)
}

func (l *loader) unknownClass(v *strict.Value, name string) {
	names := make([]string, 0, len(l.classes))
	for n := range l.classes {
		names = append(names, n)
	}
	slices.Sort(names)
	fix := fmt.Sprintf("add a [class.%s], or remove the key", name)
	if near := strict.Nearest(name, names); near != "" {
		fix = fmt.Sprintf("did you mean %q?", near)
	}
	v.Bad(fmt.Sprintf("there is no class %q", name), fix)
}

// substitute puts the user's name where s says {user}.
func substitute(s, name string) string { return strings.ReplaceAll(s, "{user}", name) }
