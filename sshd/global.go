package sshd

import (
	"time"

	"golang.org/x/crypto/ssh"
)

const noMoreSessions = "no-more-sessions@openssh.com"

// global carries out a request of the connection, one at a time, and returns its
// answer.
//
// Refused is what has no line here.
func (c *connection) global(r *ssh.Request) (ok bool, data []byte) {
	switch r.Type {
	case "keepalive@openssh.com", noMoreSessions:
		return true, nil
	case proveHostKeys:
		return c.prove(r.Payload)
	case tcpForward, unixForward:
		return c.listen(r.Type, r.Payload)
	case cancelTCPForward, cancelUnixForward:
		return c.cancelListen(r.Type, r.Payload), nil
	}
	return false, nil
}

// endSessions is what a client asks for that wants whoever takes it over to be
// kept from opening another session (PROTOCOL of OpenSSH, section 2.2).
func (c *connection) endSessions() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.noMore.IsZero() {
		c.noMore = time.Now()
	}
}

// overtaken is how long an open may take from the wire to the count below.
const overtaken = time.Second

// forbidden reports whether another session is against the client's own word.
// The libraries hand opens and requests to different goroutines: the one session
// that ssh(1) opens just before it asks may be seen after. It is recognised by
// being the first, within a second.
//
// c.mu must be held.
func (c *connection) forbidden() bool {
	return !c.noMore.IsZero() && (c.opened > 0 || time.Since(c.noMore) > overtaken)
}
