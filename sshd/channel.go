package sshd

import (
	"sync"

	"golang.org/x/crypto/ssh"
)

// channel answers a channel open, and serves the channel to its end. It is
// called in a goroutine of gliderlabs/ssh, for any type.
func (c *connection) channel(sc *ssh.ServerConn, nc ssh.NewChannel) {
	c.flood.begin()
	answered := sync.OnceFunc(c.flood.end)
	defer answered()
	if !c.work.enter() {
		return // the connection is over
	}
	defer c.work.leave()
	if !c.takeChannel() {
		const message = "too many channels"
		c.denied(message, nil)
		_ = nc.Reject(ssh.ResourceShortage, message)
		return
	}
	defer c.leaveChannel()
	c.server.protect(c.ref, "channel", func() {
		c.tellHostKeys()
		switch nc.ChannelType() {
		case "session":
			c.sessionChannel(sc, nc, answered)
		case "direct-tcpip", "direct-streamlocal@openssh.com":
			c.direct(nc, answered)
		default:
			_ = nc.Reject(ssh.UnknownChannelType, "unknown channel type")
		}
	})
}

// takeChannel counts a channel that the client opens in, whatever its type is. Of
// what is on its way to a program or a target that doesn't read, each keeps up to 2
// MiB in memory.
func (c *connection) takeChannel() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if limit := int(c.settings.MaxChannels); limit > 0 && c.channels >= limit {
		return false
	}
	c.channels++
	return true
}

func (c *connection) leaveChannel() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.channels--
}

// sessionChannel serves one session. Errors of Reject and Accept mean that the
// client is gone.
func (c *connection) sessionChannel(sc *ssh.ServerConn, nc ssh.NewChannel, answered func()) {
	id, err := identityOf(sc.Permissions)
	if err != nil || id != c.login.Load() {
		// Neither can be; were it so, nobody would know whose session this is.
		c.record(levelError, "session", "", "error", "the connection's identity is not the one that was verified")
		_ = nc.Reject(ssh.Prohibited, "not logged in")
		return
	}
	number, reason, message := c.takeSession()
	if number != 0 && !c.server.users.take(id.user, c.limit()) {
		c.leaveSession()
		number, reason, message = 0, ssh.ResourceShortage, "too many sessions of this user"
	}
	if number == 0 {
		c.denied(message, nil)
		_ = nc.Reject(reason, message)
		return
	}
	defer c.leaveSession()
	defer c.server.users.leave(id.user)
	c.link.quick.begin()
	settled := sync.OnceFunc(func() {
		c.link.quick.end()
		c.setUp.Do(c.link.quick.end)
	})
	defer settled()
	ch, requests, err := nc.Accept()
	answered()
	if err != nil {
		return
	}
	s := newSession(c, id, ch, number, settled)
	c.mu.Lock()
	c.open[s] = struct{}{}
	c.mu.Unlock()
	defer func() {
		c.mu.Lock()
		delete(c.open, s)
		c.mu.Unlock()
	}()
	s.run(requests)
}

// sessionsOpen returns those that are open now.
func (c *connection) sessionsOpen() []*session {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := make([]*session, 0, len(c.open))
	for s := range c.open {
		all = append(all, s)
	}
	return all
}

// limit is how many sessions the user may have.
func (c *connection) limit() uint32 {
	if g := c.policy.Load(); g != nil {
		return g.Sessions
	}
	return 0
}

// takeSession counts a session in and returns its number, from 1; or 0 and why
// there can't be another.
func (c *connection) takeSession() (number uint32, reason ssh.RejectionReason, message string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch limit := int(c.settings.MaxSessions); {
	case c.ctx.Err() != nil:
		return 0, ssh.Prohibited, "disconnecting"
	case c.forbidden():
		return 0, ssh.Prohibited, "no more sessions"
	case c.opened > 0 && c.login.Load().guest != nil:
		return 0, ssh.Prohibited, "a view is one session"
	case limit > 0 && c.sessions >= limit:
		return 0, ssh.ResourceShortage, "too many sessions"
	}
	c.sessions++
	c.opened++
	return c.opened, 0, ""
}

// leaveSession counts a session out. The last one of a connection that was told
// to go takes it along.
func (c *connection) leaveSession() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sessions--
	if c.sessions == 0 && c.ctx.Err() != nil {
		c.link.Close()
	}
}
