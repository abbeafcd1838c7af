package sshd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"time"

	"github.com/jailsh/jailsh/internal/wire"
	"golang.org/x/sys/unix"
)

// How long accept waits when the process or the host is out of something:
// doubled from the first to the second, until it works again.
const (
	minBackoff = 5 * time.Millisecond
	maxBackoff = time.Second
)

// Serve accepts connections on l until ctx is done or Shutdown is called, then
// closes l and returns nil. Any other end is an error. Connections that were
// accepted live on; Shutdown ends them.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	if !s.listening(l) {
		l.Close()
		return nil
	}
	defer s.forgetListener(l)
	closed := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(closed)
		l.Close()
	})
	defer func() {
		if !stop() {
			<-closed // Accept returns before the socket is closed
		}
	}()

	var backoff time.Duration
	for {
		nc, err := l.Accept()
		switch {
		case err == nil:
			backoff = 0
			s.accepted(nc)
		case ctx.Err() != nil || s.stopping():
			return nil
		case !exhausted(err):
			return fmt.Errorf("sshd: accept: %w", err)
		default:
			if backoff == 0 {
				s.records.add(wire.Record{Level: levelError, Event: "accept"}, "error", err.Error())
			}
			backoff = min(max(2*backoff, minBackoff), maxBackoff)
			pause(ctx, backoff)
		}
	}
}

// exhausted tells errors that pass by: no descriptor or memory is free, or the
// client has gone already (accept(2)).
func exhausted(err error) bool {
	for _, e := range []error{unix.EMFILE, unix.ENFILE, unix.ENOBUFS, unix.ENOMEM, unix.ECONNABORTED, unix.EINTR} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// accepted serves a connection in a goroutine of its own, or drops it at once.
func (s *Server) accepted(nc net.Conn) {
	from, now := addrPort(nc.RemoteAddr()).Addr(), s.settings.Load()
	source, dropped := netip.Prefix{}, ""
	if !now.fromProxy(from) {
		source = now.source.of(from)
		dropped = s.penalised(source, from)
	}
	if dropped == "" {
		dropped = s.startups.admit(source)
	}
	if dropped != "" {
		refuse(nc, dropped)
		nc.Close()
		s.dropped(1, dropped, from.String())
		return
	}
	s.dropped(0, "", "")
	c := s.newConnection(nc, source)
	if !s.joined(c) {
		nc.Close()
		s.startups.done(source)
		return
	}
	go func() {
		defer s.left(c)
		s.protect(c.ref, "connection", c.serve)
	}()
}

// penalised is the limit of those who are refused for what they did.
const penalised = "per_source_penalties"

// penalised is the limit by which a source is refused now, or "".
func (s *Server) penalised(source netip.Prefix, from netip.Addr) string {
	if s.penalties.refuse(source, from, time.Now()) {
		return penalised
	}
	return ""
}

// refuse tells whoever is refused for what he did, in the words of OpenSSH, which
// clients show; others are dropped without a word. RFC 4253 section 4.2 allows lines
// before the version. They fit the socket's buffer, so nobody waits.
func refuse(nc net.Conn, why string) {
	if why == penalised {
		_, _ = io.WriteString(nc, "Not allowed at this time\r\n") // an error: he is gone
	}
}

// dropped records dropped connections, at a bounded rate.
func (s *Server) dropped(n int, why, latest string) {
	if n = s.drops.note(n, time.Now()); n > 0 {
		s.records.add(wire.Record{Level: levelWarn, Event: "dropped", From: latest}, "limit", why, "connections", fmt.Sprint(n))
	}
}

func (s *Server) listening(l net.Listener) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.listeners[l] = struct{}{}
	}
	return !s.closed
}

func (s *Server) stopping() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed
}

func (s *Server) forgetListener(l net.Listener) {
	s.mu.Lock()
	delete(s.listeners, l)
	s.mu.Unlock()
	l.Close()
}

// joined takes a connection in, unless the server is stopping.
func (s *Server) joined(c *connection) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.conns[c] = struct{}{}
		s.work.Add(1)
	}
	return !s.closed
}

func (s *Server) left(c *connection) {
	s.mu.Lock()
	delete(s.conns, c)
	s.mu.Unlock()
	s.work.Done()
}
