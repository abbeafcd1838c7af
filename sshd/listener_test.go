package sshd

import (
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func listen(t *testing.T, address string) net.Listener {
	t.Helper()
	tcp, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer tcp.Close()
	f, err := tcp.(*net.TCPListener).File() // a duplicate
	if err != nil {
		t.Fatal(err)
	}
	l, err := NewListener(f)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	if l.Addr().String() != tcp.Addr().String() {
		t.Errorf("listens on %v instead of %v", l.Addr(), tcp.Addr())
	}
	return l
}

// Connections are as those of package net: the same addresses, the same options.
func TestListenerAcceptsAsNetDoes(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"127.0.0.1:0", "[::1]:0", "[::]:0"} {
		l := listen(t, address)
		client, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		c, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if got, want := c.RemoteAddr().String(), client.LocalAddr().String(); got != want {
			t.Errorf("comes from %s instead of %s", got, want)
		}
		if got, want := c.LocalAddr().String(), client.RemoteAddr().String(); got != want {
			t.Errorf("came to %s instead of %s", got, want)
		}
		raw, err := c.(*accepted).SyscallConn()
		if err != nil {
			t.Fatal(err)
		}
		if err := raw.Control(func(fd uintptr) {
			for name, o := range map[string]struct{ level, option, want int }{
				"nodelay":   {unix.IPPROTO_TCP, unix.TCP_NODELAY, 1},
				"keepalive": {unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1},
				"idle":      {unix.IPPROTO_TCP, unix.TCP_KEEPIDLE, 15},
				"interval":  {unix.IPPROTO_TCP, unix.TCP_KEEPINTVL, 15},
				"count":     {unix.IPPROTO_TCP, unix.TCP_KEEPCNT, 9},
			} {
				if got, err := unix.GetsockoptInt(int(fd), o.level, o.option); err != nil || got != o.want {
					t.Errorf("%s: %s is %d, %v", address, name, got, err)
				}
			}
			if flags, err := unix.FcntlInt(fd, unix.F_GETFD, 0); err != nil || flags&unix.FD_CLOEXEC == 0 {
				t.Errorf("it survives exec: %#x, %v", flags, err)
			}
		}); err != nil {
			t.Fatal(err)
		}
		s := newSocket(c, &chunks{})
		go func() {
			_, _ = client.Write([]byte("hello"))
			_ = client.(*net.TCPConn).CloseWrite()
		}()
		if all, err := io.ReadAll(s); err != nil || string(all) != "hello" {
			t.Errorf("read %q, %v", all, err)
		}
	}
}

// Close ends an Accept that waits; a connection's Close ends a Read that does.
func TestCloseEndsWaiting(t *testing.T) {
	t.Parallel()
	l := listen(t, "127.0.0.1:0")
	client, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	c, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	s := newSocket(c, &chunks{})
	ended := make(chan error, 2)
	go func() {
		_, err := l.Accept()
		ended <- err
	}()
	go func() {
		_, err := s.Read(make([]byte, 1))
		ended <- err
	}()
	// Long enough to be waiting, mostly; what is to happen doesn't depend on it.
	<-time.After(20 * time.Millisecond)
	s.Close()
	l.Close()
	for range 2 {
		if err := <-ended; !errors.Is(err, net.ErrClosed) {
			t.Errorf("ended with %v", err)
		}
	}
	if _, err := s.Write([]byte("x")); !errors.Is(err, net.ErrClosed) {
		t.Errorf("written after the end: %v", err)
	}
}
