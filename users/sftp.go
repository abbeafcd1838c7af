package users

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/jailsh/jailsh/internal/strict"
	"github.com/jailsh/jailsh/internal/wire"
	"github.com/jailsh/jailsh/sftp/options"
)

// SFTP is what the sftp subsystem is for a user.
type SFTP struct {
	Server  string // path in the jail; "" for jailsh's own
	Options options.Options
}

// internalServer is the word for jailsh's own server, which is in every jail.
const internalServer = "internal"

// sftpFields is the list of what can be said of sftp. Each key is its own setting.
func sftpFields(to *layer) []strict.Field {
	return []strict.Field{
		sftpField(to, "server", readServer, func(s *SFTP, p string) { s.Server = p }),
		sftpField(to, "read_only", (*strict.Value).Bool, func(s *SFTP, b bool) { s.Options.ReadOnly = b }),
		{Name: "start", Read: key(to, "sftp.start", readStart, func(u *User, p string) { u.SFTP.Options.Start = substitute(p, u.Name) }).Read},
		sftpField(to, "umask", readUmask, func(s *SFTP, m uint32) { s.Options.Umask = int(m) }),
		sftpField(to, "allow", readAllowed, func(s *SFTP, names []string) { s.Options.Allow = names }),
		sftpField(to, "deny", readRequests, func(s *SFTP, names []string) { s.Options.Deny = names }),
		sftpField(to, "log", (*strict.Value).Bool, func(s *SFTP, b bool) { s.Options.Log = b }),
	}
}

func sftpField[T any](to *layer, name string, read func(*strict.Value) (T, bool), set func(*SFTP, T)) strict.Field {
	return strict.Field{Name: name, Read: key(to, "sftp."+name, read, func(u *User, value T) { set(&u.SFTP, value) }).Read}
}

func readServer(v *strict.Value) (string, bool) {
	s, ok := v.Text(wire.MaxPath)
	switch {
	case !ok:
		return "", false
	case s == internalServer:
		return "", true
	case !path.IsAbs(s) || path.Clean(s) != s || s == "/":
		v.Bad(fmt.Sprintf("%q is no path of a program in the jail", s), `use "internal", or write it from the root, like "/usr/lib/openssh/sftp-server"`)
		return "", false
	}
	return s, true
}

// readStart reads a path in the jail. Its % is a % for the server.
func readStart(v *strict.Value) (string, bool) {
	s, ok := v.Text(wire.MaxPath / 2)
	return strings.ReplaceAll(s, "%", "%%"), ok
}

func readAllowed(v *strict.Value) ([]string, bool) {
	names, ok := readRequests(v)
	if ok && len(names) == 0 {
		v.Bad("is empty: nothing could be done", "list requests, or remove the key, or set allow.sftp = false")
		return nil, false
	}
	return names, ok
}

func readRequests(v *strict.Value) ([]string, bool) {
	list, ok := v.List(wire.MaxAttrs)
	if !ok {
		return nil, false
	}
	known, good := options.Requests(), true
	names := []string{}
	for _, e := range list {
		s, ok := e.Text(maxName)
		switch {
		case !ok:
		case slices.Contains(known, s):
			names = append(names, s)
		default:
			good = false
			fix := "use " + strings.Join(known, ", ")
			if near := strict.Nearest(s, known); near != "" {
				fix = fmt.Sprintf("did you mean %q?", near)
			}
			e.Bad(fmt.Sprintf("%q is no request of sftp", s), fix)
		}
	}
	return names, good
}

// sftp refuses what doesn't go together.
func (l *loader) sftp() {
	for _, name := range l.table.names {
		u := l.table.users[name]
		if v := u.origin["sftp.log"]; v != nil && u.SFTP.Options.Log && u.SFTP.Server != "" {
			v.Bad(fmt.Sprintf("only jailsh's own server tells of transfers, and %s has %s", name, u.SFTP.Server), `set server = "internal", or remove log`)
		}
		if _, only, _ := options.Command(u.Command); only && !u.Allow.SFTP {
			u.origin["command"].Bad(fmt.Sprintf("is sftp, which %s isn't allowed", name), "remove sftp = false from allow")
		}
	}
}

// grantSFTP is what of it goes with a grant. command is the forced one, if there is
// one: that it can be read was seen when it was loaded.
func grantSFTP(u *User, forced bool, command string) wire.SFTP {
	g := wire.SFTP{Allowed: u.Allow.SFTP, Server: u.SFTP.Server}
	o := u.SFTP.Options
	if more, only, err := options.Command(command); forced && only && err == nil {
		g.Only, g.Server = true, ""
		o = o.With(more)
	}
	g.Args = o.Args()
	return g
}
