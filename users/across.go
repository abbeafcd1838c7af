package users

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/jailsh/jailsh/internal/strict"
	"github.com/jailsh/jailsh/internal/wire"
)

// across checks the users against each other and against the host.
func (l *loader) across() {
	first := map[uint32]*User{}
	for _, name := range l.table.names {
		u := l.table.users[name]
		if u.UID != 0 {
			l.uniqueUID(u, first)
		}
		for _, g := range u.Groups {
			if v := u.origin["groups"]; g.Name == name || g.GID == u.GID {
				v.Bad(fmt.Sprintf("%s = %d is the own group of %s already", g.Name, g.GID, name), "remove it")
			}
		}
	}
	l.homes()
	l.mounts()
	l.sums()
	l.limits()
	l.sftp()
	l.shares()
	l.terminals()
	for uid := range l.host {
		l.table.taken[uid] = true
	}
}

// uniqueUID refuses a uid that somebody else has: the two could read each other's
// files, and end each other's processes.
func (l *loader) uniqueUID(u *User, first map[uint32]*User) {
	v := u.origin["uid"]
	if o, ok := first[u.UID]; ok {
		v.Bad(fmt.Sprintf("%d is the uid of %s already, line %d", u.UID, o.Name, o.origin["uid"].Line()),
			"give each user a uid of her own")
	} else {
		first[u.UID] = u
	}
	if host, ok := l.host[u.UID]; ok && host != u.Name {
		v.Bad(fmt.Sprintf("%d is taken on the host, by %s, who could read the files of %s and she his", u.UID, host, u.Name),
			"choose another uid")
	}
	l.table.taken[u.UID] = true
}

// homes refuses a home that is another's, or inside another's: whoever owns a
// folder can move what is in it away and put something else there.
func (l *loader) homes() {
	type home struct {
		path string
		user *User
	}
	var all []home
	for _, name := range l.table.names {
		u := l.table.users[name]
		path := u.Home
		if path == "" {
			path = filepath.Join(l.base.Homes, name)
		}
		all = append(all, home{path, u})
	}
	// Sorted with / as the lowest byte, a folder comes just before what is in it.
	slices.SortStableFunc(all, func(a, b home) int {
		return strings.Compare(strings.ReplaceAll(a.path, "/", "\x00"), strings.ReplaceAll(b.path, "/", "\x00"))
	})
	for i := 1; i < len(all); i++ {
		outer, inner := all[i-1], all[i]
		if outer.path != inner.path && !below(inner.path, outer.path) {
			continue
		}
		blame, other := inner, outer
		if inner.user.origin["home"] == nil {
			blame, other = outer, inner
		}
		blame.user.homeKey().Bad(
			fmt.Sprintf("%q is shared with %s, line %d, who has %q", blame.path, other.user.Name, other.user.Line, other.path),
			"give each user a folder of her own")
		if outer.path != inner.path {
			all[i] = outer // what comes next may be in it too
		}
	}
}

// mounts refuses what can only be seen once {user} has been replaced.
func (l *loader) mounts() {
	for _, name := range l.table.names {
		u := l.table.users[name]
		seen := map[string]bool{}
		for _, m := range u.Mounts {
			switch {
			case m.Target == "/home/"+name:
				u.origin["mounts"].Bad(fmt.Sprintf("%q is the home of %s in the jail", m.Target, name), "set home, or choose another target")
			case seen[m.Target]:
				u.origin["mounts"].Bad(fmt.Sprintf("%q is mounted twice in the jail of %s", m.Target, name), "choose another target")
			}
			seen[m.Target] = true
		}
	}
}

// sums refuses what is too much only when the defaults, the class and the user
// are taken together.
func (l *loader) sums() {
	for _, name := range l.table.names {
		u := l.table.users[name]
		size := 0
		for _, e := range u.Env {
			size += len(e)
		}
		if len(u.Env) > maxEnv || size > maxEnvAll {
			u.table.Bad(fmt.Sprintf("has %d variables of %d bytes together, more than the %d of %d allowed", len(u.Env), size, maxEnv, maxEnvAll),
				"shorten env, or that of [defaults] or of the class")
		}
		if len(u.Groups) > wire.MaxGroups {
			u.table.Bad(fmt.Sprintf("has %d groups together, more than the %d allowed", len(u.Groups), wire.MaxGroups),
				"shorten groups, or those of [defaults] or of the class")
		}
	}
}

// homeKey returns the key that says where the home is.
func (u *User) homeKey() *strict.Value {
	if v := u.origin["home"]; v != nil {
		return v
	}
	return u.table
}
