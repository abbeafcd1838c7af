package main

import (
	"context"
	"fmt"
	"path/filepath"

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
	srv, err := startJailsh(ctx, s)
	if err != nil {
		return err
	}
	defer srv.stop()
	client, err := s.dial(ctx)
	if err != nil {
		return srv.wrap(err)
	}
	defer client.Close()
	var open []*cell.Cell
	for _, name := range users {
		c, err := client.Open(ctx, name)
		if err == nil {
			open = append(open, c)
			err = runTrue(ctx, c)
		}
		if err != nil {
			return srv.wrap(err)
		}
	}
	for _, c := range open {
		c.Close()
	}
	processes, err := tree(srv.cmd.Process.Pid)
	if err != nil {
		return err
	}
	values := map[string][]float64{"goal": {idleGoal}}
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
		return srv.wrap(fmt.Errorf("%d cells run instead of %d", n, idleCells))
	}
	r.add(row{what: fmt.Sprintf("memory of an idle cell of %d (PSS)", idleCells), peer: "goal", unit: "KiB", target: 1}, values)
	return nil
}
