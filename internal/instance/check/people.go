package check

import (
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/jailsh/jailsh/internal/instance"
	"github.com/jailsh/jailsh/internal/totp"
	"github.com/jailsh/jailsh/jail"
	"github.com/jailsh/jailsh/jail/cgroup"
	"github.com/jailsh/jailsh/users"
)

// people plans each user's jail as a login would, and looks at her home. groups are
// those of the process that makes, or would make, the jails; nil if they aren't
// known.
func people(i *instance.Instance, groups *cgroup.Host, r *Report) {
	p := newPersons(i, groups)
	for _, name := range i.Users.Names() {
		u, _ := i.Users.User(name)
		p.person(u)
	}
	r.Problems = append(r.Problems, inOrder(p.found.Problems)...)
	r.Advice = append(r.Advice, inOrder(p.found.Advice)...)
}

// User is what All says of one user.
func User(i *instance.Instance, name string) *Report {
	groups, _ := cgroup.Find() // what is wrong with /proc, All says
	p := newPersons(i, groups)
	if u, ok := i.Users.User(name); ok {
		p.person(u)
	}
	return &Report{Problems: inOrder(p.found.Problems), Advice: inOrder(p.found.Advice)}
}

// persons is the work on the users of a table.
type persons struct {
	instance *instance.Instance
	groups   *cgroup.Host
	at       source
	homes    map[string]string // user by home
	sorted   []string          // the homes
	said     map[string]bool   // what is about many, and one user's line stands for
	found    Report
}

func newPersons(i *instance.Instance, groups *cgroup.Host) *persons {
	p := &persons{
		instance: i, groups: groups, at: readSource(i.Config.Users),
		homes: map[string]string{}, said: map[string]bool{},
	}
	for _, name := range i.Users.Names() {
		u, _ := i.Users.User(name)
		p.homes[i.Home(u)] = name
	}
	p.sorted = slices.Sorted(maps.Keys(p.homes))
	return p
}

// once tells whether it is asked about this for the first time.
func (p *persons) once(what string) bool {
	first := !p.said[what]
	p.said[what] = true
	return first
}

func (p *persons) person(u *users.User) {
	problem := func(what, fix, key string, n int) {
		p.found.Problems = append(p.found.Problems, p.at.user(u.Name, u.Line, u.Class, what, fix, key, n))
	}
	advise := func(what, fix, key string, n int) {
		p.found.Advice = append(p.found.Advice, p.at.user(u.Name, u.Line, u.Class, what, fix, key, n))
	}
	home := p.instance.Home(u)
	if what, fix := checkHome(home, u.UID, u.GID, u.Home == ""); what != "" {
		problem(what, fix, "home", -1)
	} else if what, fix := openToOthers(home); what != "" {
		advise(what, fix, "home", -1)
	}
	if u.Limits.Home > 0 {
		if what, fix := checkLimit(home, u.UID); what != "" {
			problem(what, fix, "limits.home", -1)
		}
	}
	if u.TOTP {
		switch err := (totp.Store{Dir: p.instance.Config.TOTP}).Enrolled(u.Name); {
		case errors.Is(err, totp.ErrNotEnrolled):
			problem("a code is wanted, and she isn't enrolled: she can't log in", "run: jailsh user totp "+u.Name, "auth", -1)
		case err != nil:
			what, fix := split(err.Error())
			problem(what, fix, "auth", -1)
		}
	}
	for n, m := range u.Mounts {
		if whose := p.owner(m.Source, u.Name); whose != "" {
			advise(fmt.Sprintf("%s: is in the home of %s, or has it in it: the two can get in each other's way", m.Source, whose),
				"mount a folder that both may use, or leave it if this is what you want", "mounts", n)
		}
	}
	a, err := p.instance.Account(u)
	if err != nil {
		if what, fix := split(err.Error()); p.once(what) {
			problem(what, fix, "template", -1)
		}
		return
	}
	if err := ownServer(u, a.Template); err != nil {
		what, fix := split(err.Error())
		problem(what, fix, "sftp.server", -1)
	}
	if p.groups != nil {
		for _, m := range p.groups.Missing(&a.Limits) {
			if p.once(m.Limit + m.What) {
				problem(m.What, m.Fix, "limits."+m.Limit, -1)
			}
		}
	}
	_, err = jail.Plan(a)
	for _, e := range leaves(err) {
		key, text := keyOf(e.Error(), u.Name)
		what, fix := split(text)
		problem(what, fix, key, mountOf(u, key, text))
	}
}

// owner is another user whose home is at path, around it or in it; empty for none.
func (p *persons) owner(path, name string) string {
	for dir := path; ; dir = filepath.Dir(dir) {
		if other, ok := p.homes[dir]; ok && other != name {
			return other
		}
		if dir == filepath.Dir(dir) {
			break
		}
	}
	inside := path + "/"
	for n, _ := slices.BinarySearch(p.sorted, inside); n < len(p.sorted) && strings.HasPrefix(p.sorted[n], inside); n++ {
		if other := p.homes[p.sorted[n]]; other != name {
			return other
		}
	}
	return ""
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
