package sshd

import (
	"time"

	"golang.org/x/crypto/ssh"
)

// global answers a request of the connection. Requests are answered one by one,
// and the ones behind wait, so nothing here may wait for anything.
//
// Refused are, like all that has no line here: tcpip-forward,
// streamlocal-forward@openssh.com and their cancels, which would listen outside
// the jail; hostkeys-prove-00@openssh.com, since no other host keys were offered.
func (c *connection) global(r *ssh.Request) (ok bool) {
	c.server.protect(c.ref, "global request", func() {
		switch r.Type {
		case "keepalive@openssh.com":
			ok = true
		case "no-more-sessions@openssh.com":
			c.noMoreSessions()
			ok = true
		case "tcpip-forward", "streamlocal-forward@openssh.com":
			c.denied(r.Type, r.Payload)
		}
	})
	return ok
}

// noMoreSessions is what a client asks for that wants whoever takes it over to
// be kept from opening another session (PROTOCOL of OpenSSH, section 2.2).
func (c *connection) noMoreSessions() {
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
