package sshd

import (
	"container/heap"
	"net/netip"
	"time"
)

// penaltyTable has the penalties of sources, and knows which ends first.
type penaltyTable struct {
	by    map[netip.Prefix]*penalty
	queue penaltyQueue
}

// penalty is what a source has collected.
type penalty struct {
	source  netip.Prefix
	until   time.Time
	active  bool // it has reached Min: the source is refused
	crashed bool // by a crash, among other things
	why     offence
	place   int // in the queue
}

func (t *penaltyTable) add(source netip.Prefix, until time.Time) *penalty {
	p := &penalty{source: source, until: until}
	if t.by == nil {
		t.by = map[netip.Prefix]*penalty{}
	}
	t.by[source] = p
	heap.Push(&t.queue, p)
	return p
}

func (t *penaltyTable) remove(p *penalty) {
	delete(t.by, p.source)
	heap.Remove(&t.queue, p.place)
}

// extend adds to a penalty, which ends no later than last.
func (t *penaltyTable) extend(p *penalty, by time.Duration, last time.Time) {
	p.until = p.until.Add(by)
	if p.until.After(last) {
		p.until = last
	}
	heap.Fix(&t.queue, p.place)
}

// expire forgets penalties whose time has passed.
func (t *penaltyTable) expire(now time.Time) {
	for len(t.queue) > 0 && !t.queue[0].until.After(now) {
		t.remove(t.queue[0])
	}
}

// penaltyQueue is a heap, with the penalty in front that ends first.
type penaltyQueue []*penalty

// Len is sort.Interface's.
func (q penaltyQueue) Len() int { return len(q) }

// Less is sort.Interface's.
func (q penaltyQueue) Less(i, j int) bool { return q[i].until.Before(q[j].until) }

// Swap is sort.Interface's.
func (q penaltyQueue) Swap(i, j int) {
	q[i], q[j] = q[j], q[i]
	q[i].place, q[j].place = i, j
}

// Push is heap.Interface's.
func (q *penaltyQueue) Push(x any) {
	entry := x.(*penalty)
	entry.place = len(*q)
	*q = append(*q, entry)
}

// Pop is heap.Interface's.
func (q *penaltyQueue) Pop() any {
	last := len(*q) - 1
	entry := (*q)[last]
	(*q)[last] = nil
	*q = (*q)[:last]
	return entry
}
