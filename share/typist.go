package share

import (
	"context"
	"slices"
	"sync"
)

// typist is the goroutine of a terminal that hands on what viewers type, and at a
// terminal that is kept its user too, from the first time on. A program that doesn't read makes
// it wait, and not those who typed: they can leave.
type typist struct {
	input Input // nil: the program takes none

	mu    sync.Mutex
	keys  chan stroke   // nil: nobody has typed yet
	over  chan struct{} // closed at the end of the terminal; made with keys
	ended bool
	work  sync.WaitGroup
}

// Input hands to the program what a viewer types; nil is the owner.
type Input func(by *Viewer, keys []byte) error

// stroke is what is typed at once.
type stroke struct {
	by   *Viewer
	keys []byte
	done chan struct{} // closed when the program has it
}

// Type passes on what the owner types. It waits for the program, until ctx is done.
func (t *Terminal) Type(ctx context.Context, p []byte) { t.typist.pass(ctx, nil, p) }

// pass hands on what somebody types. It waits for the program, until ctx is done.
func (t *typist) pass(ctx context.Context, by *Viewer, p []byte) {
	keys, over := t.begin()
	s := stroke{by, slices.Clone(p), make(chan struct{})}
	select {
	case keys <- s:
	case <-over:
		return
	case <-ctx.Done():
		return
	}
	select {
	case <-s.done:
	case <-over:
	case <-ctx.Done():
	}
}

// begin starts it, unless it runs. Of a terminal that has ended over is closed.
func (t *typist) begin() (keys chan<- stroke, over <-chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.keys == nil {
		t.keys, t.over = make(chan stroke), make(chan struct{})
		if t.ended {
			close(t.over)
		} else {
			t.work.Go(t.run)
		}
	}
	return t.keys, t.over
}

func (t *typist) run() {
	for {
		select {
		case s := <-t.keys:
			_ = t.input(s.by, s.keys) // an error: the program has ended
			close(s.done)
		case <-t.over:
			return
		}
	}
}

func (t *typist) end() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.ended && t.keys != nil {
		close(t.over)
	}
	t.ended = true
}
