package main

import (
	"context"
	"errors"
	"fmt"
)

const (
	unwatchedRounds = 8
	unwatchedSize   = 50_000_000
	unwatchedFile   = "/tmp/unwatched"
)

// takeUnwatched compares a terminal that may be shared, at which nobody looks, to one of
// a user who may not share, on a server where the administrator can't look either: of
// hers no screen is kept, and her output goes from the program to the client as if there
// were no hub.
func takeUnwatched(ctx context.Context, s *site, _ []starter, r *report) (err error) {
	watch := func(how string) error {
		return replaceInFile(s.instanceFile(), `(?m)^watch = .*$`, `watch = "`+how+`"`)
	}
	if err := watch("off"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, watch("shown")) }()
	srv, err := startJailsh(ctx, s)
	if err != nil {
		return err
	}
	defer srv.stop()
	live := *srv
	live.user = liveUser
	users := map[string]*server{"no hub": srv, "jailsh": &live}
	for _, user := range users {
		if err := user.loginStock(ctx, user.user); err != nil {
			return err
		}
	}
	srv.idle += 2 // their cells
	live.idle = srv.idle
	for _, text := range []struct {
		what, command string
	}{
		{"plain", "yes -- 'The quick brown fox jumps over the lazy dog, and over a fence.'"},
		{"colored", `yes -- $'-rw-r--r-- 1 alice alice 4096 Nov 22 10:00 \e[0m\e[01;32mprogram\e[0m'`},
	} {
		for _, user := range users {
			if _, err := user.transfer(ctx, fmt.Sprintf("%s | head -c %d > %s", text.command, unwatchedSize, unwatchedFile), nil); err != nil {
				return err
			}
		}
		rates := map[string][]float64{}
		for range unwatchedRounds {
			for name, user := range users { // now one first, now the other
				took, err := user.transfer(ctx, "cat "+unwatchedFile, nil, "-tt")
				if err != nil {
					return err
				}
				rates[name] = append(rates[name], unwatchedSize/1e6/took.Seconds())
			}
		}
		r.add(row{what: "cat of 50 MB, " + text.what + ", nobody looks on", peer: "no hub", unit: "MB/s", target: 0.97, more: true}, rates)
	}
	return nil
}
