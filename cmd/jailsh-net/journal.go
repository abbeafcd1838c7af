package main

import (
	"sync"
	"time"

	"github.com/jailsh/jailsh/internal/wire"
)

// gatherTime is how long a record waits for others. A login makes three or four
// within a few milliseconds; sent one by one, they would wake jailshd as often.
const gatherTime = 20 * time.Millisecond

// gatherSize is how much is sent at once, in bytes of text; a packet has room for
// twice that.
const gatherSize = wire.MaxPacket / 2

// journal sends records in the order in which they came, several at a time.
type journal struct {
	send func(*wire.Records)

	mu      sync.Mutex
	waiting wire.Records
	size    int
	timer   *time.Timer
}

func newJournal(send func(*wire.Records)) *journal { return &journal{send: send} }

// add takes a record. It waits while others are being sent.
func (j *journal) add(r *wire.Record) {
	j.mu.Lock()
	defer j.mu.Unlock()
	size := textOf(r)
	if len(j.waiting.List) == wire.MaxRecords || j.size+size > gatherSize {
		j.sendAll()
	}
	j.waiting.List = append(j.waiting.List, *r)
	j.size += size
	if len(j.waiting.List) > 1 {
		return // the timer runs
	}
	if j.timer == nil {
		j.timer = time.AfterFunc(gatherTime, j.flush)
	} else {
		j.timer.Reset(gatherTime)
	}
}

// flush sends what waits.
func (j *journal) flush() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.sendAll()
}

func (j *journal) sendAll() {
	if len(j.waiting.List) > 0 {
		j.send(&j.waiting)
		j.waiting.List, j.size = j.waiting.List[:0], 0
	}
}

func textOf(r *wire.Record) int {
	size := len(r.Event) + len(r.Ref) + len(r.User) + len(r.From)
	for _, a := range r.Attrs {
		size += len(a.Key) + len(a.Value)
	}
	return size
}
