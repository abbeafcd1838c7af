package sshd

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// keepalive finds out that a client is gone without a word, as OpenSSH's
// ClientAliveInterval and ClientAliveCountMax do. It lives in a timer: between
// two looks it costs no goroutine.
type keepalive struct {
	mu       sync.Mutex
	timer    *time.Timer // nil before the login and after stop
	silent   uint32      // looks in a row at which nothing had been heard
	awaiting atomic.Bool // a question is on its way
}

// beAlive starts looking after the client.
func (c *connection) beAlive() {
	d := c.settings.AliveInterval
	if d <= 0 {
		return
	}
	c.alive.mu.Lock()
	defer c.alive.mu.Unlock()
	c.alive.timer = time.AfterFunc(d, func() {
		if c.work.enter() {
			defer c.work.leave()
			c.server.protect(c.ref, "keepalive", c.look)
		}
	})
}

func (k *keepalive) stop() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.timer != nil {
		k.timer.Stop()
		k.timer = nil
	}
}

// look happens every AliveInterval. A client that has sent anything is alive.
func (c *connection) look() {
	if c.link.heard.Swap(false) {
		c.alive.again(c.settings.AliveInterval, 0)
		return
	}
	silent := c.alive.silent + 1 // one look at a time
	if silent > c.settings.AliveCountMax {
		c.record(levelInfo, "silent", "", "looks", fmt.Sprint(silent))
		c.link.Close()
		return
	}
	c.alive.again(c.settings.AliveInterval, silent)
	c.ask()
}

// again sets the timer, first of all: a question may wait for ever.
func (k *keepalive) again(d time.Duration, silent uint32) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.silent = silent
	if k.timer != nil {
		k.timer.Reset(d)
	}
}

// ask sends a request that any client answers, with yes or no. It waits for the
// answer, or for the end of the connection.
func (c *connection) ask() {
	sc := c.conn()
	if sc == nil || c.alive.awaiting.Swap(true) {
		return
	}
	defer c.alive.awaiting.Store(false)
	_, _, _ = sc.SendRequest("keepalive@openssh.com", true, nil) // an error: the connection is over
}
