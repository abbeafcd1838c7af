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
	ahead []byte      // read, and not yet asked for
}

// maxVersion is the longest version line there may be, bytes (RFC 4253 section
// 4.2).
const maxVersion = 255

// Read reads what the client sent. The library takes the version line off the
// socket byte by byte: that is forty system calls of a login, and forty
// acknowledgements. A read of one byte therefore takes what there is, and the
// rest is kept for the next reads.
func (l *link) Read(b []byte) (int, error) {
	if len(l.ahead) == 0 && len(b) == 1 {
		line := make([]byte, maxVersion)
		n, err := l.read(line)
		if err != nil {
			return 0, err
		}
		l.ahead = line[:n]
	}
	if len(l.ahead) > 0 {
		n := copy(b, l.ahead)
		l.ahead = l.ahead[n:]
		return n, nil
	}
	return l.read(b)
}

func (l *link) read(b []byte) (int, error) {
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
