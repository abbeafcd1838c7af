package sshd

import "sync"

// tally counts what each of many has. It holds those who have one.
type tally[K comparable] struct {
	mu sync.Mutex
	by map[K]int
}

// take counts one in, unless who has limit of them already; zero is no limit.
func (t *tally[K]) take(who K, limit uint32) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if limit > 0 && t.by[who] >= int(limit) {
		return false
	}
	if t.by == nil {
		t.by = map[K]int{}
	}
	t.by[who]++
	return true
}

// leave counts one out.
func (t *tally[K]) leave(who K) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.by[who]--; t.by[who] <= 0 {
		delete(t.by, who)
	}
}
