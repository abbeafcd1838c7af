package sshd

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jailsh/jailsh/internal/wire"
	"golang.org/x/crypto/ssh"
)

// directTCP is the data of a direct-tcpip.
func directTCP(host string, port int) []byte {
	return ssh.Marshal(struct {
		Host   string
		Port   uint32
		Origin string
		From   uint32
	}{host, uint32(port), "192.0.2.1", 4321})
}

// directUnix is the data of a direct-streamlocal@openssh.com.
func directUnix(path string) []byte {
	return ssh.Marshal(struct {
		Path, Reserved string
		Number         uint32
	}{path, "", 0})
}

// target is something that can be forwarded to: it hands out what connects.
type target struct {
	t     testing.TB
	port  int
	conns chan net.Conn
}

func newTarget(t testing.TB, network, address string) *target {
	t.Helper()
	l, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	tg := &target{t: t, conns: make(chan net.Conn, maxForwards)}
	if tcp, ok := l.Addr().(*net.TCPAddr); ok {
		tg.port = tcp.Port
	}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			tg.conns <- c
		}
	}()
	return tg
}

func (tg *target) next() net.Conn {
	tg.t.Helper()
	c := <-tg.conns
	tg.t.Cleanup(func() { c.Close() })
	return c
}

// forwardTo opens a channel to a target and returns both ends.
func (f *fixture) forwardTo(c *ssh.Client, tg *target) (ssh.Channel, net.Conn) {
	f.t.Helper()
	ch, requests, err := c.OpenChannel("direct-tcpip", directTCP("127.0.0.1", tg.port))
	if err != nil {
		f.t.Fatal(err)
	}
	go ssh.DiscardRequests(requests)
	return ch, tg.next()
}

// must is for calls that can't fail.
func must[T any](t testing.TB) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// Each side ends its own direction, and what the other still has to say arrives.
func TestHalfCloseKeepsData(t *testing.T) {
	t.Parallel()
	f := start(t)
	c := f.dial()
	tg := newTarget(t, "tcp", "127.0.0.1:0")
	sock := filepath.Join(t.TempDir(), "s")
	unixTarget := newTarget(t, "unix", sock)
	large := bytes.Repeat([]byte("0123456789abcdef"), 1<<18) // more than any window
	for _, open := range []func() (ssh.Channel, net.Conn){
		func() (ssh.Channel, net.Conn) { return f.forwardTo(c, tg) },
		func() (ssh.Channel, net.Conn) {
			ch, requests, err := c.OpenChannel("direct-streamlocal@openssh.com", directUnix(sock))
			if err != nil {
				t.Fatal(err)
			}
			go ssh.DiscardRequests(requests)
			return ch, unixTarget.next()
		},
	} {
		ch, conn := open()
		clientEndsFirst(t, ch, conn, large)
		ch, conn = open()
		targetEndsFirst(t, ch, conn, large)
	}
	f.broker.waitRecord(t, "forward", func(r *wire.Record) bool { return attr(r, "channel") == "direct-tcpip" && r.User == "alice" })
	f.broker.waitRecord(t, "forward end", func(r *wire.Record) bool {
		return attr(r, "for") == sock && attr(r, "received") == "4194304" && attr(r, "sent") == "4194304"
	})
}

func clientEndsFirst(t *testing.T, ch ssh.Channel, conn net.Conn, large []byte) {
	t.Helper()
	go func() {
		_, _ = ch.Write(large)
		_ = ch.CloseWrite()
	}()
	if got := must[[]byte](t)(io.ReadAll(conn)); !bytes.Equal(got, large) {
		t.Errorf("the target got %d bytes of %d", len(got), len(large))
	}
	go func() {
		_, _ = conn.Write(large)
		conn.Close()
	}()
	if got := must[[]byte](t)(io.ReadAll(ch)); !bytes.Equal(got, large) {
		t.Errorf("the client got %d bytes of %d", len(got), len(large))
	}
}

func targetEndsFirst(t *testing.T, ch ssh.Channel, conn net.Conn, large []byte) {
	t.Helper()
	go func() {
		_, _ = conn.Write(large)
		_ = conn.(interface{ CloseWrite() error }).CloseWrite()
	}()
	if got := must[[]byte](t)(io.ReadAll(ch)); !bytes.Equal(got, large) {
		t.Errorf("the client got %d bytes of %d", len(got), len(large))
	}
	go func() {
		_, _ = ch.Write(large)
		_ = ch.CloseWrite()
	}()
	if got := must[[]byte](t)(io.ReadAll(conn)); !bytes.Equal(got, large) {
		t.Errorf("the target got %d bytes of %d", len(got), len(large))
	}
}

// A client may close the channel as soon as it has said everything.
func TestWhatWasSentBeforeTheCloseArrives(t *testing.T) {
	t.Parallel()
	f := start(t)
	c := f.dial()
	tg := newTarget(t, "tcp", "127.0.0.1:0")
	sent := bytes.Repeat([]byte("x"), 1<<20)
	for _, end := range []func(ssh.Channel) error{
		ssh.Channel.Close,
		func(ssh.Channel) error { return c.Close() },
	} {
		ch, conn := f.forwardTo(c, tg)
		must[int](t)(ch.Write(sent))
		// Answered after the data was taken: a client that leaves with something unread
		// resets the connection, and what is on its way is lost.
		if _, _, err := c.SendRequest("keepalive@openssh.com", true, nil); err != nil {
			t.Fatal(err)
		}
		if err := end(ch); err != nil {
			t.Fatal(err)
		}
		if got := must[[]byte](t)(io.ReadAll(conn)); !bytes.Equal(got, sent) {
			t.Errorf("the target got %d bytes of %d", len(got), len(sent))
		}
	}
}

// A target that goes away in the middle ends the channel, and a client that
// leaves ends the connection to the target.
func TestEitherSideMayLeave(t *testing.T) {
	t.Parallel()
	f := start(t)
	tg := newTarget(t, "tcp", "127.0.0.1:0")
	c := f.dial()
	ch, conn := f.forwardTo(c, tg)
	_ = conn.(*net.TCPConn).SetLinger(0) // RST
	conn.Close()
	if _, err := io.Copy(io.Discard, ch); err != nil {
		t.Error(err)
	}
	if err := ch.Close(); err != nil && !errors.Is(err, io.EOF) {
		t.Error(err)
	}
	_, conn = f.forwardTo(c, tg)
	c.Close()
	if _, err := io.Copy(io.Discard, conn); err != nil {
		t.Error(err)
	}
	f.broker.waitRecord(t, "logout", nil)
}

// Neither a target nor a client that doesn't read holds up anything but its own
// channel.
func TestWhoDoesntReadIsAlone(t *testing.T) {
	t.Parallel()
	f := start(t)
	c := f.dial()
	tg := newTarget(t, "tcp", "127.0.0.1:0")
	deaf, conn := f.forwardTo(c, tg)
	go func() { _, _ = io.Copy(deaf, zeros{}) }() // the target doesn't read
	go func() { _, _ = io.Copy(conn, zeros{}) }() // nor does the client
	stalled := must[net.Conn](t)(conn, nil)       // kept open to the end
	defer stalled.Close()
	for range 3 {
		ch, conn := f.forwardTo(c, tg)
		must[int](t)(ch.Write([]byte("ping")))
		got := make([]byte, 4)
		must[int](t)(io.ReadFull(conn, got))
		must[int](t)(conn.Write(got))
		must[int](t)(io.ReadFull(ch, got))
		_ = ch.Close()
	}
	s := f.session(c)
	s.must("exec", text("echo here"))
	if out := must[[]byte](t)(io.ReadAll(s)); string(out) != "here\n" {
		t.Errorf("%q", out)
	}
}

// zeros never end.
type zeros struct{}

func (zeros) Read(b []byte) (int, error) { return len(b), nil }

// A target that never answers holds up nobody, and is given up with the
// connection.
func TestATargetThatNeverAnswers(t *testing.T) {
	t.Parallel()
	waiting, gone := make(chan struct{}), make(chan struct{})
	f := start(t, func(f *fixture, _ *wire.NetConfig) {
		f.broker.cell = &scriptCell{spawn: f.cell.Spawn, dial: func(ctx context.Context, _ *wire.Dial) (*os.File, error) {
			close(waiting)
			<-ctx.Done()
			close(gone)
			return nil, ctx.Err()
		}}
	})
	c := f.dial()
	go func() { _, _, _ = c.OpenChannel("direct-tcpip", directTCP("192.0.2.1", 22)) }()
	<-waiting
	s := f.session(c)
	s.must("exec", text("echo here"))
	if out := must[[]byte](t)(io.ReadAll(s)); string(out) != "here\n" {
		t.Errorf("%q", out)
	}
	c.Close()
	<-gone
}

// Opens that wait for their target must not count as answers that the client
// doesn't read: the connection would stand still.
func TestForwardsAreBounded(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	f := start(t, func(f *fixture, _ *wire.NetConfig) {
		f.broker.cell = &scriptCell{dial: func(ctx context.Context, m *wire.Dial) (*os.File, error) {
			if m.To.Port == 1 {
				return nil, &wire.Failure{Text: "connection refused"}
			}
			<-release
			return nil, &wire.Failure{Text: "no route to host"}
		}}
	})
	c, second := f.dial(), f.dial()
	results := make(chan error, maxForwards)
	for range maxForwards {
		go func() {
			_, _, err := c.OpenChannel("direct-tcpip", directTCP("192.0.2.1", 22))
			results <- err
		}()
	}
	f.eventually(func() bool {
		f.server.forwards.mu.Lock()
		defer f.server.forwards.mu.Unlock()
		return f.server.forwards.by["alice"] == maxForwards
	})
	for _, c := range f.server.connections() {
		f.eventually(func() bool {
			c.flood.mu.Lock()
			defer c.flood.mu.Unlock()
			return c.flood.pending == 0
		})
	}
	for _, c := range []*ssh.Client{c, second} {
		_, _, err := c.OpenChannel("direct-tcpip", directTCP("192.0.2.1", 22))
		if open := (*ssh.OpenChannelError)(nil); !errors.As(err, &open) || open.Reason != ssh.ResourceShortage {
			t.Errorf("one more than %d: %v", maxForwards, err)
		}
	}
	close(release)
	for range maxForwards {
		if err := <-results; err == nil || !strings.Contains(err.Error(), "no route to host") {
			t.Error(err)
		}
	}
	f.eventually(func() bool { // they are counted out after their answer
		_, _, err := c.OpenChannel("direct-tcpip", directTCP("192.0.2.1", 1))
		return strings.Contains(err.Error(), "connection refused")
	})
}

// What may be forwarded is what both the user and her key permit.
func TestForwardsFollowTheGrant(t *testing.T) {
	t.Parallel()
	f := start(t)
	tg := newTarget(t, "tcp", "127.0.0.1:0")
	f.grant.LocalForward = wire.Permits{
		User: []wire.Permit{{Host: "LOCALHOST"}, {Host: "127.0.0.*", Port: uint32(tg.port)}, {Path: "/run/*.sock"}},
		Key:  []wire.Permit{{Host: "127.0.0.1"}, {Host: "localhost", Port: 1}, {Path: "/run/a.sock"}},
	}
	c := f.dial()
	for _, asked := range []struct {
		kind    string
		data    []byte
		allowed bool
	}{
		{"direct-tcpip", directTCP("127.0.0.1", tg.port), true},
		{"direct-tcpip", directTCP("localhost", 1), true},
		{"direct-tcpip", directTCP("localhost", tg.port), false}, // the key says no
		{"direct-tcpip", directTCP("127.0.0.1", 1), false},       // the user
		{"direct-tcpip", directTCP("192.0.2.1", tg.port), false},
		{"direct-tcpip", directTCP("", tg.port), false},
		{"direct-streamlocal@openssh.com", directUnix("/run/a.sock"), true},
		{"direct-streamlocal@openssh.com", directUnix("/run/b.sock"), false},
		{"direct-streamlocal@openssh.com", directUnix("localhost"), false},
	} {
		ch, requests, err := c.OpenChannel(asked.kind, asked.data)
		open := (*ssh.OpenChannelError)(nil)
		switch {
		case err == nil:
			go ssh.DiscardRequests(requests)
			_ = ch.Close()
		case !errors.As(err, &open):
			t.Fatal(err)
		}
		if refused := open != nil && open.Message != "" && open.Reason == ssh.Prohibited; refused == asked.allowed && len(asked.data) > 30 {
			t.Errorf("%s %q: %v", asked.kind, asked.data, err)
		}
	}
}

// What the server can't read is refused, and says so.
func TestForwardsThatCantBeRead(t *testing.T) {
	t.Parallel()
	f := start(t)
	c := f.dial()
	long := strings.Repeat("x", wire.MaxName+1)
	for name, data := range map[string][]byte{
		"nothing": nil, "cut": directTCP("127.0.0.1", 1)[:20], "more": append(directTCP("127.0.0.1", 1), 0),
		"a long name": directTCP(long, 1), "no name": directTCP("", 1), "no such length": {0xff, 0xff, 0xff, 0xff},
	} {
		if _, _, err := c.OpenChannel("direct-tcpip", data); err == nil || !strings.Contains(err.Error(), "can't be understood") {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, data := range map[string][]byte{"nothing": nil, "no path": directUnix(""), "a long path": directUnix(long)} {
		if _, _, err := c.OpenChannel("direct-streamlocal@openssh.com", data); err == nil || !strings.Contains(err.Error(), "can't be understood") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A user from whom forwards are taken while she is logged in loses those that
// she has, and keeps the others.
func TestNarrowedForwardsAreClosed(t *testing.T) {
	t.Parallel()
	f := start(t)
	c := f.dial()
	kept, lost := newTarget(t, "tcp", "127.0.0.1:0"), newTarget(t, "tcp", "127.0.0.1:0")
	keptChannel, keptConn := f.forwardTo(c, kept)
	lostChannel, lostConn := f.forwardTo(c, lost)
	narrow := *f.grant
	narrow.LocalForward.User = []wire.Permit{{Host: "*", Port: uint32(kept.port)}}
	f.broker.allow("alice", f.key.PublicKey(), &narrow)
	f.server.Recheck()
	if _, err := io.Copy(io.Discard, lostConn); err != nil {
		t.Error(err)
	}
	if _, err := io.Copy(io.Discard, lostChannel); err != nil {
		t.Error(err)
	}
	must[int](t)(keptChannel.Write([]byte("still")))
	got := make([]byte, 5)
	must[int](t)(io.ReadFull(keptConn, got))
	if _, _, err := c.OpenChannel("direct-tcpip", directTCP("127.0.0.1", lost.port)); err == nil {
		t.Error("a new one is still opened")
	}
}

// One that opens channels without end must not push what others do out of the
// log; how many weren't recorded is.
func TestForwardsWithoutEndAreRecordedOnlySoOften(t *testing.T) {
	t.Parallel()
	var tl tellings
	now := tl.began.Add(tellingTime + 1)
	for n := range maxTellings {
		if skipped, ok := tl.next(now); !ok || skipped != 0 {
			t.Fatal(n, skipped, ok)
		}
	}
	for range 7 {
		if _, ok := tl.next(now); ok {
			t.Fatal("more are recorded")
		}
	}
	if skipped, ok := tl.next(now.Add(tellingTime + 1)); !ok || skipped != 7 {
		t.Error(skipped, ok)
	}
}
