package share

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"
)

const (
	// maxShares is how many shares an owner may have at a time.
	maxShares = 16

	// maxViewers is how many may look at one share at a time.
	maxViewers = 512
)

// Errors of Share and Join.
var (
	ErrName  = errors.New("you share something under this name already: choose another, or stop that")
	ErrMany  = errors.New("you share as much as you may: stop something")
	ErrEnded = errors.New("the terminal has ended")
	ErrFull  = errors.New("as many look on as may")
)

// Hub knows the live terminals of all users, and what of them is shared.
type Hub struct {
	mu      sync.Mutex
	live    map[string][]*Live // by owner, the oldest first
	shares  map[string][]*Share
	tokens  map[digest]*Share
	buffers buffers
	work    sync.WaitGroup // painters of terminals that have ended
}

// NewHub returns one that has none.
func NewHub() *Hub {
	return &Hub{live: map[string][]*Live{}, shares: map[string][]*Share{}, tokens: map[digest]*Share{}}
}

// Live is a terminal that its owner can share.
type Live struct {
	*Terminal
	Owner string
	Label string // by which the owner calls it
	Since time.Time

	ended bool // of Hub.mu
}

// Begin adds a terminal, until End. It is blank. What viewers type who may goes to
// input, which may wait, but not longer than the program can still take it; with nil
// nobody can type.
func (h *Hub) Begin(owner, label string, size Size, input Input) *Live {
	h.mu.Lock()
	defer h.mu.Unlock()
	l := &Live{Terminal: newTerminal(size, input, &h.buffers), Owner: owner, Label: label, Since: time.Now()}
	h.live[owner] = append(h.live[owner], l)
	return l
}

// End takes a terminal out, when its program has written its last. What is shared of
// it is stopped; its viewers see it to the end.
func (h *Hub) End(l *Live) {
	l.Terminal.End()
	h.mu.Lock()
	defer h.mu.Unlock()
	l.ended = true
	h.work.Go(l.Wait)
	for _, s := range slices.Clone(h.shares[l.Owner]) {
		if s.Terminal == l {
			h.forget(s)
		}
	}
	remove(h.live, l.Owner, l)
}

// Wait returns when all terminals have ended, and their viewers have left.
func (h *Hub) Wait() { h.work.Wait() }

// Live returns the owner's terminals, the oldest first.
func (h *Hub) Live(owner string) []*Live {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.live[owner])
}

// Terms are what is shared, and to whom.
type Terms struct {
	Name  string        // of the owner's choice, one of hers
	Role  Role          // of those who join
	Users []string      // who may join by their own login
	TTL   time.Duration // after which it stops; 0: with the terminal
	Once  bool          // the token is good for one viewer

	Approve bool // the owner is asked for each
	NoToken bool // who joins has a login
}

// Join adds a viewer who needs no share. He must leave with Leave.
func (h *Hub) Join(l *Live, name string, role Role, size Size) (*Viewer, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if l.ended {
		return nil, ErrEnded
	}
	return l.Terminal.Join(name, role, size), nil
}

// Share is a terminal that others may look at.
type Share struct {
	Terms
	Terminal *Live
	Until    time.Time // zero: as long as the terminal

	hub     *Hub
	timer   *time.Timer
	stopped context.Context // done when it is stopped
	stop    context.CancelFunc
	token   digest

	// Of Hub.mu.
	viewers []*Viewer
	waiting []*Waiting
	used    bool // the token was good for one viewer, who was let in
}

// Share lets others look at a terminal. The token isn't kept and can't be asked for
// again. With NoToken it is empty.
func (h *Hub) Share(l *Live, t Terms) (*Share, Token, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case l.ended:
		return nil, "", ErrEnded
	case h.named(l.Owner, t.Name) != nil:
		return nil, "", ErrName
	case len(h.shares[l.Owner]) >= maxShares:
		return nil, "", ErrMany
	}
	s := &Share{Terms: t, Terminal: l, hub: h}
	s.stopped, s.stop = context.WithCancel(context.Background())
	if t.TTL > 0 {
		s.Until = time.Now().Add(t.TTL)
		s.timer = time.AfterFunc(t.TTL, s.Stop)
	}
	h.shares[l.Owner] = append(h.shares[l.Owner], s)
	if t.NoToken {
		return s, "", nil
	}
	token := newToken()
	s.token = token.digest()
	h.tokens[s.token] = s
	return s, token, nil
}

// Shares returns what the owner shares.
func (h *Hub) Shares(owner string) []*Share {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.shares[owner])
}

// Shared tells whether a terminal is.
func (h *Hub) Shared(l *Live) bool {
	return slices.ContainsFunc(h.Shares(l.Owner), func(s *Share) bool { return s.Terminal == l })
}

// Named returns what the owner shares under a name, or nil.
func (h *Hub) Named(owner, name string) *Share {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.named(owner, name)
}

func (h *Hub) named(owner, name string) *Share {
	for _, s := range h.shares[owner] {
		if s.Name == name {
			return s
		}
	}
	return nil
}

// Redeem returns what a token is for, or nil. One that is for one viewer is used up
// by it, unless the owner is asked who that is.
func (h *Hub) Redeem(t Token) *Share {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := h.tokens[t.digest()]
	if s != nil && s.Once && !s.Approve {
		delete(h.tokens, s.token)
	}
	return s
}

// Join adds a viewer, with the role of all. He must leave with Leave.
func (s *Share) Join(name string, size Size) (*Viewer, error) {
	return s.join(name, size, s.Terminal.audience.number())
}

// join gives him the number that he had when he waited, or a new one.
func (s *Share) join(name string, size Size, number int) (*Viewer, error) {
	s.hub.mu.Lock()
	defer s.hub.mu.Unlock()
	switch {
	case s.stopped.Err() != nil:
		return nil, ErrStopped
	case len(s.viewers) >= maxViewers:
		return nil, ErrFull
	}
	v := s.Terminal.joinAs(name, s.Role, size, number)
	s.viewers = append(s.viewers, v)
	return v, nil
}

// Leave ends a view.
func (s *Share) Leave(v *Viewer) {
	v.Leave()
	s.hub.mu.Lock()
	defer s.hub.mu.Unlock()
	s.viewers = slices.DeleteFunc(s.viewers, func(o *Viewer) bool { return o == v })
}

// Viewers are those who look on by this share.
func (s *Share) Viewers() []*Viewer {
	s.hub.mu.Lock()
	defer s.hub.mu.Unlock()
	return slices.Clone(s.viewers)
}

// Stop ends it: the token is worth nothing any more, and who looks on is sent away.
func (s *Share) Stop() {
	s.hub.mu.Lock()
	defer s.hub.mu.Unlock()
	s.hub.forget(s)
	for _, v := range s.viewers {
		v.Remove()
	}
}

// Stopped tells whether it has ended.
func (s *Share) Stopped() bool { return s.stopped.Err() != nil }

// AfterStop calls f when it has.
func (s *Share) AfterStop(f func()) { context.AfterFunc(s.stopped, f) }

// forget takes a share out. mu is held.
func (h *Hub) forget(s *Share) {
	s.stop()
	if s.timer != nil {
		s.timer.Stop()
	}
	delete(h.tokens, s.token)
	remove(h.shares, s.Terminal.Owner, s)
}

// remove takes one out of an owner's, and the owner with her last one.
func remove[T comparable](all map[string][]T, owner string, one T) {
	left := slices.DeleteFunc(all[owner], func(o T) bool { return o == one })
	if len(left) == 0 {
		delete(all, owner)
		return
	}
	all[owner] = left
}
