package sshd

import (
	"net"
	"testing"

	"golang.org/x/sys/unix"
)

// While something is set up, whoever waits for the client leaves the socket in
// the mode in which it acknowledges at once, which the kernel leaves by itself;
// later it is left alone.
func TestQuickACKIsSetAgainBeforeEachWait(t *testing.T) {
	t.Parallel()
	ours, theirs := tcpPair(t)
	l := newLink(ours, &flood{}, &chunks{})
	l.client.done = true // what is sent here is no identification
	l.enter(phaseLoggedIn)
	sets, set := make(chan struct{}, 100), l.quick.set
	l.quick.set = func(fd int) error {
		err := set(fd)
		sets <- struct{}{}
		return err
	}
	read := func() bool { // tells whether it was set
		t.Helper()
		for len(sets) > 0 {
			<-sets
		}
		option(t, ours, func(fd int) (int, error) { return 0, unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_QUICKACK, 0) })
		done := make(chan error, 1)
		go func() {
			_, err := l.Read(make([]byte, 1))
			done <- err
		}()
		was := false
		if l.quick.settle.Load() > 0 {
			<-sets
			was = option(t, ours, func(fd int) (int, error) { return unix.GetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_QUICKACK) }) == 1
		}
		if _, err := theirs.Write([]byte("x")); err != nil {
			t.Fatal(err)
		}
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		return was || len(sets) > 0
	}
	if read() {
		t.Error("it is on with nothing being set up")
	}
	l.quick.begin()
	l.quick.begin()
	for range 3 {
		if !read() {
			t.Error("it is off during a set-up")
		}
	}
	l.quick.end()
	if !read() {
		t.Error("it is off while one of two is still being set up")
	}
	l.quick.end()
	if read() {
		t.Error("it is on after both")
	}
}

// A session that has its program, and a connection that has its first session,
// are set up.
func TestSetUpEndsWithTheProgram(t *testing.T) {
	t.Parallel()
	f := start(t)
	c := f.dial()
	conn := f.server.connections()[0]
	settle := conn.link.quick.settle.Load
	if settle() != 1 {
		t.Errorf("%d after the login", settle())
	}
	s := f.session(c)
	if settle() != 2 {
		t.Errorf("%d with a session", settle())
	}
	s.must("exec", text("cat"))
	f.eventually(func() bool { return settle() == 0 })
	other := f.session(c)
	if settle() != 1 {
		t.Errorf("%d with another session", settle())
	}
	other.Close()
	f.eventually(func() bool { return settle() == 0 })
}

// What isn't TCP has no such mode.
func TestQuickACKOfOtherConnections(t *testing.T) {
	t.Parallel()
	ours, theirs := net.Pipe()
	defer ours.Close()
	defer theirs.Close()
	l := newLink(ours, &flood{}, &chunks{})
	l.quick.begin()
	l.quick.end()
	if l.quick != nil {
		t.Error("a pipe has the mode")
	}
}

func tcpPair(t *testing.T) (ours, theirs *net.TCPConn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	client, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	server, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		client.Close()
		server.Close()
	})
	return server.(*net.TCPConn), client.(*net.TCPConn)
}

// option does something to a connection's socket.
func option(t *testing.T, c *net.TCPConn, do func(fd int) (int, error)) int {
	t.Helper()
	raw, err := c.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var value int
	var opErr error
	if err := raw.Control(func(fd uintptr) { value, opErr = do(int(fd)) }); err != nil {
		t.Fatal(err)
	}
	if opErr != nil {
		t.Fatal(opErr)
	}
	return value
}
