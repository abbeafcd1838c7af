package sshd

// takePlace counts a connection in among those of its user, and of its source,
// that are logged in; or says why there is none to be had. Only the goroutine that
// serves the connection calls it and leavePlace.
func (c *connection) takePlace(id *identity) refusal {
	c.leavePlace() // of a login that came to nothing
	s := c.server
	if !s.logins.take(id.user, id.grant.Logins) {
		return refusedUser
	}
	if !s.sources.take(c.source, c.settings.LoginsPerSource) {
		s.logins.leave(id.user)
		return refusedHost
	}
	c.place = id
	return 0
}

// leavePlace counts it out.
func (c *connection) leavePlace() {
	if c.place == nil {
		return
	}
	c.server.logins.leave(c.place.user)
	c.server.sources.leave(c.source)
	c.place = nil
}
