package users

import (
	"fmt"
	"path/filepath"
)

// across checks the users against each other and against the host.
func (l *loader) across() {
	byUID := map[uint32]*User{}
	byHome := map[string]*User{}
	for _, name := range l.table.names {
		u := l.table.users[name]
		if u.UID != 0 {
			l.uniqueUID(u, byUID)
		}
		home := u.Home
		if home == "" {
			home = filepath.Join(l.base.Homes, name)
		}
		if first, ok := byHome[home]; ok {
			v := u.table
			if o := u.origin["home"]; o != nil {
				v = o
			}
			v.Bad(fmt.Sprintf("%q is the home of %s already, line %d", home, first.Name, first.Line), "choose another")
		} else {
			byHome[home] = u
		}
		for _, g := range u.Groups {
			if v := u.origin["groups"]; v != nil && (g.Name == name || g.GID == u.GID) {
				v.Bad(fmt.Sprintf("%s = %d is the user's own group already", g.Name, g.GID), "remove it")
			}
		}
	}
	for uid := range l.host {
		l.table.taken[uid] = true
	}
}

func (l *loader) uniqueUID(u *User, byUID map[uint32]*User) {
	v := u.origin["uid"]
	if first, ok := byUID[u.UID]; ok {
		v.Bad(fmt.Sprintf("%d is the uid of %s already, line %d", u.UID, first.Name, first.Line),
			"give each user a uid of her own")
	} else {
		byUID[u.UID] = u
	}
	if host, ok := l.host[u.UID]; ok && host != u.Name {
		v.Bad(fmt.Sprintf("%d is taken on the host, by %s: the two could read each other's files", u.UID, host),
			"choose another uid")
	}
	l.table.taken[u.UID] = true
}
