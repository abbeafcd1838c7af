package main

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// How many wrong codes a user may have: a burst, then one a minute. Three codes of
// a million are good at a time, so whoever has her key finds one with a chance of
// less than half a percent a day, and writes a line into the log for each try. He
// also uses up her own tries as long as he goes on; nobody without the key can.
const (
	guessBurst = 5
	guessEvery = time.Minute
)

// guesses bounds the codes that are tried for each user, whatever connections they
// come from. It holds users whose last code was wrong.
type guesses struct {
	mu sync.Mutex
	by map[string]*rate.Limiter
}

// take counts a try, or says how long to wait for the next.
func (g *guesses) take(user string, now time.Time) (wait time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	l := g.by[user]
	if l == nil {
		if g.by == nil {
			g.by = map[string]*rate.Limiter{}
		}
		l = rate.NewLimiter(rate.Every(guessEvery), guessBurst)
		g.by[user] = l
	}
	if l.AllowN(now, 1) {
		return 0
	}
	return time.Duration((1 - l.TokensAt(now)) * float64(guessEvery))
}

// forget is for a user whose code was right.
func (g *guesses) forget(user string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.by, user)
}
