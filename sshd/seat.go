package sshd

import (
	"context"
	"errors"
	"io"
	"slices"
	"time"

	"github.com/jailsh/jailsh/internal/wire"
	"github.com/jailsh/jailsh/share"
	"golang.org/x/crypto/ssh"
)

// seat is a session that is attached to a kept terminal.
type seat struct {
	session *session
	kept    *keptTerminal
	keys    detachKeys
	left    chan struct{} // closed by detach
	fresh   bool          // the terminal was made for it

	// Of kept.mu.
	size   wire.Size
	turn   *turn
	viewer *share.Viewer // nil in front
	gone   bool
}

// errDetached is why a seat is left.
var errDetached = errors.New("detached")

// sit attaches a session, in front. A terminal that is new has nothing to be shown.
// It returns nil if the terminal has ended just now.
func (k *keptTerminal) sit(s *session, size wire.Size, fresh bool) *seat {
	a := &seat{session: s, kept: k, size: size, left: make(chan struct{}), fresh: fresh}
	k.mu.Lock()
	defer k.mu.Unlock()
	select {
	case <-k.over:
		return nil
	case <-k.drop:
		return nil
	default:
	}
	if k.timer != nil {
		k.timer.Stop()
	}
	k.lost = time.Time{}
	k.lead(a)
	if fresh {
		a.turn.first = nil
	}
	return a
}

// lead puts a seat in front, and whoever was there behind. mu is held.
func (k *keptTerminal) lead(a *seat) {
	if n := len(k.seats); n > 0 {
		k.seats[n-1].begin(false)
	}
	k.seats = append(slices.DeleteFunc(k.seats, func(o *seat) bool { return o == a }), a)
	k.resize(a.size)
	k.server.owners.Store(k.screen, a.session)
	a.begin(true)
	a.turn.first = k.screen.Repaint()
}

// begin ends a seat's turn and begins another. mu is held.
func (a *seat) begin(front bool) {
	if a.turn != nil {
		a.turn.end()
	}
	t := &turn{front: front, chunks: make(chan []byte)}
	t.ctx, t.end = context.WithCancel(a.session.ctx)
	a.turn = t
}

// leave takes a seat away. The last one to leave starts the time for which the
// terminal is kept.
func (a *seat) leave() {
	k := a.kept
	k.mu.Lock()
	defer k.mu.Unlock()
	if a.gone {
		return
	}
	a.gone = true
	a.turn.end()
	n := len(k.seats)
	front := n > 0 && k.seats[n-1] == a
	k.seats = slices.DeleteFunc(k.seats, func(o *seat) bool { return o == a })
	switch n = len(k.seats); {
	case n > 0 && front:
		next := k.seats[n-1]
		k.seats = k.seats[:n-1]
		k.lead(next)
	case n == 0:
		k.server.owners.Delete(k.screen)
		k.lost = time.Now()
		k.timer = time.AfterFunc(a.session.conn.policy.Load().AttachTTL, k.forget)
	}
}

// forget ends a terminal that nobody has come back to.
func (k *keptTerminal) forget() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.seats) == 0 {
		k.hangUp(false)
	}
}

// show writes to the client until the terminal has ended, and then returns nil, or
// until she is detached or gone.
func (a *seat) show() error {
	for {
		a.kept.mu.Lock()
		now := a.turn
		a.kept.mu.Unlock()
		var err error
		if now.front {
			err = a.output(now)
		} else {
			err = a.view(now)
		}
		select {
		case <-a.left:
			return errDetached
		case <-a.session.ctx.Done():
			return a.session.ctx.Err()
		default:
		}
		if err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
	}
}

// output is a turn in front.
func (a *seat) output(now *turn) error {
	if err := a.write(now.first); err != nil {
		return err
	}
	for {
		select {
		case chunk := <-now.chunks:
			if err := a.write(chunk); err != nil {
				return err
			}
		case <-a.kept.over:
			return io.EOF
		case <-now.ctx.Done():
			return nil
		}
	}
}

// view is a turn as a viewer.
func (a *seat) view(now *turn) error {
	k := a.kept
	k.mu.Lock()
	v, err := k.server.hub.Join(k.screen, "", share.Type, sizeOf(&a.size)) // without a name: nobody is told of her
	a.viewer = v
	k.mu.Unlock()
	if err != nil {
		return io.EOF // it has ended just now
	}
	defer func() {
		k.mu.Lock()
		a.viewer = nil
		k.mu.Unlock()
		v.Leave()
	}()
	for {
		parts, err := v.Next(now.ctx)
		if now.ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		for _, p := range parts {
			if err := a.write(p); err != nil {
				return err
			}
		}
	}
}

func (a *seat) write(b []byte) error {
	if len(b) == 0 {
		return nil
	}
	a.session.clock.touch()
	if r := a.session.recording.Load(); r != nil {
		r.output(b)
	}
	if a.session.deaf.Load() {
		return nil
	}
	_, err := a.session.channel.Write(b)
	return err
}

// resize is of the client's terminal.
func (a *seat) resize(size wire.Size) {
	k := a.kept
	k.mu.Lock()
	defer k.mu.Unlock()
	a.size = size
	switch {
	case a.gone:
	case a.turn.front:
		k.resize(size)
	case a.viewer != nil:
		a.viewer.Resize(sizeOf(&size))
	}
}

// input passes on what the client sends, until the keys that detach. What begins with
// ESC may be the answer of a terminal that is no more in front, and doesn't bring it
// there.
func (a *seat) input() {
	from := ssh.Channel(heard{a.session.channel, &a.session.clock})
	raw, err := a.kept.process.PTY.SyscallConn()
	if r := a.session.recording.Load(); r != nil && r.input && err == nil {
		from = &typedInput{Channel: from, to: r, master: raw}
	}
	var buf [keystrokes]byte
	for {
		n, err := from.Read(buf[:])
		keys, detach := a.keys.next(buf[:n])
		if len(keys) > 0 {
			if keys[0] != 0x1b {
				a.kept.prefer(a)
			}
			a.kept.screen.Type(a.session.ctx, keys)
		}
		if detach {
			close(a.left)
			a.kept.mu.Lock()
			a.turn.end()
			a.kept.mu.Unlock()
			return
		}
		if err != nil {
			return
		}
	}
}

// prefer puts a seat in front whose client types.
func (k *keptTerminal) prefer(a *seat) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if !a.gone && !a.turn.front {
		k.lead(a)
	}
}
