package check

import (
	"strings"

	"github.com/jailsh/jailsh/internal/instance"
	"github.com/jailsh/jailsh/internal/strict"
	"github.com/jailsh/jailsh/jail"
	"github.com/jailsh/jailsh/users"
)

// people plans each user's jail as a login would, and looks at her home.
func people(i *instance.Instance) strict.Problems {
	var found strict.Problems
	at := readSource(i.Config.Users)
	templates := map[string]bool{} // those with a problem, which one user's line stands for
	for _, name := range i.Users.Names() {
		u, _ := i.Users.User(name)
		add := func(what, fix, key string, n int) {
			found = append(found, at.user(u.Name, u.Line, u.Class, what, fix, key, n))
		}
		if what, fix := checkHome(i.Home(u), u.UID, u.GID, u.Home == ""); what != "" {
			add(what, fix, "home", -1)
		}
		a, err := i.Account(u)
		if err != nil {
			if !templates[u.Template] {
				templates[u.Template] = true
				what, fix := split(err.Error())
				add(what, fix, "template", -1)
			}
			continue
		}
		_, err = jail.Plan(a)
		for _, e := range leaves(err) {
			key, text := keyOf(e.Error(), u.Name)
			what, fix := split(text)
			add(what, fix, key, mountOf(u, key, text))
		}
	}
	return inOrder(found)
}

// leaves takes joined errors apart.
func leaves(err error) []error {
	if err == nil {
		return nil
	}
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return []error{err}
	}
	var all []error
	for _, e := range joined.Unwrap() {
		all = append(all, leaves(e)...)
	}
	return all
}

// keyOf takes `user.NAME.KEY: ` off an error of jail.Plan. What has no such
// beginning is about the template.
func keyOf(text, name string) (key, rest string) {
	if after, ok := strings.CutPrefix(text, "user."+name+"."); ok {
		if key, rest, ok := strings.Cut(after, ": "); ok {
			return key, rest
		}
	}
	return "template", text
}

// split separates what is wrong from what to do.
func split(text string) (what, fix string) {
	if i := strings.LastIndex(text, " - "); i >= 0 {
		return text[:i], text[i+len(" - "):]
	}
	return text, ""
}

// mountOf is which of the user's mounts an error is about, by its target or else
// by its source, or -1.
func mountOf(u *users.User, key, text string) int {
	if key != "mounts" {
		return -1
	}
	first := -1
	for n, m := range u.Mounts {
		if strings.HasPrefix(text, m.Source+": target "+m.Target+": ") {
			return n
		}
		if first < 0 && strings.HasPrefix(text, m.Source+": ") {
			first = n
		}
	}
	return first
}
