package sshd

import (
	"errors"
	"sync"
	"time"
)

const (
	// maxOpens is how many channel opens of one connection may wait for their
	// answer to be written. Above it nothing more is read from the client. x/crypto
	// has read up to one buffer of 4 KiB ahead, some 80 opens.
	maxOpens = 256

	// floodTimeout is how long a client may leave the answers unread.
	floodTimeout = 30 * time.Second
)

// flood holds a client back that opens channels faster than it reads the
// answers. gliderlabs/ssh starts a goroutine for each open, before anybody can
// say no, and each waits for the socket: without a bound, such a client takes as
// much memory as it likes.
type flood struct {
	mu      sync.Mutex
	pending int
	closed  bool
	low     chan struct{} // closed when there is room again; nil unless waited for
}

var errFlood = errors.New("the client opens channels and doesn't read the answers")

// begin counts an open in, end out.
func (f *flood) begin() {
	f.mu.Lock()
	f.pending++
	f.mu.Unlock()
}

func (f *flood) end() {
	f.mu.Lock()
	f.pending--
	f.release()
	f.mu.Unlock()
}

// close ends the waiting for good: the connection is over.
func (f *flood) close() {
	f.mu.Lock()
	f.closed = true
	f.release()
	f.mu.Unlock()
}

func (f *flood) release() {
	if f.low != nil && (f.pending < maxOpens || f.closed) {
		close(f.low)
		f.low = nil
	}
}

// wait returns when there is room, or an error when there was none for
// floodTimeout.
func (f *flood) wait() error {
	f.mu.Lock()
	if f.pending < maxOpens || f.closed {
		f.mu.Unlock()
		return nil
	}
	if f.low == nil {
		f.low = make(chan struct{})
	}
	low := f.low
	f.mu.Unlock()
	t := time.NewTimer(floodTimeout)
	defer t.Stop()
	select {
	case <-low:
		return nil
	case <-t.C:
		return errFlood
	}
}
