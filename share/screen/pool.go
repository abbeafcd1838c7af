package screen

import "hash/maphash"

// pool gives equal values the same small number. Number 0 is the zero value and
// always there. Nobody says when a number is no longer used: now and then the
// pool's owner marks those that are, and the rest is given out again.
type pool[T comparable] struct {
	seed   maphash.Seed
	values []T
	used   []uint64 // a bit for each value, during a sweep
	free   []uint32
	slots  []uint32 // open addressing: number+1, 0 where nothing is
	sweep  int      // live values at which to mark again
	live   int
}

const firstSweep = 256

// number returns a value's number. If it says that the pool is due, the caller
// marks and collects before it asks again.
func (p *pool[T]) number(v T) (n uint32, due bool) {
	var zero T
	if v == zero {
		return 0, false
	}
	if p.slots == nil {
		p.seed = maphash.MakeSeed()
		p.values = make([]T, 1, 16)
		p.sweep = firstSweep
		p.rehash(32)
	}
	i := p.find(v)
	if s := p.slots[i]; s != 0 {
		return s - 1, false
	}
	if p.live >= p.sweep {
		return 0, true
	}
	if k := len(p.free); k > 0 {
		n = p.free[k-1]
		p.free = p.free[:k-1]
		p.values[n] = v
	} else {
		n = uint32(len(p.values))
		p.values = append(p.values, v)
	}
	p.slots[i] = n + 1
	p.live++
	if p.live*4 > len(p.slots)*3 {
		p.rehash(2 * len(p.slots))
	}
	return n, false
}

// at is the value of a number.
func (p *pool[T]) at(n uint32) (v T) {
	if n == 0 {
		return v
	}
	return p.values[n]
}

// find returns the slot where v is or belongs.
func (p *pool[T]) find(v T) int {
	mask := len(p.slots) - 1
	i := int(maphash.Comparable(p.seed, v)) & mask
	for p.slots[i] != 0 && p.values[p.slots[i]-1] != v {
		i = (i + 1) & mask
	}
	return i
}

func (p *pool[T]) rehash(size int) {
	old := p.slots
	p.slots = make([]uint32, size)
	for _, s := range old {
		if s != 0 {
			p.slots[p.find(p.values[s-1])] = s
		}
	}
}

// unmark begins a sweep.
func (p *pool[T]) unmark() {
	n := (len(p.values) + 63) / 64
	if cap(p.used) < n {
		p.used = make([]uint64, n, 2*n)
	}
	p.used = p.used[:n]
	clear(p.used)
}

func (p *pool[T]) mark(n uint32) {
	if n != 0 {
		p.used[n/64] |= 1 << (n % 64)
	}
}

func (p *pool[T]) marked(n uint32) bool { return p.used[n/64]&(1<<(n%64)) != 0 }

// collect ends a sweep: what wasn't marked is gone.
func (p *pool[T]) collect() {
	var zero T
	clear(p.slots)
	p.free = p.free[:0]
	p.live = 0
	for n := uint32(1); n < uint32(len(p.values)); n++ {
		if p.marked(n) {
			p.live++
			p.slots[p.find(p.values[n])] = n + 1
			continue
		}
		p.values[n] = zero
		p.free = append(p.free, n)
	}
	p.sweep = max(firstSweep, 2*p.live)
}
