package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"
)

const (
	fewViewers  = 10 // before the first reading of memory
	manyViewers = 100
	warmUp      = 1_000_000 // bytes that are shown before each reading
	churn       = 160       // logins before the first

	steadyEnough = 128 << 10 // bytes, which of what is measured are little

	floodSize   = 20_000_000
	floodRounds = 3 // of jailsh; the peer takes a hundred times as long for one
)

// takeViewers measures what those who look on at a terminal cost, and how soon they see
// what is shown.
func takeViewers(ctx context.Context, s *site, starters []starter, r *report) error {
	stages, closeAll, err := openStages(ctx, s, starters)
	if err != nil {
		return err
	}
	defer closeAll()
	for _, take := range []func(context.Context, []*stage, *report) error{takeViewerMemory, takeFlood, takeRate, takeOwnerEcho} {
		if err := take(ctx, stages, r); err != nil {
			return err
		}
	}
	return nil
}

func openStages(ctx context.Context, s *site, starters []starter) (stages []*stage, closeAll func(), err error) {
	closeAll = func() {
		for _, st := range stages {
			st.close()
		}
	}
	for _, start := range starters {
		st, err := start.live(ctx, s)
		if err != nil {
			closeAll()
			return nil, nil, err
		}
		stages = append(stages, st)
	}
	return stages, closeAll, nil
}

// takeViewerMemory is the slope between few and many, all of whom were shown something.
// Others have come and gone before: what a server is at the end of such, garbage that
// it collects once there is enough, is no part of what a viewer costs.
func takeViewerMemory(ctx context.Context, stages []*stage, r *report) error {
	cost := map[string][]float64{}
	for _, st := range stages {
		if err := st.logins(ctx, churn); err != nil {
			return err
		}
		var readings []int64
		for _, count := range []int{fewViewers, manyViewers} {
			if err := st.grow(ctx, count); err != nil {
				return err
			}
			if _, err := st.play(ctx, st.everybody(), showing(warmUp), nil); err != nil {
				return err
			}
			n, err := st.steadyMemory(ctx, steadyEnough)
			if err != nil {
				return err
			}
			readings = append(readings, n)
		}
		cost[st.name] = []float64{float64(readings[1]-readings[0]) / (manyViewers - fewViewers) / 1000}
	}
	r.add(row{what: "memory per viewer (PSS)", peer: "tmux", unit: "KB", goal: 150}, cost)
	return nil
}

// logins has so many log in, run true, and log out.
func (st *stage) logins(ctx context.Context, count int) error {
	errs := make([]error, joinAtOnce)
	var workers sync.WaitGroup
	for i := range errs {
		workers.Go(func() {
			for range count / joinAtOnce {
				if errs[i] = st.login(ctx); errs[i] != nil {
					return
				}
			}
		})
	}
	workers.Wait()
	return errors.Join(errs...)
}

// takeFlood shows a lot as fast as it can be.
func takeFlood(ctx context.Context, stages []*stage, r *report) error {
	spent, took := map[string][]float64{}, map[string][]float64{}
	for round := range floodRounds {
		for _, st := range stages {
			if round > 0 && st.name != "jailsh" {
				continue
			}
			before, err := st.group.cpu()
			if err != nil {
				return err
			}
			length, err := st.play(ctx, st.everybody(), showing(floodSize), nil)
			if err != nil {
				return err
			}
			after, err := st.group.cpu()
			if err != nil {
				return err
			}
			spent[st.name] = append(spent[st.name], milliseconds(after-before)/manyViewers)
			took[st.name] = append(took[st.name], length.Seconds())
		}
	}
	what := fmt.Sprintf("20 MB to %d viewers, ", manyViewers)
	r.add(row{what: what + "server CPU for each", peer: "tmux", unit: "ms", goal: 40}, spent)
	r.add(row{what: what + "until all have its end", peer: "tmux", unit: "s", goal: 4}, took)
	return nil
}

// showing is a program that writes so many bytes.
func showing(n int) func(io.Writer) error {
	text := output(n, "\n")
	return func(to io.Writer) error {
		_, err := to.Write(text)
		return err
	}
}

const (
	ownerKeys   = 40 // of a block
	ownerBlocks = 5
	ownerGap    = 33 * time.Millisecond // of a key that is held down
)

// takeOwnerEcho types at the terminal at which many look on, and at another one of the
// same user, in turns. That the viewers' clients, in another process, have the same
// processors is in it.
func takeOwnerEcho(ctx context.Context, stages []*stage, r *report) error {
	times := map[string][]float64{}
	for _, st := range stages {
		if st.name == "jailsh" {
			if err := st.ownerEchoes(ctx, times); err != nil {
				return st.wrap(err)
			}
		}
	}
	what := fmt.Sprintf("owner's keystroke echo, %d look on, ", manyViewers)
	r.add(row{what: what + "p50", peer: "nobody", unit: "ms", target: 1.5}, times)
	r.add(row{what: what + "p99", peer: "nobody", unit: "ms", target: 1.5, percentile: 99}, times)
	return nil
}

func (st *stage) ownerEchoes(ctx context.Context, times map[string][]float64) error {
	alone, err := st.terminal(ctx, "echo ready; exec cat >/dev/null", "ready\r\n")
	if err != nil {
		return err
	}
	defer alone.close()
	for _, v := range st.viewers {
		v.close()
	}
	st.viewers = nil
	others, err := st.crowd(ctx)
	if err != nil {
		return err
	}
	for range ownerBlocks {
		for name, t := range map[string]*terminal{"nobody": alone, "jailsh": st.owner} { // now one first, now the other
			took, err := t.echoes(ctx, ownerKeys, ownerGap)
			if err != nil {
				return errors.Join(err, others.leave())
			}
			times[name] = append(times[name], took...)
		}
	}
	return others.leave()
}
