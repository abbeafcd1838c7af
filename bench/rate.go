package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

const (
	rateGap    = 5 * time.Millisecond // between two bursts
	rateBurst  = 1000                 // bytes
	rateBlock  = 3 * time.Second      // of one stage before it is the other's turn
	rateBlocks = 2
)

// takeRate shows 200 KB a second.
func takeRate(ctx context.Context, stages []*stage, r *report) error {
	times := map[string][]float64{}
	for range rateBlocks {
		for _, st := range stages {
			late, err := st.latencies(ctx, st.everybody(), rateBurst, rateBlock)
			if err != nil {
				return err
			}
			times[st.name] = append(times[st.name], late...)
		}
	}
	what := fmt.Sprintf("200 KB/s to %d viewers, latency ", manyViewers)
	r.add(row{what: what + "p50", peer: "tmux", unit: "ms", goal: 6}, times)
	r.add(row{what: what + "p99", peer: "tmux", unit: "ms", goal: 15, percentile: 99}, times)
	return nil
}

// latencies shows bursts for some time, and returns after how many ms each of the
// viewers had each burst, or a later one. The owner is the last of to, and doesn't
// count.
func (st *stage) latencies(ctx context.Context, to []*terminal, burst int, length time.Duration) ([]float64, error) {
	bursts := int(length / rateGap)
	start := time.Now()
	shown := make([]atomic.Int64, bursts) // since start
	var mu sync.Mutex
	var late []float64
	next := make([]int, len(to))
	_, err := st.play(ctx, to, func(w io.Writer) error {
		text := output(burst*bursts, "\n")
		tick := time.NewTicker(rateGap)
		defer tick.Stop()
		for i := range bursts {
			<-tick.C
			part := fmt.Appendf(text[i*burst:(i+1)*burst:(i+1)*burst], "\n%s\n", mark(i))
			shown[i].Store(int64(time.Since(start)))
			if _, err := w.Write(part); err != nil {
				return err
			}
		}
		return nil
	}, func(i int, piece []byte) {
		now := time.Since(start)
		if i == len(to)-1 {
			return
		}
		last := lastMark(piece)
		mu.Lock()
		defer mu.Unlock()
		for ; next[i] <= last; next[i]++ {
			late = append(late, milliseconds(now-time.Duration(shown[next[i]].Load())))
		}
	})
	return late, err
}

// mark is by what a burst is known. Nothing else that is shown has two of its signs.
func mark(i int) string { return fmt.Sprintf("#%06d#", i) }

// lastMark is the number of the last mark in a piece of a terminal's output, or -1.
func lastMark(piece []byte) int {
	for {
		end := bytes.LastIndexByte(piece, '#')
		if end < 0 {
			return -1
		}
		piece = piece[:end]
		if begin := end - len("#000000"); begin >= 0 && piece[begin] == '#' {
			if n, err := strconv.Atoi(string(piece[begin+1:])); err == nil {
				return n
			}
		}
	}
}
