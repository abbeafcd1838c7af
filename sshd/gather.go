package sshd

import (
	"sync"
	"sync/atomic"
	"time"
)

const (
	// envelope is what at most a packet of SSH has around the content of a channel:
	// lengths, padding of up to 255 bytes, and the authentication code (RFC 4253
	// section 6, RFC 4254 section 5.2).
	envelope = 512

	// maxHeld is what a socket holds, bytes: three packets, and the beginning of the
	// fourth, with which they leave (wideSize).
	maxHeld = 3*(chunkSize+envelope) + libraryBuffer

	// maxHold is how long a packet is held if nothing follows it, although more was
	// to come: the client's window is full, say.
	maxHold = time.Millisecond
)

// gather is what a socket was given to write, and hasn't written. Each write wakes
// whoever waits for it, which with a client that is faster than the server costs as much
// as copying the packet does. It takes no memory while nothing is under way.
type gather struct {
	corked atomic.Bool // more comes at once

	mu    sync.Mutex
	held  *[maxHeld]byte // nil if there is nothing
	n     int            // bytes of it
	timer *time.Timer    // nil until a packet was held for the first time
}

// cork says that more comes at once, until uncork, or until maxHold after the first
// packet that waits: long ones then wait for each other, and leave with a short one or
// when there is no room for another. It doesn't wait for a client who doesn't read.
func (s *socket) cork() {
	if s != nil {
		s.gather.corked.Store(true)
	}
}

// yield passes the turnstile if limit bytes were written since somebody did. Whoever writes
// a lot calls it after each packet, and after the last: then the library's lock is free,
// and a key exchange that is due can begin.
func (s *socket) yield(limit int) {
	if s != nil {
		s.writes.moved(0, limit)
	}
}

// uncork writes what is held. An error is the next write's too.
func (s *socket) uncork() {
	if s == nil {
		return
	}
	s.gather.corked.Store(false)
	s.gather.mu.Lock()
	defer s.gather.mu.Unlock()
	_, _ = s.release(nil)
}

// writePacket is Write of what the library writes at once, a packet or a part of one.
//
// With AES-GCM and AES-CTR it writes the length, which fills its buffer with the beginning
// of a long packet, and then the rest, in two or three calls, each a segment of TCP at
// least. So what is exactly a buffer waits for what comes next, corked or not. Something
// does: no packet after the key exchange is as long as one or two of them, since a length
// of 4 bytes, a content of n * 8 and a tag of n * 16 aren't a multiple of 8.
func (s *socket) writePacket(b []byte) (int, error) {
	s.writes.moved(len(b), 2*stretch) // whoever writes a lot has mostly passed before, by yield
	g := &s.gather
	g.mu.Lock()
	defer g.mu.Unlock()
	switch room := maxHeld - g.n; {
	case len(b) == libraryBuffer && len(b) <= room:
	case g.corked.Load() && len(b) > libraryBuffer && len(b) <= room-libraryBuffer: // which leaves room for a beginning
		g.limit(s)
	default:
		return s.release(b)
	}
	if g.held == nil {
		g.held = s.chunks.held.get()
	}
	g.n += copy(g.held[g.n:], b)
	return len(b), nil
}

// limit has what is held written in a while.
func (g *gather) limit(s *socket) {
	switch {
	case g.timer == nil:
		g.timer = time.AfterFunc(maxHold, s.uncork) // what was to come at once didn't
	case g.n <= libraryBuffer:
		g.timer.Reset(maxHold)
	}
}

// release writes what is held, and then b; it returns how much of b.
func (s *socket) release(b []byte) (int, error) {
	g := &s.gather
	if g.held == nil {
		if len(b) == 0 {
			return 0, nil
		}
		return s.Write(b)
	}
	n, err := s.writeBoth(g.held[:g.n], b)
	n = max(0, n-g.n)
	s.chunks.held.put(g.held)
	g.held, g.n = nil, 0
	return n, err
}
