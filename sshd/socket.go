package sshd

import (
	"errors"
	"io"
	"net"
	"os"
	"syscall"

	"github.com/jailsh/jailsh/internal/nonblock"
	"golang.org/x/sys/unix"
)

// socket is a TCP connection whose reads and writes don't wake the runtime's
// monitor (internal/nonblock). Its errors are those of the connection itself.
type socket struct {
	*net.TCPConn
	quick *quickACK
	raw   syscall.RawConn
	read  func(fd uintptr) bool // into buf, as raw.Read wants it

	// Of whoever reads; there is one at a time.
	buf []byte
	n   int
	err error
}

// newSocket returns nil unless conn is TCP.
func newSocket(conn net.Conn) *socket {
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		return nil
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return nil
	}
	s := &socket{TCPConn: tcp, quick: newQuickACK(raw), raw: raw}
	s.read = func(fd uintptr) bool {
		s.n, s.err = nonblock.Read(int(fd), s.buf)
		if !errors.Is(s.err, unix.EAGAIN) {
			return true
		}
		s.quick.rearm(int(fd))
		return false
	}
	return s
}

// Read waits for data and reads it.
func (s *socket) Read(b []byte) (int, error) {
	s.buf = b
	err := s.raw.Read(s.read)
	s.buf = nil
	switch {
	case err != nil:
		return 0, err
	case s.err != nil:
		return 0, s.wrong("read", s.err)
	case s.n == 0 && len(b) > 0:
		return 0, io.EOF
	}
	return s.n, nil
}

// Write writes all of b.
func (s *socket) Write(b []byte) (int, error) {
	n, err := nonblock.WriteAll(s.raw, b)
	if errno := syscall.Errno(0); errors.As(err, &errno) {
		err = s.wrong("write", errno)
	}
	return n, err
}

func (s *socket) wrong(call string, err error) error {
	return &net.OpError{Op: call, Net: "tcp", Source: s.LocalAddr(), Addr: s.RemoteAddr(), Err: os.NewSyscallError(call, err)}
}
