package main

import (
	"context"
	"fmt"
)

const (
	scrollRounds = 6
	scrollSize   = 100_000_000
	scrollFile   = "/tmp/scroll"
)

// takeScroll shows a long text on a terminal.
func takeScroll(ctx context.Context, servers []*server, r *report) error {
	for _, srv := range servers {
		text := fmt.Sprintf("yes 'The quick brown fox jumps over the lazy dog, and over a fence.' | head -c %d > %s", scrollSize, scrollFile)
		if _, err := srv.transfer(ctx, text, nil); err != nil {
			return err
		}
	}
	rates := map[string][]float64{}
	for round := range scrollRounds {
		for _, srv := range inTurn(servers, round) {
			took, err := srv.transfer(ctx, "cat "+scrollFile, nil, "-tt")
			if err != nil {
				return err
			}
			rates[srv.name] = append(rates[srv.name], scrollSize/1e6/took.Seconds())
		}
	}
	r.add(row{what: "cat of 100 MB on a terminal", unit: "MB/s", target: 1.2, more: true}, rates)
	return nil
}
