package main

import (
	"errors"
	"fmt"

	"github.com/jailsh/jailsh/internal/admin"
	"github.com/jailsh/jailsh/internal/config"
)

// dial connects to the jailshd of an instance, which has to run.
func dial(cfg *config.Config) (*admin.Client, error) {
	d, err := admin.Dial(cfg.RunDir)
	if errors.Is(err, admin.ErrNoDaemon) {
		return nil, fmt.Errorf("%s: jailshd doesn't run for this instance - start it: jailshd --config %s", cfg.File, cfg.File)
	}
	return d, err
}
