package template

import (
	"context"
	"errors"
	"strconv"
	"sync/atomic"
	"testing"
)

// TestEachOf: the first error ends the work, and is the one that comes back.
func TestEachOf(t *testing.T) {
	t.Parallel()
	var names []string
	for i := range 10_000 {
		names = append(names, strconv.Itoa(i))
	}
	var calls atomic.Int64
	if err := eachOf(t.Context(), names, func(string) error { calls.Add(1); return nil }); err != nil || calls.Load() != 10_000 {
		t.Errorf("%d calls, %v", calls.Load(), err)
	}

	boom := errors.New("boom")
	for name, cancelled := range map[string]bool{"an error": false, "a cancel": true} {
		ctx, cancel := context.WithCancel(t.Context())
		calls.Store(0)
		err := eachOf(ctx, names, func(string) error {
			calls.Add(1)
			if cancelled {
				cancel()
				return nil
			}
			return boom
		})
		if want := map[bool]error{false: boom, true: context.Canceled}[cancelled]; !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", name, err, want)
		}
		if n := calls.Load(); n > 1000 {
			t.Errorf("%s: %d calls", name, n)
		}
		cancel()
	}
}
