package sshd

import (
	"errors"
	"io"
	"net"
	"os"
	"sync/atomic"
	"syscall"

	"github.com/jailsh/jailsh/internal/nonblock"
	"golang.org/x/sys/unix"
)

// socket is a TCP connection whose reads and writes don't wake the runtime's
// monitor (internal/nonblock). Its errors are those of the connection itself.
type socket struct {
	net.Conn
	quick  *quickACK
	raw    syscall.RawConn
	chunks *chunks

	closed atomic.Bool

	// Of whoever reads; there is one at a time.
	read  func(fd uintptr) bool // into buf, as raw.Read wants it
	buf   []byte
	n     int
	err   error
	ahead ahead
	reads pace

	// Of whoever writes; there is one at a time.
	writes pace

	gather gather
}

// newSocket returns nil unless conn is TCP.
func newSocket(conn net.Conn, c *chunks) *socket {
	switch conn.(type) {
	case *accepted, *net.TCPConn:
	default:
		return nil
	}
	raw, err := conn.(syscall.Conn).SyscallConn()
	if err != nil {
		return nil
	}
	s := &socket{Conn: conn, quick: newQuickACK(raw), raw: raw, chunks: c}
	s.read = func(fd uintptr) bool {
		s.n, s.err = nonblock.Read(int(fd), s.buf)
		if !errors.Is(s.err, unix.EAGAIN) {
			return true
		}
		s.quick.rearm(int(fd))
		return false
	}
	s.ahead.fill = s.fill
	s.reads.turnstile, s.writes.turnstile = c.turnstile, c.turnstile
	return s
}

// Read waits for data and reads it.
func (s *socket) Read(b []byte) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	s.buf = b
	return s.wait(s.read)
}

func (s *socket) wait(read func(fd uintptr) bool) (int, error) {
	err := s.raw.Read(read)
	s.buf = nil
	if err == nil {
		err = s.err
	}
	if err == nil && s.n == 0 {
		return 0, io.EOF
	}
	if err != nil {
		return 0, s.wrong("read", err)
	}
	return s.n, nil
}

// Write writes all of b.
func (s *socket) Write(b []byte) (int, error) { return s.writeBoth(nil, b) }

// writeBoth writes all of first and then of second.
func (s *socket) writeBoth(first, second []byte) (int, error) {
	n, err := nonblock.WriteBoth(s.raw, first, second)
	if err != nil {
		err = s.wrong("write", err)
	}
	return n, err
}

// Close ends a Read and a Write that wait.
func (s *socket) Close() error {
	s.closed.Store(true)
	return s.Conn.Close()
}

// wrong is the error as package net has it. After Close that of the poller says
// nothing.
func (s *socket) wrong(call string, err error) error {
	if s.closed.Load() {
		err = net.ErrClosed
	} else if errno := syscall.Errno(0); errors.As(err, &errno) {
		err = os.NewSyscallError(call, errno)
	}
	return &net.OpError{Op: call, Net: "tcp", Source: s.LocalAddr(), Addr: s.RemoteAddr(), Err: err}
}
