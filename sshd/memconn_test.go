package sshd

import (
	"io"
	"net"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"
)

// memConn is a connection in memory, for tests in which time is synctest's. Like
// a socket it has a buffer in each direction, and a writer waits when it is full.
type memConn struct {
	in, out       *memBuffer
	local, remote net.Addr
}

type memBuffer struct {
	mu     sync.Mutex
	cond   *sync.Cond
	data   []byte
	closed bool
}

const memCapacity = 64 << 10

func newMemBuffer() *memBuffer {
	b := &memBuffer{}
	b.cond = sync.NewCond(&b.mu)
	return b
}

// memPipe returns the server's and the client's end.
func memPipe(client string) (ours, theirs *memConn) {
	up, down := newMemBuffer(), newMemBuffer()
	server := net.TCPAddrFromAddrPort(netip.MustParseAddrPort("192.0.2.1:2222"))
	from := net.TCPAddrFromAddrPort(netip.MustParseAddrPort(client))
	return &memConn{in: up, out: down, local: server, remote: from}, &memConn{in: down, out: up, local: from, remote: server}
}

func (b *memBuffer) read(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for len(b.data) == 0 {
		if b.closed {
			return 0, io.EOF
		}
		b.cond.Wait()
	}
	n := copy(p, b.data)
	b.data = b.data[n:]
	b.cond.Broadcast()
	return n, nil
}

func (b *memBuffer) write(p []byte) (n int, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for len(p) > 0 {
		if b.closed {
			return n, net.ErrClosed
		}
		room := min(memCapacity-len(b.data), len(p))
		if room == 0 {
			b.cond.Wait()
			continue
		}
		b.data = append(b.data, p[:room]...)
		p, n = p[room:], n+room
		b.cond.Broadcast()
	}
	return n, nil
}

func (b *memBuffer) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	b.cond.Broadcast()
}

func (c *memConn) Read(p []byte) (int, error)  { return c.in.read(p) }
func (c *memConn) Write(p []byte) (int, error) { return c.out.write(p) }

func (c *memConn) Close() error {
	c.in.close()
	c.out.close()
	return nil
}

func (c *memConn) LocalAddr() net.Addr              { return c.local }
func (c *memConn) RemoteAddr() net.Addr             { return c.remote }
func (c *memConn) SetDeadline(time.Time) error      { return nil }
func (c *memConn) SetReadDeadline(time.Time) error  { return nil }
func (c *memConn) SetWriteDeadline(time.Time) error { return nil }

// connect has a prepared fixture's server accept a connection in memory, and
// returns the client's end.
func (f *fixture) connect() *memConn {
	ours, theirs := memPipe("198.51.100.7:40000")
	f.server.accepted(ours)
	f.t.Cleanup(func() { theirs.Close() })
	return theirs
}

// dialMem logs alice in over memory.
func (f *fixture) dialMem() *ssh.Client {
	f.t.Helper()
	conn, chans, requests, err := ssh.NewClientConn(f.connect(), "", f.clientConfig("alice", f.key))
	if err != nil {
		f.t.Fatal(err)
	}
	c := ssh.NewClient(conn, chans, requests)
	f.t.Cleanup(func() { c.Close() })
	return c
}
