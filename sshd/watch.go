package sshd

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"time"

	"github.com/jailsh/jailsh/internal/wire"
	"github.com/jailsh/jailsh/share"
)

// administrator is what a terminal's owner knows her viewer by whom jailshd has sent.
const administrator = "the administrator"

// Reasons why there is nothing to watch.
var (
	errNoTerminal = errors.New("it has no terminal of its own")
	errUnwatched  = errors.New("it began when watch was off, and has no screen that could be shown")
)

// Watch shows what is on a session's terminal to whoever has the other end of a stream
// socket, until one of the two ends. What comes back on it are sizes. It owns the
// socket.
func (s *Server) Watch(m *wire.Watch, to *os.File) (*wire.Session, error) {
	l, err := s.watchable(m.ID)
	if err != nil {
		to.Close()
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		to.Close()
		return nil, net.ErrClosed
	}
	name := administrator
	if s.settings.Load().Watch == wire.WatchSilent {
		name = ""
	}
	v, err := s.hub.Join(l.live, name, share.View, sizeOf(&m.Size))
	if err != nil {
		to.Close()
		return nil, err
	}
	s.work.Go(func() { s.protect("", "watch", func() { s.watched(l.live, v, to) }) })
	return &l.Session, nil
}

func (s *Server) watchable(id string) (*listed, error) {
	l := s.byID(id)
	switch {
	case l == nil:
		return nil, errNoSession
	case l.live != nil:
		return l, nil
	case l.TTY != "":
		return nil, errUnwatched
	}
	return nil, errNoTerminal
}

// watched is one view of the administrator's. What she doesn't read in time is skipped,
// as for any viewer.
func (s *Server) watched(l *share.Live, v *share.Viewer, to *os.File) {
	defer v.Leave()
	s.remarked(l, administrator+" looks on")
	defer s.remarked(l, administrator+" is gone")
	if owner := s.sessionOf(l); owner != nil && v.Name != "" {
		owner.showAudience(l)
	}
	ctx, leave := context.WithCancel(s.ctx)
	stop := context.AfterFunc(ctx, func() { to.Close() }) // what waits at it is woken
	var reader sync.WaitGroup
	defer reader.Wait()
	defer stop()
	defer to.Close()
	defer leave()
	reader.Go(func() {
		defer leave()
		s.protect("", "watch", func() {
			for {
				size, err := wire.ReadWatchedSize(to)
				if err != nil {
					return
				}
				v.Resize(sizeOf(&size))
			}
		})
	})
	for {
		chunks, err := v.Next(ctx)
		if err != nil {
			return
		}
		for _, c := range chunks {
			if _, err := to.Write(c); err != nil {
				return
			}
		}
	}
}

// listAdministrators tells an owner at which of her terminals an administrator looks.
func (s *session) listAdministrators() {
	for _, l := range s.conn.server.hub.Live(s.id.user) {
		viewers, _ := l.Viewers()
		for _, v := range viewers {
			if v.Name == administrator {
				s.say(fmt.Sprintf("terminal %s  %s looks on  since %s", l.Label, administrator, v.Since.Format(time.TimeOnly)))
			}
		}
	}
}
