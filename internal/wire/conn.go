package wire

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/jailsh/jailsh/internal/nonblock"
	"golang.org/x/sys/unix"
)

// Conn is one end of a SEQPACKET socket. Send may be called from several
// goroutines, Recv from one.
type Conn struct {
	file   *os.File
	raw    syscall.RawConn
	closed atomic.Bool
	mu     sync.Mutex // one Send at a time, for its deadline
}

// Pair returns the two ends of a new socket, both close-on-exec.
func Pair() (*Conn, *Conn, error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, nil, os.NewSyscallError("socketpair", err)
	}
	a, errA := connOf(os.NewFile(uintptr(fds[0]), "wire"))
	b, errB := connOf(os.NewFile(uintptr(fds[1]), "wire"))
	return a, b, errors.Join(errA, errB)
}

func connOf(f *os.File) (*Conn, error) {
	raw, err := f.SyscallConn()
	return &Conn{file: f, raw: raw}, err
}

// NewConn takes over f, which must be a connected unix SEQPACKET socket: a
// descriptor from another process is checked for what it is.
func NewConn(f *os.File) (*Conn, error) {
	c, err := connOf(f)
	if err != nil {
		return nil, err
	}
	var domain, typ int
	var opErr error
	err = c.raw.Control(func(fd uintptr) {
		if domain, opErr = nonblock.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_DOMAIN); opErr != nil {
			return
		}
		typ, opErr = nonblock.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_TYPE)
	})
	if err = errors.Join(err, opErr); err != nil {
		return nil, fmt.Errorf("descriptor is not a socket: %w", err)
	}
	if domain != unix.AF_UNIX || typ != unix.SOCK_SEQPACKET {
		return nil, errors.New("descriptor is not a unix SEQPACKET socket")
	}
	return c, nil
}

// FromFD is NewConn for an inherited descriptor number.
func FromFD(fd int) (*Conn, error) {
	if err := unix.SetNonblock(fd, true); err != nil {
		return nil, os.NewSyscallError("set nonblock", err)
	}
	unix.CloseOnExec(fd)
	return NewConn(os.NewFile(uintptr(fd), "wire"))
}

// File returns the socket, still owned by the Conn, to be passed on.
func (c *Conn) File() *os.File { return c.file }

// Close closes the socket; a blocked Recv returns os.ErrClosed.
func (c *Conn) Close() error {
	c.closed.Store(true)
	return c.file.Close()
}

// HungUp tells whether the other end is closed. What it sent before may still be to be
// received.
func (c *Conn) HungUp() (gone bool) {
	err := c.raw.Control(func(fd uintptr) { gone = nonblock.HungUp(int(fd)) })
	return err != nil || gone
}

// PeerCred returns the process, user and group at the other end, as they were
// when it connected (SO_PEERCRED, unix(7)).
func (c *Conn) PeerCred() (*unix.Ucred, error) {
	var cred *unix.Ucred
	var opErr error
	raw, err := c.file.SyscallConn()
	if err == nil {
		err = raw.Control(func(fd uintptr) {
			cred, opErr = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED)
		})
	}
	return cred, errors.Join(err, opErr)
}

// Send sends one packet with its descriptors, which stay open and owned by the
// caller. It waits at most sendTimeout for a full socket.
func (c *Conn) Send(p *Packet) error {
	if len(p.Body)+headerLen > MaxPacket || len(p.Files) > MaxFiles {
		return fmt.Errorf("packet %s of %d bytes and %d descriptors is over the cap", p.Verb, len(p.Body), len(p.Files))
	}
	var rights []byte
	if len(p.Files) > 0 {
		fds := make([]int, len(p.Files))
		for i, f := range p.Files {
			fd, err := descriptor(f)
			if err != nil {
				return err
			}
			fds[i] = fd
		}
		rights = unix.UnixRights(fds...)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	var sendErr error
	send := func(fd uintptr) bool {
		sendErr = nonblock.Sendmsg(int(fd), [][]byte{p.header(), p.Body}, rights)
		return !errors.Is(sendErr, unix.EAGAIN)
	}
	err := c.raw.Control(func(fd uintptr) { send(fd) })
	if err == nil && errors.Is(sendErr, unix.EAGAIN) {
		if err = c.file.SetWriteDeadline(time.Now().Add(sendTimeout)); err == nil {
			err = c.raw.Write(send)
		}
	}
	if err != nil {
		return err
	}
	return os.NewSyscallError("sendmsg", sendErr)
}

// descriptor is f's number. Unlike f.Fd it leaves the file non-blocking; f stays
// open meanwhile because the packet holds it.
func descriptor(f *os.File) (int, error) {
	raw, err := f.SyscallConn()
	if err != nil {
		return -1, err
	}
	n := -1
	err = raw.Control(func(fd uintptr) { n = int(fd) })
	return n, err
}

// Recv returns the next packet, or io.EOF when the other end is closed.
func (c *Conn) Recv() (*Packet, error) { return c.recv(0) }

// Peek is Recv that leaves the packet in the socket: for a process that works on
// it and executes another program, which then receives and answers it.
func (c *Conn) Peek() (*Packet, error) { return c.recv(unix.MSG_PEEK) }

func (c *Conn) recv(flags int) (*Packet, error) {
	var p *Packet
	var recvErr error
	err := c.raw.Read(func(fd uintptr) bool {
		p, recvErr = recvPacket(int(fd), flags)
		return !errors.Is(recvErr, unix.EAGAIN)
	})
	if err != nil {
		if c.closed.Load() {
			err = os.ErrClosed // the poller has an error of its own for it
		}
		return nil, err
	}
	return p, recvErr
}

// buffers are what packets are received into. They are held only while a packet
// is there, so an idle connection has none, and only the pages that packets
// reach are ever used.
var buffers = sync.Pool{New: func() any { return new([MaxPacket + 1]byte) }}

func recvPacket(fd, extra int) (*Packet, error) {
	buf := buffers.Get().(*[MaxPacket + 1]byte)
	defer buffers.Put(buf)
	var oob [64 + 4*MaxFiles]byte // CMSG_SPACE of MaxFiles descriptors, with room to spare
	n, oobn, got, err := nonblock.Recvmsg(fd, buf[:], oob[:], extra)
	switch {
	case errors.Is(err, unix.EAGAIN):
		return nil, err
	case errors.Is(err, unix.ECONNRESET):
		return nil, io.EOF
	case err != nil:
		return nil, os.NewSyscallError("recvmsg", err)
	}
	files, err := parseFiles(oob[:oobn])
	switch {
	case err != nil:
	case n == 0:
		err = io.EOF
	case n > MaxPacket || got&unix.MSG_TRUNC != 0:
		err = fmt.Errorf("packet of over %d bytes", MaxPacket)
	case got&unix.MSG_CTRUNC != 0 || len(files) > MaxFiles:
		err = fmt.Errorf("packet of over %d descriptors", MaxFiles)
	}
	var p *Packet
	if err == nil {
		p, err = parsePacket(bytes.Clone(buf[:n]))
	}
	if err != nil {
		(&Packet{Files: files}).Close()
		return nil, err
	}
	p.Files = files
	return p, nil
}

func parseFiles(oob []byte) ([]*os.File, error) {
	if len(oob) == 0 {
		return nil, nil
	}
	messages, err := unix.ParseSocketControlMessage(oob)
	if err != nil {
		return nil, err
	}
	var files []*os.File
	for _, m := range messages {
		fds, err := unix.ParseUnixRights(&m)
		if err != nil {
			continue // credentials, which nobody asked for
		}
		for _, fd := range fds {
			// Non-blocking before NewFile, so that pipes and sockets use the poller.
			_ = nonblock.Set(fd)
			files = append(files, os.NewFile(uintptr(fd), "received"))
		}
	}
	return files, nil
}
