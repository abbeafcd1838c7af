package share

import (
	"context"
	"errors"
	"slices"
	"time"
)

// maxWaiting is how many may ask to look at one share at a time.
const maxWaiting = 8

// Errors of Ask, Join and Admit.
var (
	ErrRefused = errors.New("the owner doesn't let you in")
	ErrCrowded = errors.New("as many wait as may: try again later")
	ErrUsed    = errors.New("the token was good for one, and somebody else was let in")
	ErrStopped = errors.New("this isn't shared any more")
	ErrGone    = errors.New("nobody waits there any more")
)

// Waiting is somebody who has asked to look on, at a share whose owner wants to be
// asked. He sees nothing.
type Waiting struct {
	Share   *Share
	Name    string // for the owner
	Number  int    // among those of the terminal, also when he looks on
	Since   time.Time
	invited bool       // he came with the token
	answer  chan error // of one: nil lets him in
}

// Ask asks the owner. Join must follow.
func (s *Share) Ask(name string, invited bool) (*Waiting, error) {
	h := s.hub
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case s.stopped.Err() != nil:
		return nil, ErrStopped
	case s.used && invited:
		return nil, ErrUsed
	case len(s.waiting) >= maxWaiting:
		return nil, ErrCrowded
	}
	w := &Waiting{Share: s, Name: name, Since: time.Now(), invited: invited, answer: make(chan error, 1)}
	w.Number = s.Terminal.audience.number()
	s.waiting = append(s.waiting, w)
	s.Terminal.audience.notify()
	return w, nil
}

// Join waits for the owner, and then adds the viewer as Share.Join does. The wait ends
// with the share, too.
func (w *Waiting) Join(ctx context.Context, size Size) (*Viewer, error) {
	s := w.Share
	defer w.leave()
	var err error
	select {
	case err = <-w.answer:
	case <-s.stopped.Done():
		err = ErrStopped
	case <-ctx.Done():
		err = ctx.Err()
	}
	if err != nil {
		return nil, err
	}
	return s.join(w.Name, size, w.Number)
}

// leave takes him out of those who wait.
func (w *Waiting) leave() {
	h := w.Share.hub
	h.mu.Lock()
	defer h.mu.Unlock()
	w.tell(ErrGone)
}

// Admit lets him in. If the token is good for one viewer, it was so for him.
func (w *Waiting) Admit() error {
	h, s := w.Share.hub, w.Share
	h.mu.Lock()
	defer h.mu.Unlock()
	if !w.tell(nil) {
		return ErrGone
	}
	if s.Once && w.invited {
		s.used = true
		delete(h.tokens, s.token)
		for _, o := range slices.Clone(s.waiting) {
			if o.invited {
				o.tell(ErrUsed)
			}
		}
	}
	return nil
}

// Refuse sends him away.
func (w *Waiting) Refuse() {
	h := w.Share.hub
	h.mu.Lock()
	defer h.mu.Unlock()
	w.tell(ErrRefused)
}

// tell answers him, once; he doesn't wait any more then. It reports whether he did.
// Hub.mu is held.
func (w *Waiting) tell(answer error) bool {
	s := w.Share
	i := slices.Index(s.waiting, w)
	if i < 0 {
		return false
	}
	s.waiting = slices.Delete(s.waiting, i, i+1)
	w.answer <- answer // there is room
	s.Terminal.audience.notify()
	return true
}

// Waiting are those who wait for the owner.
func (s *Share) Waiting() []*Waiting {
	s.hub.mu.Lock()
	defer s.hub.mu.Unlock()
	return slices.Clone(s.waiting)
}

// Waiting are those who wait to look at a terminal, by whatever share.
func (h *Hub) Waiting(l *Live) (all []*Waiting) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, s := range h.shares[l.Owner] {
		if s.Terminal == l {
			all = append(all, s.waiting...)
		}
	}
	return all
}
