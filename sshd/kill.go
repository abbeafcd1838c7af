package sshd

import (
	"context"
	"errors"
	"time"

	"github.com/jailsh/jailsh/internal/wire"
	"golang.org/x/sys/unix"
)

// killGrace is how long a program has that the administrator has ended.
const killGrace = 2 * time.Second

// errNoSession is for an ID that nobody has, or has any more.
var errNoSession = errors.New("there is no such session - see: jailsh sessions")

// Kill ends a session, a connection with all its sessions, or a terminal that is kept,
// with the program that runs there, and returns what it was. Clients are told.
func (s *Server) Kill(m *wire.Kill) (*wire.Session, error) {
	l := s.byID(m.ID)
	if l == nil {
		return nil, errNoSession
	}
	l.kill()
	return &l.Session, nil
}

// kill ends a connection.
func (c *connection) kill() {
	for _, s := range c.sessionsOpen() {
		s.kill()
	}
	c.disconnect(lostKilled)
}

// kill ends a session, and all who are attached to its terminal if that is kept.
func (s *session) kill() {
	if a := s.seat.Load(); a != nil {
		a.kept.kill()
	}
	if p := s.ownProgram(); p != nil {
		s.end(p)
	}
	s.cancel(lostKilled)
}

// expire ends a session that has reached a limit. A terminal's program is hung up by that;
// one without is ended.
func (s *session) expire(why refusal) {
	if p := s.ownProgram(); p != nil && p.PTY == nil {
		s.end(p)
	}
	s.cancel(why)
}

// ownProgram is what runs in the session; nil if nothing does.
func (s *session) ownProgram() *Process {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.files
}

// end has a program end, and doesn't wait for it.
func (s *session) end(p *Process) {
	if s.conn.work.enter() {
		go func() {
			defer s.conn.work.leave()
			s.conn.server.protect(s.conn.ref, "end", func() { s.endProgram(p) })
		}()
	}
}

// endProgram ends a program that a hang-up doesn't end: one that ignores it, or has no
// terminal.
func (s *session) endProgram(p *Process) {
	if p.PTY == nil {
		p.signal(unix.SIGHUP)
	}
	select {
	case <-s.gone:
	case <-time.After(killGrace):
		p.signal(unix.SIGKILL)
	}
}

// signal reaches the program's process group, if it is still there.
func (p *Process) signal(number unix.Signal) {
	ctx, cancel := context.WithTimeout(context.Background(), signalTimeout)
	defer cancel()
	_ = p.Signal(ctx, uint32(number)) // the cell has ended, and the program with it
}

// kill ends a kept terminal.
func (k *keptTerminal) kill() {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, a := range k.seats {
		a.session.cancel(lostKilled)
	}
	k.hangUp(true)
}
