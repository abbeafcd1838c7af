package sshd

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jailsh/jailsh/internal/wire"
	"golang.org/x/sys/unix"
)

// scriptListener gives what the test says.
type scriptListener struct {
	accept func() (net.Conn, error)
	closed chan struct{}
}

func (l *scriptListener) Accept() (net.Conn, error) { return l.accept() }
func (l *scriptListener) Addr() net.Addr            { return &net.TCPAddr{} }

func (l *scriptListener) Close() error {
	select {
	case <-l.closed:
	default:
		close(l.closed)
	}
	return nil
}

// Without a free descriptor, accept is tried again, less and less often, and the
// log has one line of it.
func TestAcceptWithoutDescriptorsDoesNotSpin(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := prepare(t)
		began := time.Now()
		var at []time.Duration
		ours, theirs := memPipe("198.51.100.7:40000")
		l := &scriptListener{closed: make(chan struct{})}
		l.accept = func() (net.Conn, error) {
			at = append(at, time.Since(began).Round(time.Millisecond))
			switch {
			case len(at) <= 12:
				return nil, &net.OpError{Op: "accept", Err: os.NewSyscallError("accept4", unix.EMFILE)}
			case len(at) == 13:
				return ours, nil
			}
			<-l.closed
			return nil, net.ErrClosed
		}
		served := make(chan error, 1)
		go func() { served <- f.server.Serve(context.Background(), l) }()
		banner := make([]byte, len(version))
		if _, err := io.ReadFull(theirs, banner); err != nil || string(banner) != version {
			t.Errorf("after it: %q, %v", banner, err)
		}
		ms := time.Millisecond
		want := []time.Duration{0, 5 * ms, 15 * ms, 35 * ms, 75 * ms, 155 * ms, 315 * ms, 635 * ms, 1275 * ms, 2275 * ms, 3275 * ms, 4275 * ms, 5275 * ms}
		if err := f.server.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
		if err := <-served; err != nil {
			t.Error(err)
		}
		if got := at[:13]; !slices.Equal(got, want) {
			t.Errorf("tried at %v, not %v", got, want)
		}
		if n := f.broker.count("accept"); n != 1 {
			t.Errorf("%d records", n)
		}
	})
}

// Any other error of accept is the end of Serve.
func TestAcceptErrorIsReturned(t *testing.T) {
	t.Parallel()
	f := start(t)
	broken := errors.New("broken")
	l := &scriptListener{closed: make(chan struct{}), accept: func() (net.Conn, error) { return nil, broken }}
	if err := f.server.Serve(context.Background(), l); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	<-l.closed
}

// Serve ends with its context, and closes the listener; who is logged in stays.
func TestServeEndsWithItsContext(t *testing.T) {
	t.Parallel()
	f := start(t)
	l, err := net.Listen("tcp", "127.0.0.88:0") // no other test's address: one could listen at the port again
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- f.server.Serve(ctx, l) }()
	f.addr = l.Addr().String()
	c := f.dial()
	cancel()
	if err := <-served; err != nil {
		t.Errorf("got %v", err)
	}
	if _, err := net.Dial("tcp", f.addr); err == nil {
		t.Error("the listener is open")
	}
	s := f.session(c)
	s.must("exec", text("exit 3"))
	if got := s.status(); got != 3 {
		t.Errorf("exit status %d", got)
	}
}

// A source over its cap is dropped at once, before anything is sent to it; when
// one of its connections is logged in or gone, there is room again.
func TestConnectionsOverTheCapAreDropped(t *testing.T) {
	t.Parallel()
	f := start(t, func(_ *fixture, cfg *wire.NetConfig) { cfg.StartupsPerSource = 3 })
	var waiting []net.Conn
	banner := func() (net.Conn, error) {
		conn, err := net.Dial("tcp", f.addr)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		_, err = io.ReadFull(conn, make([]byte, len(version)))
		return conn, err
	}
	for range 3 {
		conn, err := banner()
		if err != nil {
			t.Fatal(err)
		}
		waiting = append(waiting, conn)
	}
	if _, err := banner(); err == nil {
		t.Error("a fourth was served")
	}
	r := f.broker.waitRecord(t, "dropped", nil)
	if attr(r, "limit") != "max_startups_per_source" || attr(r, "connections") != "1" || r.From != "127.0.0.1" {
		t.Errorf("recorded as %+v", r)
	}
	for range 100 {
		if _, err := banner(); err == nil {
			t.Fatal("one more was served")
		}
	}
	if n := f.broker.count("dropped"); n != 1 {
		t.Errorf("%d records of drops", n)
	}
	waiting[0].Close()
	f.broker.waitRecord(t, "no login", nil)
	f.eventually(func() bool { return f.starting() == 2 })
	for range 5 { // each is logged in when the next comes, and doesn't count
		f.dial()
	}
}

// Clients that send what isn't SSH, or nothing and hang up, leave nothing behind.
func TestGarbageBeforeTheHandshake(t *testing.T) {
	t.Parallel()
	f := start(t)
	for _, garbage := range []string{
		"", "\n", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "SSH-2.0-x\r\n\xff\xff\xff\xff\xff\xff\xff\xff", "SSH-1.5-x\r\n",
		string(make([]byte, 100_000)), "SSH-2.0-" + string(make([]byte, 300)) + "\r\n", "\x16\x03\x01\x02\x00\x01\x00",
	} {
		conn, err := net.Dial("tcp", f.addr)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(conn, garbage) // the server may have hung up
		_ = conn.(*net.TCPConn).CloseWrite()
		if err := conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, conn); errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%.20q: the server didn't hang up", garbage)
		}
		conn.Close()
	}
	f.eventually(func() bool { return len(f.server.connections()) == 0 })
	if n := f.starting(); n != 0 {
		t.Errorf("%d connections are still counted", n)
	}
	f.dial()
}

// Garbage in the place of an authentication ends the connection, and only it.
func TestGarbageDuringAuthentication(t *testing.T) {
	t.Parallel()
	f := start(t)
	for _, packet := range [][]byte{
		{msgAuthRequest},
		{msgAuthRequest, 0xff, 0xff, 0xff, 0xff},
		{msgChannelOpen, 0},
		{msgGlobalRequest},
		{msgKexInit},
		{msgNewKeys},
		{255},
		{0},
		authRequest("alice", "publickey"), authRequest("alice", "publickey", []byte{1}, text("ssh-ed25519"), text("x"), text("y")),
		authRequest("alice", "publickey", []byte{0}, text("ssh-ed25519"), []byte{0xff, 0xff, 0xff, 0xff}),
		authRequest("alice", "gssapi-with-mic", []byte{0xff, 0xff, 0xff, 0xff}), authRequest("alice", "password", []byte{0}),
	} {
		c := f.wireDial()
		c.send(packet)
		c.conn.(*net.TCPConn).CloseWrite()
		if err := c.over(); err != nil {
			t.Errorf("%q: %v", packet, err)
		}
	}
	f.dial()
}

// What is left of a client's packets when the server has had enough leaves no
// goroutine behind, in any phase (TestMain would see it).
func TestPacketsThatNobodyTakes(t *testing.T) {
	t.Parallel()
	f := start(t)
	bad := []byte{msgChannelData, 0, 0, 0, 9, 0, 0, 0, 0} // of a channel that doesn't exist
	for _, phase := range []string{"before the service", "before the login", "after the login"} {
		c := f.wireDialRaw(phase != "before the service")
		if phase == "after the login" && !c.login("alice", f.key) {
			t.Fatal("no login")
		}
		c.hold()
		for range 200 {
			c.send(bad)
		}
		if err := c.release(); err != nil {
			t.Fatal(err)
		}
		if err := c.over(); err != nil {
			t.Errorf("%s: %v", phase, err)
		}
	}
	f.eventually(func() bool { return len(f.server.connections()) == 0 })
	if n := f.broker.count("drain"); n != 0 {
		t.Error(errNoChannel)
	}
}

// Nobody may send more before the login than a login takes.
func TestTooMuchBeforeTheLogin(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, f *fixture) {
		conn := f.connect()
		c := wireHandshake(t, conn)
		go func() { _ = c.over() }()
		sent := 0
		for range 100 { // fewer than x/crypto ends by itself
			packet := authRequest("alice", "publickey", []byte{0}, text("ssh-ed25519"), text(string(make([]byte, 10_000))))
			if c.write(packet) != nil {
				break
			}
			sent += len(packet)
		}
		if sent > beforeLogin+memCapacity+20_000 {
			t.Errorf("%d bytes were taken", sent)
		}
		f.broker.waitRecord(t, "no login", func(r *wire.Record) bool { return strings.Contains(attr(r, "reason"), errTooMuch.Error()) })
	}, func(_ *fixture, cfg *wire.NetConfig) { cfg.MaxAuthTries = 1000 })
}
