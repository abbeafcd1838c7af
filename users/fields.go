package users

import (
	"strings"

	"github.com/jailsh/jailsh/internal/strict"
	"github.com/jailsh/jailsh/internal/wire"
	"github.com/jailsh/jailsh/sftp/options"
)

type scope uint8

const (
	scopeDefaults scope = iota
	scopeClass
	scopeUser
)

// key returns the field called name, whose value read turns into what it sets.
func key[T any](to *layer, name string, read func(*strict.Value) (T, bool), set func(*User, T)) strict.Field {
	return strict.Field{Name: name, Read: func(v *strict.Value) {
		value, ok := read(v)
		if !ok {
			return
		}
		*to = append(*to, func(u *User) {
			u.origin[name] = v
			set(u, value)
		})
	}}
}

// own returns a field that is for [user.NAME] alone.
func own(s scope, f strict.Field, why string) strict.Field {
	if s != scopeUser {
		f.Read = func(v *strict.Value) { v.Bad("can't be shared: "+why, "put it into [user.NAME]") }
	}
	return f
}

// Keys returns the names of the keys that a user may have.
func Keys() []string { return strict.Names((&loader{}).fields(nil, scopeUser)) }

// LimitKeys returns the names of the keys of limits.
func LimitKeys() []string { return strict.Names(limitFields(nil)) }

// SFTPKeys returns the names of the keys of sftp.
func SFTPKeys() []string { return strict.Names(sftpFields(nil)) }

// Later returns the names of the keys of a user, of her allow and of her limits,
// that are refused as not supported yet.
func Later() []string {
	later := append(strict.Later((&loader{}).fields(nil, scopeUser)), strict.Later(allowFields(nil))...)
	return append(later, strict.Later(limitFields(nil))...)
}

// layer reads one table.
func (l *loader) layer(v *strict.Value, s scope) layer {
	var to layer
	v.Fields(l.fields(&to, s))
	return to
}

// fields is the list of keys of one table; what they set is appended to to.
func (l *loader) fields(to *layer, s scope) []strict.Field {
	return []strict.Field{
		own(s, key(to, "uid", l.uid, func(u *User, id uint32) { u.UID = id }), "each user has a uid of her own"),
		key(to, "gid", l.gid, func(u *User, id uint32) { u.GID = id }),
		key(to, "groups", l.groups, addGroups),
		own(s, key(to, "class", readClass, func(u *User, c string) { u.Class = c }), "there is one level of classes"),

		own(s, key(to, "keys", readKeys, func(u *User, k []*Key) { u.Keys = k }), "a key would open every account"),
		key(to, "authorized_keys", l.keyFile(s), func(u *User, p string) { u.AuthorizedKeys = substitute(p, u.Name) }),
		key(to, "auth", readAuth, func(u *User, totp bool) { u.TOTP = totp }),
		key(to, "principals", readPrincipals, func(u *User, list []string) {
			u.Principals = []string{}
			for _, p := range list {
				u.Principals = append(u.Principals, substitute(p, u.Name))
			}
		}),
		key(to, "pubkey_auth_options", readAuthOptions, func(u *User, o authOptions) {
			u.TouchRequired, u.VerifyRequired = o.touch, o.verify
		}),
		key(to, "from", readFrom, setFrom),
		key(to, "expires", (*strict.Value).Time, setExpires),
		key(to, "disabled", (*strict.Value).Bool, func(u *User, b bool) { u.Disabled = b }),

		key(to, "home", l.home(s), func(u *User, p string) { u.Home = substitute(p, u.Name) }),
		key(to, "template", readTemplate, func(u *User, t string) { u.Template = t }),
		key(to, "shell", readShell, func(u *User, p string) { u.Shell = p }),
		key(to, "hostname", readHostname, func(u *User, h string) { u.Hostname = h }),
		key(to, "umask", readUmask, func(u *User, m uint32) { u.Umask = m }),
		key(to, "env", readEnv, addEnv),
		key(to, "accept_env", readAcceptEnv, func(u *User, p []string) { u.AcceptEnv = p }),
		key(to, "mounts", readMounts, setMounts),

		key(to, "network", readNetwork, func(u *User, n string) { u.Network = n }),
		key(to, "linger", readLinger, setLinger),
		key(to, "share_with", readShareWith, func(u *User, names []string) { u.ShareWith = names }),
		key(to, "kill_on_logout", (*strict.Value).Bool, func(u *User, b bool) { u.KillOnLogout = b }),
		key(to, "attach_ttl", readAttachTTL, setAttachTTL),
		key(to, "persist", (*strict.Value).Bool, func(u *User, b bool) { u.Persist = b }),
		{Name: "allow", Read: func(v *strict.Value) { v.Fields(allowFields(to)) }},
		{Name: "sftp", Read: func(v *strict.Value) { v.Fields(sftpFields(to)) }},
		key(to, "command", readCommand, func(u *User, c string) { u.Command = c }),

		{Name: "limits", Read: func(v *strict.Value) { v.Fields(limitFields(to)) }},

		key(to, "record", readRecord, func(u *User, how uint8) { u.Record = how }),
	}
}

func readClass(v *strict.Value) (string, bool) { return v.Text(maxName) }

// allowFields is the list of what sessions may ask for. Each key is its own
// setting: one that a user doesn't name keeps what her class says.
func allowFields(to *layer) []strict.Field {
	flag := func(name string, field func(*Allow) *bool) strict.Field {
		f := key(to, "allow."+name, (*strict.Value).Bool, func(u *User, b bool) { *field(&u.Allow) = b })
		f.Name = name
		return f
	}
	permits := func(name string, listen bool, field func(*Allow) *[]wire.Permit) strict.Field {
		f := key(to, "allow."+name, readPermits(listen), func(u *User, p []wire.Permit) { *field(&u.Allow) = p })
		f.Name = name
		return f
	}
	return []strict.Field{
		flag("shell", func(a *Allow) *bool { return &a.Shell }),
		flag("exec", func(a *Allow) *bool { return &a.Exec }),
		flag("pty", func(a *Allow) *bool { return &a.PTY }),
		flag("sftp", func(a *Allow) *bool { return &a.SFTP }),
		flag("agent", func(a *Allow) *bool { return &a.Agent }),
		flag("x11", func(a *Allow) *bool { return &a.X11 }),
		flag("share", func(a *Allow) *bool { return &a.Share }),
		flag("publish", func(a *Allow) *bool { return &a.Publish }),
		{Name: "web"},
		permits("local_forward", false, func(a *Allow) *[]wire.Permit { return &a.LocalForward }),
		permits("remote_forward", true, func(a *Allow) *[]wire.Permit { return &a.RemoteForward }),
	}
}

func readCommand(v *strict.Value) (string, bool) {
	s, ok := v.Text(wire.MaxCommand)
	if _, _, err := options.Command(s); ok && err != nil {
		what, fix, _ := strings.Cut(err.Error(), " - ")
		v.Bad(options.Internal+": "+what, fix)
		return "", false
	}
	return s, ok
}
