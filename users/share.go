package users

import (
	"fmt"
	"slices"
	"time"

	"github.com/jailsh/jailsh/internal/strict"
	"github.com/jailsh/jailsh/internal/wire"
)

// readShareWith reads a list of users' names. Whether there are such is seen when
// all have been read.
func readShareWith(v *strict.Value) ([]string, bool) {
	list, ok := v.List(MaxUsers)
	if !ok {
		return nil, false
	}
	names := []string{}
	for _, e := range list {
		if s, ok := e.Text(maxName); ok {
			names = append(names, s)
		}
	}
	return names, true
}

// shares turns share_with around: who may reach what whose -R has opened.
func (l *loader) shares() {
	for _, owner := range l.table.names {
		u := l.table.users[owner]
		for _, guest := range u.ShareWith {
			switch {
			case l.table.users[guest] == nil:
				fix := "remove it, or add her"
				if near := strict.Nearest(guest, l.table.names); near != "" {
					fix = fmt.Sprintf("did you mean %q?", near)
				}
				u.origin["share_with"].Bad(fmt.Sprintf("there is no user %q", guest), fix)
			case guest == owner || slices.Contains(l.table.shares[guest], owner):
			case len(l.table.shares[guest]) == wire.MaxShares:
				u.origin["share_with"].Bad(fmt.Sprintf("more than %d users share with %s", wire.MaxShares, guest), "shorten the lists")
			default:
				l.table.shares[guest] = append(l.table.shares[guest], owner)
			}
		}
	}
}

// sharedWith are those who share with a user, and may log in.
func (t *Table) sharedWith(guest string, now time.Time) []string {
	var owners []string
	for _, owner := range t.shares[guest] {
		if t.users[owner].Active(now) {
			owners = append(owners, owner)
		}
	}
	return owners
}
