package sshd

import "time"

// Keys are exchanged anew after so many bytes, which x/crypto counts, or so much
// time, which it doesn't know of (RFC 4253 section 9). Its key exchange is asked for
// over a channel that has no exported way to it, as in drain.go.

// rekeyLater begins to count the time.
func (c *connection) rekeyLater() {
	d := c.settings.RekeyInterval
	if d <= 0 || c.requestKex == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.rekey = time.AfterFunc(d, func() {
		select {
		case c.requestKex <- struct{}{}:
		default: // one is asked for already
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.ctx.Err() == nil {
			c.rekey.Reset(d)
		}
	})
}
