package sshd

import (
	"fmt"
	"sync"
	"time"
)

// Of the records about forwards of one connection this many are made in such a
// time. A client may open channels as fast as the network carries them, and must
// not push what others do out of the log.
const (
	maxTellings = 100
	tellingTime = 10 * time.Second
)

// tellings counts the records about a connection's forwards.
type tellings struct {
	mu     sync.Mutex
	began  time.Time
	made   int
	unmade int
}

// forwardRecord records something about a forward, unless there was too much of
// it; the next one that is made then says how many weren't.
func (c *connection) forwardRecord(event string, pairs ...string) {
	skipped, ok := c.tellings.next(time.Now())
	if !ok {
		return
	}
	if skipped > 0 {
		pairs = append(pairs[:len(pairs):len(pairs)], "not recorded", fmt.Sprint(skipped))
	}
	c.record(levelInfo, event, "", pairs...)
}

func (t *tellings) next(now time.Time) (skipped int, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if now.Sub(t.began) > tellingTime {
		t.began, t.made = now, 0
	}
	if t.made >= maxTellings {
		t.unmade++
		return 0, false
	}
	t.made++
	skipped, t.unmade = t.unmade, 0
	return skipped, true
}
