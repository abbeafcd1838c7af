package main

import (
	"context"
	"fmt"
	"time"
)

const (
	loginRounds = 60
	coldRounds  = 25
)

// loginStock logs in with the stock client and runs true.
func (srv *server) loginStock(ctx context.Context, user string) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	cmd, err := srv.stock(ctx, user, "true")
	if err != nil {
		return err
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		return srv.wrap(fmt.Errorf("ssh: %w: %s", err, out))
	}
	return nil
}

// timeLogins logs in at each server in turn, rounds times. The server is idle
// before each login.
func timeLogins(ctx context.Context, servers []*server, rounds int, user func(*server) string) (map[string][]float64, error) {
	times := map[string][]float64{}
	for range rounds {
		for _, srv := range servers {
			if err := srv.settle(ctx); err != nil {
				return nil, err
			}
			start := time.Now()
			if err := srv.loginStock(ctx, user(srv)); err != nil {
				return nil, err
			}
			times[srv.name] = append(times[srv.name], milliseconds(time.Since(start)))
		}
	}
	return times, nil
}

// takeLogin times logins while the cell runs, and counts the CPU that the server
// spends on them, the user's own `bash -c true` included.
func takeLogin(ctx context.Context, servers []*server, r *report) error {
	before := map[string]time.Duration{}
	for _, srv := range servers {
		cpu, err := srv.group.cpu()
		if err != nil {
			return err
		}
		before[srv.name] = cpu
	}
	times, err := timeLogins(ctx, servers, loginRounds, func(srv *server) string { return srv.user })
	if err != nil {
		return err
	}
	r.add(row{what: "login by ssh(1), cell running", unit: "ms", target: 0.10}, times)
	spent := map[string][]float64{}
	for _, srv := range servers {
		if err := srv.settle(ctx); err != nil {
			return err
		}
		cpu, err := srv.group.cpu()
		if err != nil {
			return err
		}
		spent[srv.name] = []float64{milliseconds(cpu-before[srv.name]) / loginRounds}
	}
	r.add(row{what: "server CPU per login", unit: "ms", target: 0.20}, spent)
	shell, err := servers[0].site.shellCPU(ctx)
	if err != nil {
		return err
	}
	r.notes = append(r.notes, fmt.Sprintf("server CPU: of it %s ms on either side are the user's own bash -c true", number(milliseconds(shell))))
	return nil
}

// takeCold times logins that start the cell.
func takeCold(ctx context.Context, servers []*server, r *report) error {
	times, err := timeLogins(ctx, servers, coldRounds, func(srv *server) string { return srv.coldUser })
	if err != nil {
		return err
	}
	r.add(row{what: "login by ssh(1), cell started", unit: "ms", target: 0.15}, times)
	return nil
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
