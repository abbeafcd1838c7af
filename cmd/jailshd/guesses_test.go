package main

import (
	"testing"
	"time"
)

// Five tries, then one a minute, for each user by herself; a right code gives
// them back.
func TestGuesses(t *testing.T) {
	t.Parallel()
	var g guesses
	now := time.Unix(1_900_000_000, 0)
	allowed := func(user string, n int) {
		t.Helper()
		for i := range n {
			if wait := g.take(user, now); wait != 0 {
				t.Errorf("%s: try %d has to wait for %s", user, i, wait)
			}
		}
		if wait := g.take(user, now); wait <= 0 || wait > guessEvery {
			t.Errorf("%s: one more has to wait for %s", user, wait)
		}
	}
	allowed("alice", guessBurst)
	allowed("bob", guessBurst)
	now = now.Add(guessEvery / 2)
	if wait := g.take("alice", now); wait != guessEvery/2 {
		t.Errorf("half a minute later she has to wait for %s", wait)
	}
	now = now.Add(guessEvery / 2)
	allowed("alice", 1)
	g.forget("alice")
	allowed("alice", guessBurst)
	g.forget("alice")
	g.forget("bob")
	if len(g.by) != 0 {
		t.Errorf("%d are kept", len(g.by))
	}
}

// Whoever keeps guessing has so many tries a day.
func TestGuessesOfADay(t *testing.T) {
	t.Parallel()
	var g guesses
	tries := 0
	for second := range 24 * 60 * 60 {
		if g.take("alice", time.Unix(1_900_000_000+int64(second), 0)) == 0 {
			tries++
		}
	}
	if tries > 24*60+guessBurst {
		t.Errorf("%d tries", tries)
	}
}
