package sshd

import (
	"errors"
	"net"
	"os"
	"sync/atomic"
	"syscall"

	"github.com/jailsh/jailsh/internal/nonblock"
	"golang.org/x/sys/unix"
)

// listener accepts TCP connections without waking the runtime's monitor, as
// socket reads and writes them: it would stay awake during the key exchange, which
// is most of what a login has to compute.
type listener struct {
	file *os.File
	raw  syscall.RawConn
	addr *net.TCPAddr

	closed atomic.Bool
}

// NewListener takes over a listening TCP socket, which must be non-blocking.
func NewListener(f *os.File) (net.Listener, error) {
	raw, err := f.SyscallConn()
	if err != nil {
		return nil, err
	}
	l := &listener{file: f, raw: raw}
	var nameErr error
	err = raw.Control(func(fd uintptr) {
		own, err := nonblock.Sockname(int(fd))
		l.addr, nameErr = net.TCPAddrFromAddrPort(own), err
	})
	if err = errors.Join(err, os.NewSyscallError("getsockname", nameErr)); err != nil {
		f.Close()
		return nil, err
	}
	return l, nil
}

// Addr is where it listens.
func (l *listener) Addr() net.Addr { return l.addr }

// Close ends an Accept that waits.
func (l *listener) Close() error {
	l.closed.Store(true)
	return l.file.Close()
}

// Accept waits for a connection. After Close the error is net.ErrClosed.
func (l *listener) Accept() (net.Conn, error) {
	var c *accepted
	var acceptErr error
	err := l.raw.Read(func(fd uintptr) bool {
		c, acceptErr = accept(int(fd))
		return !errors.Is(acceptErr, unix.EAGAIN)
	})
	if err != nil && l.closed.Load() {
		err = net.ErrClosed // the poller has an error of its own for it
	}
	if err == nil {
		err = os.NewSyscallError("accept4", acceptErr)
	}
	if err != nil {
		return nil, &net.OpError{Op: "accept", Net: "tcp", Addr: l.addr, Err: err}
	}
	return c, nil
}

// accepted is a connection of a listener's.
type accepted struct {
	*os.File
	local, remote *net.TCPAddr
}

// LocalAddr is the server's end.
func (a *accepted) LocalAddr() net.Addr { return a.local }

// RemoteAddr is the client's.
func (a *accepted) RemoteAddr() net.Addr { return a.remote }

// accept sets what package net sets: no waiting to fill packets, and keepalive of
// TCP's own, which is not the one of client_alive_interval.
func accept(listening int) (*accepted, error) {
	fd, from, err := nonblock.Accept(listening)
	if err != nil {
		return nil, err
	}
	own, err := nonblock.Sockname(fd)
	if err != nil {
		_ = unix.Close(fd)
		return nil, err
	}
	for _, option := range [...]struct{ level, name, value int }{
		{unix.IPPROTO_TCP, unix.TCP_NODELAY, 1},
		{unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1},
		{unix.IPPROTO_TCP, unix.TCP_KEEPIDLE, 15},
		{unix.IPPROTO_TCP, unix.TCP_KEEPINTVL, 15},
		{unix.IPPROTO_TCP, unix.TCP_KEEPCNT, 9},
	} {
		_ = nonblock.SetsockoptInt(fd, option.level, option.name, option.value) // none of them is vital
	}
	return &accepted{os.NewFile(uintptr(fd), "tcp"), net.TCPAddrFromAddrPort(own), net.TCPAddrFromAddrPort(from)}, nil
}
