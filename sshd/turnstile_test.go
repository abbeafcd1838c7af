package sshd

import (
	"sync"
	"testing"
)

// Many pass at once, and none is left waiting; nor is one who comes when the
// server has ended.
func TestTurnstileLetsAllPass(t *testing.T) {
	t.Parallel()
	turnstile, err := newTurnstile()
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			for range 500 {
				turnstile.pass()
			}
		})
	}
	all.Wait()
	turnstile.event.Close()
	turnstile.pass()
}
