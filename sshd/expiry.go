package sshd

import "time"

// expiryLook is how often the clock is looked at, at least, while somebody is
// logged in with what will expire: a timer doesn't see that the clock was set.
const expiryLook = time.Minute

// expirySoonest is how soon a grant is looked up again, whatever it says: the
// answer may be the same.
const expirySoonest = time.Second

// expire has the connection looked up again when its grant ends.
func (c *connection) expire(until time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.expiry != nil {
		c.expiry.Stop()
		c.expiry = nil
	}
	if until.IsZero() || c.ctx.Err() != nil {
		return
	}
	c.expiry = time.AfterFunc(min(max(time.Until(until), expirySoonest), expiryLook), func() {
		if !c.work.enter() {
			return
		}
		defer c.work.leave()
		if time.Now().Before(until) {
			c.expire(until)
			return
		}
		c.server.recheck.Lock()
		defer c.server.recheck.Unlock()
		c.server.protect(c.ref, "expiry", c.recheck)
	})
}
