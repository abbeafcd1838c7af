package sshd

import (
	"sync"

	"golang.org/x/crypto/ssh"
)

// maxRequest bounds the data of a global request that waits for its turn, in
// bytes. The longest that is understood names a path, or host keys.
const maxRequest = 16 << 10

// answers are the global requests of a connection that wait for their answer. An
// answer doesn't say what it belongs to, so they go out in the order in which the
// requests came (RFC 4254 section 4); and some have to wait for the cell. The
// libraries' goroutine, behind which everything that the client sends waits, must
// not: it only queues. How many may wait is bounded by flood.
type answers struct {
	mu      sync.Mutex
	waiting []*ssh.Request
	idle    chan struct{} // closed when none is left; nil unless a goroutine works on them
}

// asked takes a request over from the library.
func (c *connection) asked(r *ssh.Request) {
	mine := *r
	r.WantReply = false // the library answers by itself as soon as this returns
	if len(mine.Payload) > maxRequest {
		mine.Type, mine.Payload = "", nil // which is refused
	}
	if mine.Type == noMoreSessions {
		c.endSessions() // at once: the opens that come behind it don't wait in this queue
	}
	c.answers.mu.Lock()
	defer c.answers.mu.Unlock()
	if c.answers.idle == nil {
		if !c.work.enter() {
			return // the connection is over
		}
		c.answers.idle = make(chan struct{})
		go c.answer()
	}
	c.flood.begin()
	c.answers.waiting = append(c.answers.waiting, &mine)
}

// answer works until nothing is left to be answered.
func (c *connection) answer() {
	defer c.work.leave()
	c.tellHostKeys()
	for {
		c.answers.mu.Lock()
		if len(c.answers.waiting) == 0 {
			close(c.answers.idle)
			c.answers.idle, c.answers.waiting = nil, nil
			c.answers.mu.Unlock()
			return
		}
		r := c.answers.waiting[0]
		c.answers.waiting = c.answers.waiting[1:]
		c.answers.mu.Unlock()
		var ok bool
		var data []byte
		if c.server.protect(c.ref, "global request", func() { ok, data = c.global(r) }) {
			ok, data = false, nil
		}
		_ = r.Reply(ok, data) // an error: the client is gone
		c.flood.end()
	}
}

// settle waits until the requests that came before are answered, or over is
// closed. sshd(8) carries out one after the other, and clients count on it: one that
// is to end when a forward fails (ExitOnForwardFailure) must know of it before its
// command has ended with 0.
func (a *answers) settle(over <-chan struct{}) {
	a.mu.Lock()
	idle := a.idle
	a.mu.Unlock()
	if idle == nil {
		return
	}
	select {
	case <-idle:
	case <-over:
	}
}
