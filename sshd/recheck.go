package sshd

import "errors"

// Recheck asks jailshd again about everybody who is logged in; it is to be
// called when the configuration was read again. Who may not log in any more is
// told so and disconnected; for the others new sessions follow the new grant.
// Sessions that run keep what they were started with, but for the limits of time.
//
// It asks the Broker once for each connection, one after the other, and must
// therefore not be called by what delivers the Broker's answers.
func (s *Server) Recheck() {
	s.epoch.Add(1) // from here on, a login that was looked up earlier asks again
	s.recheck.Lock()
	defer s.recheck.Unlock()
	for _, c := range s.connections() {
		s.protect(c.ref, "recheck", c.recheck)
	}
	for _, p := range s.published.list() {
		p.recheck(s.ctx)
	}
}

func (c *connection) recheck() {
	login := c.login.Load()
	if login == nil {
		return // verified compares the epoch
	}
	if login.guest != nil {
		return // her owner's login is what counts
	}
	now := login.again()
	err := c.grant(now)
	if err == nil {
		err = now.remains()
	}
	denied := (*refused)(nil)
	switch {
	case err == nil:
		c.policy.Store(now.grant)
		c.expire(now.grant.Until)
		c.narrow()
		for _, s := range c.sessionsOpen() {
			s.clock.look() // the limits of time hold for what runs
			s.unshare(now.grant)
		}
	case c.ctx.Err() != nil: // it has just ended
	case errors.As(err, &denied):
		c.record(levelInfo, "withdrawn", "", "reason", err.Error())
		c.disconnect(lostAccess)
	default:
		// jailshd didn't answer, which says nothing about the user.
		c.record(levelError, "recheck", "", "error", err.Error())
	}
}

// remains returns what the login lacks under its new grant, or nil.
func (id *identity) remains() error {
	if !id.complete() {
		return id.refuse("a code is wanted now")
	}
	if why := id.lacks(); why != "" {
		return id.refuse(why)
	}
	return nil
}

// connections returns those that are served now.
func (s *Server) connections() []*connection {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]*connection, 0, len(s.conns))
	for c := range s.conns {
		all = append(all, c)
	}
	return all
}
