package share

import (
	"slices"
	"sync"
)

// audience are the viewers of a terminal. Its lock is held for a moment, and never by
// who writes.
type audience struct {
	mu       sync.Mutex
	viewers  []*Viewer
	numbers  int // that were given out, ever
	painting bool
	painters sync.WaitGroup
	changed  chan struct{} // closed when somebody joins, leaves, waits or doesn't any more, and replaced
}

func (a *audience) join(t *Terminal, v *Viewer) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.viewers = append(a.viewers, v)
	a.tell()
	if !a.painting {
		a.painting = true
		t.watched.Store(true)
		a.painters.Go(t.paint)
	}
}

// number is one that no viewer has had.
func (a *audience) number() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.numbers++
	return a.numbers
}

// notify is for a change of who waits.
func (a *audience) notify() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.tell()
}

func (a *audience) leave(v *Viewer) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if i := slices.Index(a.viewers, v); i >= 0 {
		a.viewers = slices.Delete(a.viewers, i, i+1)
		a.tell()
	}
	v.terminal.poke()
}

// gone lets the painter end if nobody is left.
func (a *audience) gone(t *Terminal) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.viewers) > 0 {
		return false
	}
	a.painting = false
	t.watched.Store(false)
	return true
}

func (a *audience) tell() {
	if a.changed != nil {
		close(a.changed)
	}
	a.changed = make(chan struct{})
}

// shown are the sizes of the frames that viewers are shown, and whether there is one who
// is shown the stream.
func (a *audience) shown(own Size) (frames []Size, stream bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, v := range a.viewers {
		size := v.frameSize(own)
		if size == (Size{}) {
			stream = true
		} else if !slices.Contains(frames, size) {
			frames = append(frames, size)
		}
	}
	return frames, stream
}

// Viewers are those who look on now, and a channel that is closed when somebody joins,
// leaves, waits, or doesn't wait any more.
func (t *Terminal) Viewers() ([]*Viewer, <-chan struct{}) {
	a := &t.audience
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.changed == nil {
		a.changed = make(chan struct{})
	}
	return slices.Clone(a.viewers), a.changed
}

// Wait returns when nothing of a terminal that has ended runs any more: its viewers
// have left, and its program takes no more.
func (t *Terminal) Wait() {
	t.audience.painters.Wait()
	t.typist.work.Wait()
}
