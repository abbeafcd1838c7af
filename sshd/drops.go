package sshd

import (
	"sync"
	"time"
)

// dropInterval is the least time between two records of dropped connections:
// whoever floods the server doesn't flood its log.
const dropInterval = 10 * time.Second

// drops counts connections that were closed at once, between records.
type drops struct {
	mu    sync.Mutex
	last  time.Time // of the latest record
	count int       // since then
}

// note counts n dropped connections. When it is time for a record it returns how
// many there were since the latest one, else 0. n may be 0, to have those told
// that no later drop will.
func (d *drops) note(n int, now time.Time) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.count += n
	if d.count == 0 || now.Sub(d.last) < dropInterval {
		return 0
	}
	n, d.count, d.last = d.count, 0, now
	return n
}
