package sshd

import "sync"

// tally counts the sessions of each user over all connections. It holds those who
// have one.
type tally struct {
	mu sync.Mutex
	by map[string]int
}

// take counts a session in, unless the user has limit of them; zero is no limit.
func (t *tally) take(user string, limit uint32) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if limit > 0 && t.by[user] >= int(limit) {
		return false
	}
	if t.by == nil {
		t.by = map[string]int{}
	}
	t.by[user]++
	return true
}

// leave counts a session out.
func (t *tally) leave(user string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.by[user]--; t.by[user] <= 0 {
		delete(t.by, user)
	}
}
