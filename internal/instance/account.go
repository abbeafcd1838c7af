package instance

import (
	"os"
	"path/filepath"

	"github.com/jailsh/jailsh/internal/wire"
	"github.com/jailsh/jailsh/jail"
	"github.com/jailsh/jailsh/jail/egress"
	"github.com/jailsh/jailsh/jail/template"
	"github.com/jailsh/jailsh/users"
)

// networks are the values of users.toml as the plan has them.
var networks = map[string]wire.NetworkKind{
	users.NetworkPrivate: wire.NetworkPrivate,
	users.NetworkHost:    wire.NetworkHost,
	users.NetworkEgress:  wire.NetworkEgress,
}

// Account is the user as jail.Plan wants her. It opens the template's current
// build, and refuses one that is missing or half built.
func (i *Instance) Account(u *users.User) (jail.Account, error) {
	t, err := template.Open(i.Config.Templates, u.Template)
	if err != nil {
		return jail.Account{}, err
	}
	a := jail.Account{
		Name: u.Name, UID: u.UID, GID: u.GID, Groups: u.Groups,
		Home: i.Home(u), HomeLimit: u.Limits.Home, Shell: u.Shell, Hostname: u.Hostname, Umask: u.Umask, Env: u.Env,
		Network: networks[u.Network], Resolver: i.resolver(), Linger: u.Linger, KillOnLogout: u.KillOnLogout, AttachTTL: u.AttachTTL,
		Template: jail.Template{Name: t.Name, Build: t.Build, Tree: t.Tree()},
	}
	a.Limits, a.Tmp = i.Limits(u), u.Limits.Tmp
	if u.Allow.Share {
		own, err := os.Executable()
		if err != nil {
			return jail.Account{}, err
		}
		a.Applet = filepath.Join(filepath.Dir(own), "jailsh-applet")
	}
	for _, m := range u.Mounts {
		a.Mounts = append(a.Mounts, jail.Bind{Source: m.Source, Target: m.Target, Writable: m.Writable, Optional: m.Optional})
	}
	return a, nil
}

// resolver is where the cells' name servers come from.
func (i *Instance) resolver() egress.Resolver {
	e := i.Config.Egress
	return egress.Resolver{Servers: e.DNS, IPv6: len(e.Addresses) > 1}
}

// Egress is what a Router of the instance is made with.
func (i *Instance) Egress() egress.Policy {
	return egress.Policy{Addresses: i.Config.Egress.Addresses, Deny: i.Config.Egress.Deny}
}

// Home is the host directory that is the user's home: her own key, or her name
// in homes.
func (i *Instance) Home(u *users.User) string {
	if u.Home != "" {
		return u.Home
	}
	return filepath.Join(i.Config.Homes, u.Name)
}
