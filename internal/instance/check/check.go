package check

import (
	"time"

	"github.com/jailsh/jailsh/internal/config"
	"github.com/jailsh/jailsh/internal/instance"
	"github.com/jailsh/jailsh/internal/wire"
	"github.com/jailsh/jailsh/users"
)

// Options say what is known already.
type Options struct {
	// Daemon is the process of the instance's own jailshd, 0 for none. It may hold
	// the instance's ports.
	Daemon int
	// Stale are the keys of jailsh.toml of which it has other values.
	Stale []string
	// Penalised are the sources that it refuses.
	Penalised wire.Penalised
	// Programs is the folder that jailshd and its programs would be started from.
	Programs string
}

// All looks at this host, at the instance whose jailsh.toml is at path, and at its
// users, in this order. A file that is wrong is looked into no further: what it
// says about the host isn't certain.
func All(path string, o Options) *Report {
	r := &Report{Problems: Kernel()}
	k := host()
	k.advice(r)
	r.programs(o.Daemon, o.Programs)
	cfg, err := config.Load(path)
	r.Problems = append(r.Problems, instance.Problems(err)...)
	if cfg == nil {
		return r
	}
	if err == nil {
		r.Problems = append(r.Problems, server(cfg, o.Daemon)...)
		r.hostCertificates(cfg, time.Now())
		r.files(cfg)
		r.stale(cfg, o.Stale)
		r.penalised(cfg, &o.Penalised)
	}
	base, found := instance.Base(cfg)
	r.Problems = append(r.Problems, found...)
	table, tableErr := users.Load(cfg.Users, base)
	r.Problems = append(r.Problems, instance.Problems(tableErr)...)
	if err == nil && len(found) == 0 && tableErr == nil {
		k.room(len(table.Names()), r)
		i := &instance.Instance{Config: cfg, Users: table}
		r.Problems = append(r.Problems, wayOut(i)...)
		people(i, r.groups(o.Daemon), r)
	}
	return r
}
