package main

import (
	"context"
	"time"
)

const (
	memoryRounds = 2
	memoryFew    = 10 // sessions before the first reading
	memoryMany   = 60 // sessions before the second
)

// takeMemory reads what each further idle session costs, on servers that were
// started for it: memory that a server had once and kept would hide the cost.
func takeMemory(ctx context.Context, s *site, starters []starter, r *report) error {
	cost := map[string][]float64{}
	for range memoryRounds {
		servers, stop, err := startAll(ctx, s, starters)
		if err != nil {
			return err
		}
		for _, srv := range servers {
			bytes, err := srv.memoryPerSession(ctx)
			if err != nil {
				stop()
				return err
			}
			cost[srv.name] = append(cost[srv.name], bytes/1024)
		}
		stop()
	}
	r.add(row{what: "memory per further session (PSS)", unit: "KiB", target: 0.10}, cost)
	return nil
}

// memoryPerSession is the slope between few and many sessions, each a connection
// of its own with a shell at its prompt, in bytes.
func (srv *server) memoryPerSession(ctx context.Context) (float64, error) {
	var open []*terminal
	defer func() {
		for _, t := range open {
			t.close()
		}
	}()
	var readings []int64
	for _, count := range []int{memoryFew, memoryMany} {
		for len(open) < count {
			t, err := srv.terminal(ctx, "", "$ ")
			if err != nil {
				return 0, err
			}
			open = append(open, t)
		}
		n, err := srv.steadyMemory(ctx, 16<<10)
		if err != nil {
			return 0, err
		}
		readings = append(readings, n)
	}
	return float64(readings[1]-readings[0]) / (memoryMany - memoryFew), nil
}

// steadyMemory waits until the server's memory has not changed by more than so many
// bytes for a second: then all sessions are set up, and no garbage collector is at work.
func (srv *server) steadyMemory(ctx context.Context, change int64) (int64, error) {
	var last int64
	var since time.Time
	err := poll(ctx, 20*time.Second, func() (bool, error) {
		n, err := srv.memory()
		if err != nil {
			return false, err
		}
		if n > last+change || n < last-change {
			last, since = n, time.Now()
		}
		return time.Since(since) > time.Second, nil
	})
	return last, srv.wrapped(err)
}
