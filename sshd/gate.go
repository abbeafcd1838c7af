package sshd

import "sync"

// gate counts the goroutines that work for one connection. Some are started by
// the libraries and by timers, at any moment: one that comes when the connection
// is over is turned away, so that waiting for all of them has an end.
type gate struct {
	mu     sync.Mutex
	closed bool
	inside sync.WaitGroup
}

// enter reports whether there is still something to work for; then leave must be
// called.
func (g *gate) enter() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return false
	}
	g.inside.Add(1)
	return true
}

func (g *gate) leave() { g.inside.Done() }

// close turns newcomers away and waits for those inside.
func (g *gate) close() {
	g.mu.Lock()
	g.closed = true
	g.mu.Unlock()
	g.inside.Wait()
}
