package check

import (
	"github.com/jailsh/jailsh/internal/config"
	"github.com/jailsh/jailsh/internal/instance"
	"github.com/jailsh/jailsh/internal/strict"
	"github.com/jailsh/jailsh/users"
)

// All is every problem of this host, of the instance whose jailsh.toml is at
// path, and of its users, in this order. A file that is wrong is looked into no
// further: what it says about the host isn't certain. The process daemon, 0 for
// none, is the instance's own jailshd, which may hold its ports.
func All(path string, daemon int) strict.Problems {
	found := Kernel()
	cfg, err := config.Load(path)
	found = append(found, instance.Problems(err)...)
	if cfg == nil {
		return found
	}
	if err == nil {
		found = append(found, server(cfg, daemon)...)
	}
	table, tableErr := users.Load(cfg.Users, instance.Base(cfg))
	found = append(found, instance.Problems(tableErr)...)
	if err == nil && tableErr == nil {
		found = append(found, people(&instance.Instance{Config: cfg, Users: table})...)
	}
	return found
}
