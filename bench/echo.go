package main

import (
	"context"
	"fmt"
	"time"
)

const (
	keystrokes     = 2000
	keystrokeBlock = 100 // on one server before it is the other's turn
	keystrokeGap   = 5 * time.Millisecond
)

// takeEcho types on a PTY whose program reads and says nothing: the echo is the
// kernel's, so all of the time is the server's.
func takeEcho(ctx context.Context, servers []*server, r *report) error {
	return typing(ctx, servers, r, "keystroke echo", keystrokes/keystrokeBlock, func(_ *server, t *terminal) ([]float64, error) {
		return t.echoes(ctx, keystrokeBlock, keystrokeGap)
	})
}

// typing opens a terminal at each server, and types blocks in turns. block returns
// how long each echo took in ms.
func typing(ctx context.Context, servers []*server, r *report, what string, blocks int, block func(*server, *terminal) ([]float64, error)) error {
	terminals := map[string]*terminal{}
	defer func() {
		for _, t := range terminals {
			t.close()
		}
	}()
	for _, srv := range servers {
		t, err := srv.terminal(ctx, "echo ready; exec cat >/dev/null", "ready\r\n")
		if err != nil {
			return err
		}
		terminals[srv.name] = t
	}
	times := map[string][]float64{}
	for range blocks {
		for _, srv := range servers {
			took, err := block(srv, terminals[srv.name])
			if err != nil {
				return srv.wrap(err)
			}
			times[srv.name] = append(times[srv.name], took...)
		}
	}
	r.add(row{what: what + ", p50", unit: "ms", target: 1}, times)
	r.add(row{what: what + ", p99", unit: "ms", target: 1, percentile: 99}, times)
	return nil
}

// echoes types n letters, gap apart, and a newline, and returns how long each letter's echo
// took in ms. The newline keeps the kernel's line of input short, and doesn't
// count: its echo is two bytes.
func (t *terminal) echoes(ctx context.Context, n int, gap time.Duration) ([]float64, error) {
	tick := time.NewTicker(gap)
	defer tick.Stop()
	var times []float64
	buf := make([]byte, 16)
	late := time.AfterFunc(time.Minute, t.close)
	defer late.Stop()
	for range n {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		start := time.Now()
		if _, err := t.in.Write([]byte("k")); err != nil {
			return nil, err
		}
		got, err := t.out.Read(buf)
		if err != nil {
			return nil, err
		}
		times = append(times, milliseconds(time.Since(start)))
		if string(buf[:got]) != "k" {
			return nil, fmt.Errorf("the echo of k is %q", buf[:got])
		}
	}
	if _, err := t.in.Write([]byte("\r")); err != nil {
		return nil, err
	}
	return times, t.await([]byte("\n"), time.Minute)
}
