package share

import (
	"context"
	"errors"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jailsh/jailsh/share/screen"
)

// Role is what a viewer may do.
type Role uint32

// The roles.
const (
	View Role = iota // see
	Type             // and type
)

func (r Role) String() string {
	if r == Type {
		return "type"
	}
	return "view"
}

// ErrRemoved is what a viewer is told whom the owner has sent away.
var ErrRemoved = errors.New("the owner has ended your view")

// portion is how much a viewer is given at once, in bytes.
const portion = 32 << 10

// Viewer is somebody who looks on. Next is called by one goroutine, the others by any.
type Viewer struct {
	terminal *Terminal
	Name     string // for the owner
	Number   int    // among those of the terminal, from 1
	Since    time.Time
	role     atomic.Uint32
	removed  context.Context
	remove   context.CancelFunc

	mu   sync.Mutex
	size Size // zero: no terminal, or one that is as large as the owner's

	// Of Next alone.
	streamed bool   // he has been shown the screen, and then the stream
	at       uint64 // what was shown of it
	epoch    uint64
	frame    *picture // the last one, if frames are shown
}

// Join adds a viewer. He must leave with Leave.
func (t *Terminal) Join(name string, role Role, size Size) *Viewer {
	return t.joinAs(name, role, size, t.audience.number())
}

// joinAs adds him under a number of his own.
func (t *Terminal) joinAs(name string, role Role, size Size, number int) *Viewer {
	v := &Viewer{terminal: t, Name: name, Number: number, Since: time.Now(), size: size}
	v.role.Store(uint32(role))
	v.removed, v.remove = context.WithCancel(context.Background())
	t.audience.join(t, v)
	return v
}

// Leave ends the view.
func (v *Viewer) Leave() { v.terminal.audience.leave(v) }

// Remove ends the view from the owner's side: Next returns ErrRemoved.
func (v *Viewer) Remove() { v.remove() }

// Role is what he may do now.
func (v *Viewer) Role() Role { return Role(v.role.Load()) }

// SetRole changes it. What he has typed before is typed.
func (v *Viewer) SetRole(r Role) { v.role.Store(uint32(r)) }

// Resize tells the size of his terminal.
func (v *Viewer) Resize(size Size) {
	v.mu.Lock()
	v.size = size
	v.mu.Unlock()
	v.ask()
}

// Type passes on what he types, if he may. It waits for the program, until ctx is done.
func (v *Viewer) Type(ctx context.Context, p []byte) {
	if v.Role() == Type && v.terminal.typist.input != nil && v.removed.Err() == nil {
		v.terminal.typist.pass(ctx, v, p)
	}
}

// Next waits for what is to be written to his terminal next, all of it. At the end of
// the terminal it returns io.EOF.
func (v *Viewer) Next(ctx context.Context) ([][]byte, error) {
	for {
		now := v.terminal.last.Load()
		data, over := v.shown(now)
		if v.removed.Err() != nil {
			return nil, ErrRemoved
		}
		if len(data) > 0 {
			return data, nil
		}
		if over {
			return nil, io.EOF
		}
		select {
		case <-now.more:
		case <-v.removed.Done():
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// shown is what he hasn't seen yet, and whether that is all there will ever be.
func (v *Viewer) shown(now *tail) (data [][]byte, over bool) {
	if size := v.frameSize(now.size); size != (Size{}) {
		return v.framed(now, size)
	}
	if v.streamed && v.frame == nil && v.epoch == now.epoch && v.at >= now.from {
		data, v.at = now.since(v.at, portion)
		return data, now.ended && len(data) == 0
	}
	p := now.repaint
	if p == nil || p.epoch != now.epoch || p.at < now.from {
		v.ask()
		return nil, false
	}
	v.streamed, v.frame = true, nil
	v.at, v.epoch = p.at, p.epoch
	return [][]byte{p.data}, false
}

// framed is the same for a terminal of another size.
func (v *Viewer) framed(now *tail, size Size) (data [][]byte, over bool) {
	p := now.frames[size]
	if p == nil {
		v.ask()
		return nil, false
	}
	if p == v.frame {
		return nil, now.ended && p.at == now.end
	}
	if v.frame == nil || v.epoch != p.epoch {
		data = append(data, []byte(screen.Reset)) // nothing may be left beside a smaller one
	}
	v.frame, v.epoch = p, p.epoch
	return append(data, p.data), false
}

// frameSize is that of the frames he is shown, zero if he is shown the stream: his
// terminal is as large as the owner's, or he has none. No frame is larger than the
// owner's terminal: there is nothing to see beside it.
func (v *Viewer) frameSize(own Size) Size {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.size == (Size{}) || v.size.within() == own {
		return Size{}
	}
	size := v.size.within()
	return Size{min(size.Cols, own.Cols), min(size.Rows, own.Rows)}
}

// ask wants a picture.
func (v *Viewer) ask() {
	v.terminal.wanted.Store(true)
	v.terminal.poke()
}
