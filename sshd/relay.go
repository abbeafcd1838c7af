package sshd

import (
	"context"
	"errors"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/jailsh/jailsh/internal/nonblock"
	"github.com/jailsh/jailsh/internal/wire"
	"golang.org/x/crypto/ssh"
)

// flushTime is how long what a client has sent may still take to its target when
// the connection is over.
const flushTime = 2 * time.Second

// relay hands bytes to and fro between a channel and a socket of the cell, until
// both directions have ended or one of the two sides is gone. The end of one
// direction leaves the other open. It holds a buffer only for a direction in which
// the other side doesn't take what comes: that stops who sends.
type relay struct {
	conn    *connection
	channel ssh.Channel // set before run
	socket  *os.File
	raw     syscall.RawConn

	open              atomic.Int32 // directions
	received, written atomic.Int64 // bytes from the client, and to it
}

func (c *connection) newRelay(socket *os.File) (*relay, error) {
	raw, err := socket.SyscallConn()
	if err != nil {
		return nil, err
	}
	r := &relay{conn: c, socket: socket, raw: raw}
	r.open.Store(2)
	return r, nil
}

// run serves the channel until the client has closed it and every goroutine of the
// relay has ended.
func (r *relay) run(requests <-chan *ssh.Request) {
	stop := context.AfterFunc(r.conn.ctx, func() {
		_ = r.socket.SetReadDeadline(passed())
		_ = r.socket.SetWriteDeadline(time.Now().Add(flushTime))
	})
	defer stop()
	var work sync.WaitGroup
	for _, direction := range []func(){r.up, r.down} {
		work.Go(func() {
			if r.conn.server.protect(r.conn.ref, "relay", direction) {
				r.abort()
			}
		})
	}
	ssh.DiscardRequests(requests) // returns when the client has closed the channel
	_ = r.socket.SetReadDeadline(passed())
	work.Wait()
	r.release()
}

// passed is a deadline for whoever waits.
func passed() time.Time { return time.Unix(1, 0) }

// release closes the socket, and doesn't wait for that: whom it leads to may have
// made it slow to close (wire.Packet.Close).
func (r *relay) release() { (&wire.Packet{Files: []*os.File{r.socket}}).Close() }

// abort lets nothing more through, and closes the channel, which may have to wait
// for the client. run returns when the client has closed it too.
func (r *relay) abort() {
	_ = r.socket.SetDeadline(passed())
	if r.conn.work.enter() {
		go func() {
			defer r.conn.work.leave()
			_ = r.channel.Close() // closed already: an error that nobody needs
		}()
	}
}

// ended takes note of the end of a direction. With the second the channel ends.
func (r *relay) ended() {
	if r.open.Add(-1) == 0 {
		_ = r.channel.Close() // as above
	}
}

// up copies from the client. Its end of file is passed on.
func (r *relay) up() {
	in := sink{channel: counted{r.channel, &r.received}, chunks: &r.conn.server.chunks, from: r.conn.link.socket}
	err := in.copy(r.raw)
	if errors.Is(err, io.EOF) {
		_ = r.raw.Control(func(fd uintptr) { _ = nonblock.EndWrite(int(fd)) }) // the target may be gone
	}
	r.ended()
	if !errors.Is(err, io.EOF) {
		// The target reads no more. What still comes is thrown away: unread, it would
		// hold up what the target may still have to say.
		_ = in.copy(nil)
	}
}

// down copies to the client, then says that nothing more comes.
func (r *relay) down() {
	defer r.ended()
	defer func() { _ = r.channel.CloseWrite() }() // an error: the client is gone
	src, err := newSource(r.socket, &r.conn.server.chunks, r.conn.link.socket)
	for err == nil {
		var chunk []byte
		chunk, err = src.next()
		if len(chunk) > 0 {
			n, werr := src.send(r.channel, chunk)
			r.written.Add(int64(n))
			if werr != nil {
				err = werr
			}
		}
		src.done()
	}
}

// counted is a channel that counts what is read.
type counted struct {
	ssh.Channel
	n *atomic.Int64
}

func (c counted) Read(b []byte) (int, error) {
	n, err := c.Channel.Read(b)
	c.n.Add(int64(n))
	return n, err
}
