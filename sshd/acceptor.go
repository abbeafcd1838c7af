package sshd

import (
	"errors"
	"net/netip"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/jailsh/jailsh/internal/nonblock"
	"github.com/jailsh/jailsh/internal/wire"
	"golang.org/x/sys/unix"
)

// maxUnanswered is how many channels of one listener the client may not have
// answered yet. Further connections wait in the kernel, which keeps 128.
const maxUnanswered = 16

// acceptor takes connections from a listener in the cell, and opens a channel to
// the client for each.
type acceptor struct {
	conn    *connection
	user    string
	sockets []*os.File // to be set before start
	allowed func(*wire.Grant) bool
	channel func(from netip.AddrPort) (kind string, data []byte, to string) // to is for the log
	single  bool                                                            // one connection, and no more
	opens   chan struct{}                                                   // one for each channel that isn't answered
	ended   chan struct{}                                                   // closed by stop
	once    sync.Once
	loops   sync.WaitGroup
}

func (a *acceptor) set(c *connection, user string, allowed func(*wire.Grant) bool, channel func(netip.AddrPort) (string, []byte, string)) {
	a.conn, a.user, a.allowed, a.channel = c, user, allowed, channel
	a.opens, a.ended = make(chan struct{}, maxUnanswered), make(chan struct{})
}

// start accepts in goroutines of its own, until stop; loops waits for them.
func (a *acceptor) start() {
	for _, socket := range a.sockets {
		a.loops.Go(func() {
			if a.conn.server.protect(a.conn.ref, "accept", func() { a.accept(socket) }) {
				a.stop()
			}
		})
	}
}

// stop closes the listener. What was accepted lives on. It may be called more than
// once, and doesn't wait.
func (a *acceptor) stop() {
	a.once.Do(func() {
		close(a.ended)
		for _, f := range a.sockets {
			f.Close()
		}
	})
}

// awaitAccept waits for a connection to a listening socket. refused is why it couldn't
// be taken, and err that the socket is closed.
func awaitAccept(raw syscall.RawConn) (fd int, from netip.AddrPort, refused, err error) {
	err = raw.Read(func(listening uintptr) bool {
		fd, from, refused = nonblock.Accept(int(listening))
		return !errors.Is(refused, unix.EAGAIN)
	})
	return fd, from, refused, err
}

// accept takes connections from a listening socket and forwards each.
func (a *acceptor) accept(socket *os.File) {
	raw, err := socket.SyscallConn()
	if err != nil {
		return // closed already
	}
	var backoff time.Duration
	for {
		select {
		case a.opens <- struct{}{}:
		case <-a.ended:
			return
		}
		fd, from, acceptErr, err := awaitAccept(raw)
		if err != nil {
			return // closed
		}
		if acceptErr != nil {
			<-a.opens
			backoff = min(max(2*backoff, minBackoff), maxBackoff)
			select {
			case <-time.After(backoff):
			case <-a.ended:
				return
			}
			continue
		}
		backoff = 0
		a.take(os.NewFile(uintptr(fd), "forwarded"), from)
		if a.single {
			a.stop()
		}
	}
}

// take forwards a connection in a goroutine of its own, if the user may have
// another. It gives one of a.opens back when the client has answered.
func (a *acceptor) take(socket *os.File, from netip.AddrPort) {
	c := a.conn
	answered := sync.OnceFunc(func() { <-a.opens })
	if !c.work.enter() {
		answered()
		socket.Close()
		return
	}
	if !c.server.forwards.take(a.user, maxForwards) {
		c.work.leave()
		answered()
		c.denied("too many forwards of this user", nil)
		(&wire.Packet{Files: []*os.File{socket}}).Close()
		return
	}
	go func() {
		defer c.work.leave()
		defer c.server.forwards.leave(a.user)
		defer answered()
		c.server.protect(c.ref, "forwarded", func() { a.carry(socket, from, answered) })
	}()
}

// carry opens a channel for a connection and relays.
func (a *acceptor) carry(socket *os.File, from netip.AddrPort, answered func()) {
	c := a.conn
	relay, err := c.newRelay(socket)
	if err != nil {
		socket.Close()
		return
	}
	kind, data, to := a.channel(from)
	ch, requests, err := c.conn().OpenChannel(kind, data)
	answered()
	if err != nil {
		c.forwardRecord("forward failed", "channel", kind, "for", to, "error", shown(err.Error(), maxDetail))
		relay.release()
		return
	}
	c.relay(relay, ch, requests, a.allowed, "channel", kind, "for", to)
}
