package sshd

import (
	"net"
	"sync/atomic"
	"time"
)

// link is a connection's socket as the libraries see it. x/crypto reads it from
// one goroutine at a time.
type link struct {
	net.Conn
	flood *flood      // reading waits while too many channel opens are unanswered
	quick *quickACK   // nil when the socket isn't TCP
	heard atomic.Bool // something was read since keepalive looked
}

// Read reads what the client sent.
func (l *link) Read(b []byte) (int, error) {
	if err := l.flood.wait(); err != nil {
		return 0, err
	}
	n, err := l.Conn.Read(b)
	if n > 0 {
		l.heard.Store(true)
		l.quick.rearm()
	}
	return n, err
}

// Deadlines do nothing. gliderlabs/ssh sets one before each read and write, and
// would wipe ours; the login grace and keepalive close the socket instead.

// SetDeadline does nothing.
func (l *link) SetDeadline(time.Time) error { return nil }

// SetReadDeadline does nothing.
func (l *link) SetReadDeadline(time.Time) error { return nil }

// SetWriteDeadline does nothing.
func (l *link) SetWriteDeadline(time.Time) error { return nil }
