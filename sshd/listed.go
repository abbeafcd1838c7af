package sshd

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/jailsh/jailsh/internal/wire"
	"github.com/jailsh/jailsh/share"
)

// listed is something that a user has open, for the administrator.
type listed struct {
	wire.Session
	within bool        // it has an ID, but is in the list as a part of something, or by its parts
	live   *share.Live // what is shown there; nil: it has no terminal
	kill   func()      // it may wait for nobody
}

// Sessions are those of all users, in the order of their IDs: the first ones after one
// of them. A connection without a session counts as one, and so does a terminal that
// nobody is attached to.
func (s *Server) Sessions(m *wire.ListSessions) *wire.Sessions {
	answer := &wire.Sessions{}
	for _, l := range s.listed() {
		if !l.within && l.ID > m.After {
			answer.List = append(answer.List, l.Session)
		}
	}
	slices.SortFunc(answer.List, func(a, b wire.Session) int { return cmp.Compare(a.ID, b.ID) })
	answer.List = answer.List[:min(len(answer.List), wire.MaxSessions)]
	return answer
}

// byID finds what an ID stands for, or nil.
func (s *Server) byID(id string) *listed {
	for _, l := range s.listed() {
		if l.ID == id {
			return &l
		}
	}
	return nil
}

// listed is all that has an ID.
func (s *Server) listed() (all []listed) {
	for _, c := range s.connections() {
		id := c.login.Load()
		if id == nil {
			continue // not yet
		}
		open := c.sessionsOpen()
		what := "no session"
		if len(open) > 0 {
			what = "connection"
		}
		all = append(all, listed{
			Session: wire.Session{ID: c.ref, User: shown(id.user, maxShown), From: c.addresses.client, What: what, Since: id.since},
			within:  len(open) > 0, kill: c.kill,
		})
		for _, o := range open {
			all = append(all, o.listed())
		}
	}
	for _, k := range s.kept.everywhere() {
		n, left := k.attached()
		l := listed{
			Session: wire.Session{
				ID: fmt.Sprintf("%s/%d", k.user, numberOf(k.tty)), User: shown(k.user, maxShown),
				What: shown("left "+k.name, maxShown), TTY: shown(k.tty, maxShown), Since: k.screen.Since,
			},
			within: n > 0, live: k.screen, kill: k.kill,
		}
		if n == 0 {
			l.Idle = time.Since(left)
		}
		all = append(all, l)
	}
	return all
}

func (s *session) listed() listed {
	idle := time.Since(s.clock.began) - time.Duration(s.clock.active.Load())
	l := listed{
		Session: wire.Session{
			ID: fmt.Sprintf("%s-%d", s.conn.ref, s.number), User: shown(s.id.user, maxShown), From: s.conn.addresses.client,
			Since: s.clock.began, Idle: max(0, idle),
		},
		live: s.live.Load(), kill: s.kill,
	}
	if what := s.doing.Load(); what != nil {
		l.What = shown(*what, maxShown)
	}
	if a := s.seat.Load(); a != nil {
		l.TTY, l.live = shown(a.kept.tty, maxShown), a.kept.screen
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.files != nil {
		l.TTY = shown(s.files.TTY, maxShown)
	}
	return l
}

// does takes note of what a session is for, for the list.
func (s *session) does(what string) { s.doing.Store(&what) }
