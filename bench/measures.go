package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jailsh/jailsh/internal/admin"
)

// measure is one part of the run; it adds rows to the report. Those that need
// fresh servers come first.
type measure struct {
	name, what string
	take       func(context.Context, *site, []starter, *report) error
}

func measures() []measure {
	return []measure{
		{"memory", "memory of idle sessions", takeMemory},
		{"login", "logins by ssh(1), cell running", withServers(takeLogin)},
		{"cold", "logins by ssh(1), cell started", withServers(takeCold)},
		{"storm", "logins of 16 clients at once", withServers(takeStorm)},
		{"echo", "keystrokes", withServers(takeEcho)},
		{"sftp", "files by sftp(1)", withServers(takeSFTP)},
		{"bulk", "transfers of 1 GiB", withServers(takeBulk("", 1.3))},
		{"bulk-gcm", "the same with AES-GCM", withServers(takeBulk("aes128-gcm@openssh.com", 1))},
		{"bulk-chacha", "the same with ChaCha20", withServers(takeBulk(chaCha20, 0.8))},
		{"busy", "keystrokes under a download", withServers(takeBusy(download))},
		{"busy-up", "keystrokes under an upload", withServers(takeBusy(upload))},
		{"scroll", "100 MB on a terminal", withServers(takeScroll)},
		{"viewers", "terminals at which 100 look on", takeViewers},
		{"stalled", "a viewer who stops reading", takeStalled},
		{"unwatched", "terminals at which nobody looks", takeUnwatched},
		{"model", "the screen model", takeModel},
		{"spawn", "commands in a running cell", withJailsh(takeSpawn)},
		{"cell", "cells from start to end", withJailsh(takeCell)},
		{"filter", "the filter of system calls", takeFilter},
		{"idle", "memory of idle cells", takeIdle},
		{"template", "templates", takeTemplate},
	}
}

func measureNames() []string {
	var names []string
	for _, m := range measures() {
		names = append(names, m.name)
	}
	return names
}

func chooseMeasures(only string) ([]measure, error) {
	if only == "" {
		return measures(), nil
	}
	var chosen []measure
	for name := range strings.SplitSeq(only, ",") {
		i := slices.IndexFunc(measures(), func(m measure) bool { return m.name == name })
		if i < 0 {
			return nil, fmt.Errorf("no measure is called %q - there are %s", name, strings.Join(measureNames(), ", "))
		}
		chosen = append(chosen, measures()[i])
	}
	return chosen, nil
}

// withServers starts each server, logs in once, and stops them afterwards.
func withServers(take func(context.Context, []*server, *report) error) func(context.Context, *site, []starter, *report) error {
	return func(ctx context.Context, s *site, starters []starter, r *report) (err error) {
		servers, stop, err := startAll(ctx, s, starters)
		if err != nil {
			return err
		}
		defer stop()
		return take(ctx, servers, r)
	}
}

// withJailsh starts jailsh alone, and dials its admin socket: what is measured is
// a cell, whatever way it was asked for.
func withJailsh(take func(context.Context, *site, *server, *admin.Client, *report) error) func(context.Context, *site, []starter, *report) error {
	return func(ctx context.Context, s *site, _ []starter, r *report) error {
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
		return srv.wrapped(take(ctx, s, srv, client, r))
	}
}

// startAll starts the servers and logs in once at each, which starts the cell of
// jailsh's user. The caller must call stop.
func startAll(ctx context.Context, s *site, starters []starter) (servers []*server, stop func(), err error) {
	stop = func() {
		for _, srv := range servers {
			srv.stop()
		}
	}
	for _, start := range starters {
		srv, err := start.start(ctx, s)
		if err != nil {
			stop()
			return nil, nil, err
		}
		servers = append(servers, srv)
		if err := srv.loginStock(ctx, srv.user); err != nil {
			stop()
			return nil, nil, err
		}
		srv.idle += srv.cells
		if err := srv.settle(ctx); err != nil {
			stop()
			return nil, nil, err
		}
	}
	return servers, stop, nil
}
