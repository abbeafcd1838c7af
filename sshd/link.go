package sshd

import (
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// beforeLogin is how many bytes a client may send until it is logged in. A
	// login takes 4 KB; each further key 1 to 3 KB. x/crypto keeps up to 17 packets
	// of 256 KiB that nobody has looked at yet.
	beforeLogin = 128 << 10

	// beforeService is how many bytes are read after the key exchange until
	// authentication begins; what is more waits. NEWKEYS and SERVICE_REQUEST are 70.
	// See drain.go for why it is no more than 16 packets, each of which has 28 bytes
	// at least (chacha20-poly1305: 4 of length, 8 of content, 16 of tag).
	beforeService = 16 * 28

	// keyExchanged is the number of writes with which the server has answered the
	// key exchange: the version, KEXINIT, KEX_ECDH_REPLY. Before the last of them a
	// client can't encrypt anything.
	keyExchanged = 3
)

// link is a connection's socket as the libraries see it. x/crypto reads it from
// one goroutine at a time.
type link struct {
	net.Conn
	flood  *flood      // reading waits while too many channel opens are unanswered
	socket *socket     // nil unless Conn is one
	quick  *quickACK   // nil when the socket isn't TCP
	heard  atomic.Bool // something was read since keepalive looked

	phase  atomic.Int32
	writes atomic.Int32
	moved  chan struct{} // closed when phaseService is over, by the next or the end
	once   sync.Once     // closes moved

	// Of whoever reads.
	in      int32 // the phase that is known
	read    int   // bytes since it began
	client  identification
	early   []byte // was read by greet, and is still to come for the library
	greeted bool   // the version was sent by greet

	remote, local net.Addr // in the place of the socket's, by the word of a proxy; else nil
}

func newLink(nc net.Conn, f *flood, c *chunks) *link {
	l := &link{Conn: nc, flood: f, moved: make(chan struct{})}
	if s := newSocket(nc, c); s != nil {
		l.Conn, l.socket, l.quick = s, s, s.quick
	}
	return l
}

// RemoteAddr is the client's end.
func (l *link) RemoteAddr() net.Addr {
	if l.remote != nil {
		return l.remote
	}
	return l.Conn.RemoteAddr()
}

// LocalAddr is the server's end.
func (l *link) LocalAddr() net.Addr {
	if l.local != nil {
		return l.local
	}
	return l.Conn.LocalAddr()
}

// Phases of a connection, by what a client may send.
const (
	phaseKeyExchange int32 = iota
	phaseService
	phaseAuthentication
	phaseLoggedIn
)

var errTooMuch = errors.New("the client sends more than a login takes")

// Read reads what the client sent.
func (l *link) Read(b []byte) (int, error) {
	if err := l.flood.wait(); err != nil {
		return 0, err
	}
	b, err := l.allowed(b)
	if err != nil {
		return 0, err
	}
	var n int
	switch {
	case len(l.early) > 0:
		n = copy(b, l.early)
		if l.early = l.early[n:]; len(l.early) == 0 {
			l.early = nil // and its memory
		}
	case l.socket != nil && l.in == phaseLoggedIn:
		n, err = l.socket.readAhead(b)
	default:
		n, err = l.Conn.Read(b)
	}
	if n > 0 {
		l.read += n
		l.heard.Store(true)
		if refusal := l.client.check(b[:n]); refusal != "" {
			_, _ = l.Conn.Write([]byte(refusal)) // it is gone, or learns why
			return 0, errIdentification
		}
	}
	return n, err
}

// allowed cuts b to what may be read in this phase.
func (l *link) allowed(b []byte) ([]byte, error) {
	l.know()
	if l.in == phaseService && l.read >= beforeService {
		<-l.moved
		if l.know(); l.in == phaseService {
			return nil, net.ErrClosed
		}
	}
	left := len(b)
	switch l.in {
	case phaseService:
		left = beforeService - l.read
	case phaseKeyExchange, phaseAuthentication:
		left = beforeLogin - l.read
	}
	if left <= 0 {
		return nil, errTooMuch
	}
	return b[:min(len(b), left)], nil
}

func (l *link) know() {
	if phase := l.phase.Load(); phase != l.in {
		l.in, l.read = phase, 0
	}
}

// Write sends to the client.
func (l *link) Write(b []byte) (int, error) {
	switch l.writes.Add(1) {
	case 1:
		if l.greeted && string(b) == greeting {
			return len(b), nil
		}
	case keyExchanged:
		l.phase.CompareAndSwap(phaseKeyExchange, phaseService)
	}
	if l.socket == nil || l.phase.Load() != phaseLoggedIn {
		return l.Conn.Write(b)
	}
	return l.socket.writePacket(b)
}

// enter begins a phase after phaseService.
func (l *link) enter(phase int32) {
	l.phase.Store(phase)
	l.once.Do(func() { close(l.moved) })
}

// Close closes the socket, and ends all waiting for it.
func (l *link) Close() error {
	l.once.Do(func() { close(l.moved) })
	return l.Conn.Close()
}

// Deadlines do nothing. gliderlabs/ssh sets one before each read and write, and
// would wipe ours; the login grace and keepalive close the socket instead.

// SetDeadline does nothing.
func (l *link) SetDeadline(time.Time) error { return nil }

// SetReadDeadline does nothing.
func (l *link) SetReadDeadline(time.Time) error { return nil }

// SetWriteDeadline does nothing.
func (l *link) SetWriteDeadline(time.Time) error { return nil }
