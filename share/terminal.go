package share

import (
	"sync"
	"sync/atomic"

	"github.com/jailsh/jailsh/share/screen"
)

const (
	// pending is how much of the output waits to be shown to the screen while nobody
	// looks on, in bytes.
	pending = 16 << 10

	// mostPending is how much waits while somebody does. The painter is never that late
	// unless the processors are busy; then the owner does its work.
	mostPending = 512 << 10

	// kept is how much of the stream viewers can be behind, in bytes. A repaint is
	// mostly shorter.
	kept = 64 << 10

	// mostKept is the capacity of a buffer that is used again.
	mostKept = 64 << 10
)

// buffers are of all terminals: *[]byte, for what comes out of a filter and is of no
// use once the screen has it.
type buffers struct{ sync.Pool }

// Terminal is one live terminal: it has an owner, who writes what a program writes, a
// screen, and any number of viewers.
type Terminal struct {
	buffers *buffers
	typist  typist

	mu     sync.Mutex // of output alone, held for a copy
	output []byte     // not shown to the screen yet

	watched atomic.Bool   // there are viewers, and a painter
	wake    chan struct{} // of one: there is something for the painter

	work   sync.Mutex // of what follows, never held by a viewer
	filter screen.Filter
	screen *screen.Screen
	stale  bool                 // what the frames show
	last   atomic.Pointer[tail] // read without work

	wanted atomic.Bool // a viewer waits for a picture

	audience audience
}

func newTerminal(size Size, input Input, b *buffers) *Terminal {
	size = size.within()
	t := &Terminal{buffers: b, typist: typist{input: input}, screen: screen.New(size.Cols, size.Rows), wake: make(chan struct{}, 1)}
	t.last.Store(&tail{size: size, more: make(chan struct{})})
	return t
}

// Write takes what the program has written. It keeps a copy, and waits for no viewer.
func (t *Terminal) Write(p []byte) {
	t.mu.Lock()
	t.output = append(t.output, p...)
	n := len(t.output)
	t.mu.Unlock()
	most := pending
	if t.watched.Load() {
		t.poke()
		most = mostPending
	}
	if n >= most {
		t.work.Lock()
		if !t.shorten() {
			t.absorb()
		}
		t.work.Unlock()
	}
}

// shorten leaves out of what waits while nobody looks on what the screen won't show any
// more, so that it needn't be told of the rest yet. It tells whether that was worth it.
// work is held.
func (t *Terminal) shorten() bool {
	if t.watched.Load() || !t.filter.Settled() {
		return false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	head, styles, rest := skim(t.output, t.last.Load().size.Rows)
	if len(head)+len(styles)+len(rest) > pending/2 {
		return false
	}
	t.output = append(append(t.output[:len(head)], styles...), rest...) // moves rest to the front
	return true
}

// Resize changes the size, which is the owner's to say.
func (t *Terminal) Resize(size Size) {
	size = size.within()
	t.work.Lock()
	defer t.work.Unlock()
	t.absorb()
	if size == t.last.Load().size {
		return
	}
	t.screen.Resize(size.Cols, size.Rows)
	next := t.last.Load().next()
	next.size, next.from, next.chunks = size, next.end, nil
	next.epoch++
	t.publish(next)
	t.stale = true
	t.poke()
}

// End ends the terminal. Its viewers are shown the rest of it.
func (t *Terminal) End() {
	t.typist.end()
	t.work.Lock()
	defer t.work.Unlock()
	t.absorb()
	next := t.last.Load().next()
	next.ended = true
	t.publish(next)
	t.poke()
}

// Title is what the program calls its window, and whether something may be written
// between: its output has ended neither within a character nor within a sequence.
func (t *Terminal) Title() (title string, settled bool) {
	t.work.Lock()
	defer t.work.Unlock()
	t.absorb()
	return t.screen.Title(), t.filter.Settled()
}

// Size is the owner's.
func (t *Terminal) Size() Size { return t.last.Load().size }

// absorb shows the screen, and the viewers, what was written. work is held.
func (t *Terminal) absorb() {
	t.mu.Lock()
	p := t.output
	t.output = nil
	t.mu.Unlock()
	if len(p) == 0 {
		return
	}
	t.stale = true
	last := t.last.Load()
	if t.watched.Load() && len(p) <= kept {
		chunk := t.filter.Append(nil, p)
		_, _ = t.screen.Write(chunk) // has no errors
		t.publish(last.with(chunk))
	} else { // who looks on is repainted anyway
		visible, _ := t.buffers.Get().(*[]byte)
		if visible == nil {
			visible = new([]byte)
		}
		head, styles, rest := p, []byte(nil), []byte(nil)
		if t.filter.Settled() {
			head, styles, rest = skim(p, last.size.Rows)
		}
		*visible = (*visible)[:0]
		for _, part := range [...][]byte{head, styles, rest} {
			*visible = t.filter.Append(*visible, part)
		}
		_, _ = t.screen.Write(*visible)
		t.publish(last.without(len(p)))
		if cap(*visible) <= mostKept {
			t.buffers.Put(visible)
		}
	}
	if cap(p) <= mostKept {
		t.mu.Lock()
		if t.output == nil {
			t.output = p[:0]
		}
		t.mu.Unlock()
	}
}

// publish replaces the tail. work is held.
func (t *Terminal) publish(next *tail) {
	before := t.last.Load()
	t.last.Store(next)
	close(before.more)
}

// poke wakes the painter.
func (t *Terminal) poke() {
	select {
	case t.wake <- struct{}{}:
	default:
	}
}
