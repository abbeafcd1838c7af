package sshd

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jailsh/jailsh/internal/wire"
	"golang.org/x/crypto/ssh"
)

// warning is how long before its end a session is warned, or half of the limit if
// that is less. Only one with a terminal is, where somebody looks on and can do
// something about it: elsewhere the line would end up in a pipe, a mail of cron's, or
// the output that a program compares.
const warning = time.Minute

// clock ends a session that is idle or has lasted for too long. Idle is what
// OpenSSH's ChannelTimeout calls inactive: neither input nor output. A program
// that shows something is in use, though nobody types; a silent one isn't,
// however busy. The clock lives in a timer, and has none without a limit.
type clock struct {
	session *session
	began   time.Time
	active  atomic.Int64 // since began, when there was input or output

	mu    sync.Mutex
	timer *time.Timer
	over  bool
	told  [2]time.Duration // the ends of idle and of the session that were warned of
}

// touch takes note of input or output.
func (c *clock) touch() { c.active.Store(int64(time.Since(c.began))) }

// set is for a session that begins now; look then starts the clock.
func (c *clock) set(s *session) { c.session, c.began = s, time.Now() }

func (c *clock) stop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.over = true
	if c.timer != nil {
		c.timer.Stop()
	}
}

// look does what is due, and sets the timer for what comes next. It is called at
// the beginning, by the timer, and when the limits have changed.
func (c *clock) look() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.over {
		return
	}
	now := time.Since(c.began)
	next, why := c.due(c.session.conn.policy.Load(), now)
	switch {
	case why != 0:
		c.over = true
		c.session.expire(why)
	case next == 0: // no limit
		if c.timer != nil {
			c.timer.Stop()
		}
	case c.timer == nil:
		c.timer = time.AfterFunc(next-now, c.ring)
	default:
		c.timer.Reset(next - now)
	}
}

// ring is the timer's.
func (c *clock) ring() {
	conn := c.session.conn
	if conn.work.enter() {
		defer conn.work.leave()
		conn.server.protect(conn.ref, "clock", c.look)
	}
}

// due warns, and returns when to look again, zero for never; or why the session
// is over. Times count from its beginning.
func (c *clock) due(g *wire.Grant, now time.Duration) (next time.Duration, why refusal) {
	if g == nil {
		return 0, 0
	}
	for i, l := range [...]struct {
		limit, from time.Duration
		why         refusal
		text        string
	}{
		{g.Idle, time.Duration(c.active.Load()), lostIdle, "idle for too long: this session ends in %s unless something happens"},
		{g.MaxSession, 0, lostTime, "this session has lasted for almost as long as it may: it ends in %s"},
	} {
		if l.limit <= 0 {
			continue
		}
		end := l.from + l.limit
		if now >= end {
			return 0, l.why
		}
		at := end - min(warning, l.limit/2)
		if now >= at {
			if c.told[i] != end {
				c.told[i] = end
				c.warn(fmt.Sprintf(l.text, (end - now).Round(time.Second)))
			}
			at = end
		}
		if next == 0 || at < next {
			next = at
		}
	}
	return next, 0
}

func (c *clock) warn(text string) {
	if c.session.shown.Load() {
		c.session.tell(text)
	}
}

// heard is a channel that tells the clock of input.
type heard struct {
	ssh.Channel
	clock *clock
}

func (h heard) Read(b []byte) (int, error) {
	n, err := h.Channel.Read(b)
	if n > 0 {
		h.clock.touch()
	}
	return n, err
}
