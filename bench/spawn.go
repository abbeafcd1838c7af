package main

import (
	"context"
	"fmt"
	"os/exec"
	"time"

	"github.com/jailsh/jailsh/internal/admin"
	"github.com/jailsh/jailsh/internal/cell"
	"github.com/jailsh/jailsh/internal/wire"
)

const spawnRounds = 300

// takeSpawn compares a command in a running cell, from the request to its exit
// status, with the same bash started by this process in the same files.
func takeSpawn(ctx context.Context, s *site, _ *server, client *admin.Client, r *report) error {
	c, err := client.Open(ctx, warmUser)
	if err != nil {
		return err
	}
	defer c.Close()
	values := map[string][]float64{}
	for range spawnRounds {
		start := time.Now()
		if err := s.bash(ctx).Run(); err != nil {
			return err
		}
		values["fork+exec"] = append(values["fork+exec"], milliseconds(time.Since(start)))
		start = time.Now()
		if err := runTrue(ctx, c); err != nil {
			return err
		}
		values["jailsh"] = append(values["jailsh"], milliseconds(time.Since(start)))
	}
	r.add(row{what: "command in a running cell", peer: "fork+exec", unit: "ms", target: 1.5}, values)
	return nil
}

// runTrue runs bash -c true in the cell.
func runTrue(ctx context.Context, c *cell.Cell) error {
	p, err := c.Spawn(ctx, &wire.Spawn{Exec: true, Command: "true"})
	if err != nil {
		return err
	}
	exit, ok := <-p.Exit()
	p.Stdin.Close()
	p.Stdout.Close()
	p.Stderr.Close()
	if !ok || exit.Status != 0 || exit.Signal != 0 {
		return fmt.Errorf("true ended by %+v", exit)
	}
	return nil
}

// bash is bash -c true as the benchmark's account, in the files that all servers
// give their users.
func (s *site) bash(ctx context.Context) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "/bin/bash", "-c", "true")
	cmd.Dir = "/"
	cmd.Env = []string{"PATH=/usr/bin:/bin", "HOME=/home/" + accountName}
	cmd.SysProcAttr = s.inChroot()
	return cmd
}
