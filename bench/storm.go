package main

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"
)

const (
	stormClients = 16
	stormBlocks  = 4
	stormTime    = 2 * time.Second // of one block
)

// takeStorm counts the logins of 16 clients that each log in, run true, log out,
// and come again.
func takeStorm(ctx context.Context, servers []*server, r *report) error {
	rates := map[string][]float64{}
	for range stormBlocks {
		for _, srv := range servers {
			if err := srv.settle(ctx); err != nil {
				return err
			}
			rate, err := storm(ctx, srv)
			if err != nil {
				return err
			}
			rates[srv.name] = append(rates[srv.name], rate)
		}
	}
	r.add(row{what: "logins per second, 16 clients", unit: "/s", target: 5, more: true}, rates)
	return nil
}

// storm returns the logins per second of one block. All that began in time are
// waited for and count, with the time that they took.
func storm(ctx context.Context, srv *server) (float64, error) {
	var clients sync.WaitGroup
	var done atomic.Int64
	errs := make([]error, stormClients)
	start := time.Now()
	for i := range stormClients {
		clients.Go(func() {
			for errs[i] == nil && time.Since(start) < stormTime {
				if errs[i] = srv.login(ctx); errs[i] == nil {
					done.Add(1)
				}
			}
		})
	}
	clients.Wait()
	return float64(done.Load()) / time.Since(start).Seconds(), errors.Join(errs...)
}
