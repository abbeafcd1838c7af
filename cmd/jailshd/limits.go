package main

import (
	"fmt"
	"log/slog"

	"github.com/jailsh/jailsh/internal/strict"
	"github.com/jailsh/jailsh/jail"
	"github.com/jailsh/jailsh/jail/cgroup"
)

// prepareGroups makes the instance's cgroup, and ends what a jailshd that was
// killed has left in it.
func (d *daemon) prepareGroups() (*cgroup.Tree, error) {
	name, err := cgroup.Name(d.instance.Load().Config.RunDir)
	if err != nil {
		return nil, err
	}
	host, err := cgroup.Find()
	if err != nil {
		return nil, err
	}
	groups, left, err := host.Prepare(name)
	if err != nil {
		return nil, err
	}
	if len(left) > 0 {
		d.log.Info("cgroups that the jailshd before has left are removed", "cells", left)
	}
	return groups, nil
}

// strike is told of a limit at work. The user learns of a killed program, which
// would otherwise just be gone; a refused fork her programs complain of themselves.
func (d *daemon) strike(s jail.Strike) {
	who := []slog.Attr{slog.String("user", s.User), slog.String("cell", s.Cell)}
	if s.Killed > 0 {
		limit := strict.ShowSize(s.Limits.Memory)
		d.events.write(slog.LevelWarn, "over the memory limit", append(who, slog.Uint64("killed", s.Killed), slog.String("memory", limit))...)
		text := "killed: over the memory limit of " + limit
		if s.Killed > 1 {
			text = fmt.Sprintf("%d processes %s", s.Killed, text)
		}
		d.net.notice(s.User, text)
	}
	if s.Refused > 0 {
		d.events.write(slog.LevelWarn, "over the process limit", append(who, slog.Uint64("refused", s.Refused), slog.Int64("processes", s.Limits.Processes))...)
	}
}

// applyLimits gives the running cells the limits of the table. Each is waited for
// on its own: one whose user is just being logged in must not keep the others.
func (d *daemon) applyLimits() {
	inst := d.instance.Load()
	for _, name := range d.cells.Users() {
		user, ok := inst.Users.User(name)
		if !ok {
			continue
		}
		limits := inst.Limits(user)
		go func() {
			if err := d.cells.Limit(name, limits); err != nil {
				d.log.Warn("reload: the limits of a running cell stay as they were", "user", name, "error", err)
			}
		}()
	}
}
