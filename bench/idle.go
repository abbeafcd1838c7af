package main

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/jailsh/jailsh/internal/admin"
	"github.com/jailsh/jailsh/internal/cell"
)

const (
	idleCells = 50
	idleGoal  = 1024 // KiB
)

// takeIdle reads what the PID 1 of an idle cell takes of memory when there are
// many. There is no peer that has one; the figure is compared to what it may be.
func takeIdle(ctx context.Context, s *site, _ []starter, r *report) error {
	var users []string
	for i := range idleCells {
		name := fmt.Sprintf("idle%02d", i)
		users = append(users, name)
		jailsh := filepath.Join(s.programs, "jailsh")
		for _, args := range [][]string{{"user", "add", name, "--key", s.keyFile + ".pub"}, {"user", "set", name, "linger=1h"}} {
			if err := command(ctx, jailsh, append([]string{"--config", s.instanceFile()}, args...)...); err != nil {
				return err
			}
		}
	}
	return withJailsh(func(ctx context.Context, _ *site, _ *server, client *admin.Client, r *report) error {
		return readIdle(ctx, client, users, r)
	})(ctx, s, nil, r)
}

// readIdle starts the cells of users, and leaves them.
func readIdle(ctx context.Context, client *admin.Client, users []string, r *report) error {
	var open []*cell.Cell
	for _, name := range users {
		c, err := client.Open(ctx, name)
		if err == nil {
			open = append(open, c)
			err = runTrue(ctx, c)
		}
		if err != nil {
			return err
		}
	}
	for _, c := range open {
		c.Close()
	}
	pid, err := client.Pid()
	if err != nil {
		return err
	}
	processes, err := tree(pid)
	if err != nil {
		return err
	}
	values := map[string][]float64{}
	for _, p := range processes {
		if p.name != "jailsh-init" {
			continue
		}
		n, err := pss(p.pid)
		if err != nil {
			return err
		}
		values["jailsh"] = append(values["jailsh"], float64(n)/1024)
	}
	if n := len(values["jailsh"]); n != idleCells {
		return fmt.Errorf("%d cells run instead of %d", n, idleCells)
	}
	r.add(row{what: fmt.Sprintf("memory of an idle cell of %d (PSS)", idleCells), unit: "KiB", goal: idleGoal}, values)
	return nil
}
