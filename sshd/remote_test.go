package sshd

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/jailsh/jailsh/internal/wire"
	"golang.org/x/crypto/ssh"
)

// at is the data of a tcpip-forward and of its cancel.
func at(host string, port uint32) []byte {
	return ssh.Marshal(struct {
		Host string
		Port uint32
	}{host, port})
}

// listenOn asks for a port and returns the one that it got.
func (f *fixture) listenOn(c *ssh.Client, host string) uint32 {
	f.t.Helper()
	ok, answer, err := c.SendRequest(tcpForward, true, at(host, 0))
	if err != nil || !ok || len(answer) != 4 {
		f.t.Fatal(ok, answer, err)
	}
	return binary.BigEndian.Uint32(answer)
}

func dialPort(t testing.TB, port uint32) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", fmt.Sprint("127.0.0.1:", port))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// quietPort returns a free port that the kernel gives to nobody who doesn't ask for
// it (ip_local_port_range of ip(7) begins at 32768).
func quietPort(t testing.TB) uint32 {
	t.Helper()
	for port := uint32(20000); port < 32768; port++ {
		if l, err := net.Listen("tcp", fmt.Sprint("127.0.0.1:", port)); err == nil {
			l.Close()
			return port
		}
	}
	t.Fatal("all ports are taken")
	return 0
}

// closedPort reports whether nobody listens.
func closedPort(port uint32) bool {
	c, err := net.Dial("tcp", fmt.Sprint("127.0.0.1:", port))
	if err == nil {
		c.Close()
	}
	return errors.Is(err, syscall.ECONNREFUSED)
}

// taken returns the channel for the next connection that was forwarded, and its
// data.
func taken(t testing.TB, opens <-chan ssh.NewChannel) (ssh.Channel, []byte) {
	t.Helper()
	nc := <-opens
	data := nc.ExtraData()
	ch, requests, err := nc.Accept()
	if err != nil {
		t.Fatal(err)
	}
	go ssh.DiscardRequests(requests)
	return ch, data
}

func TestRemoteForwards(t *testing.T) {
	t.Parallel()
	f := start(t)
	c := f.dial()
	tcp, unixes := c.HandleChannelOpen("forwarded-tcpip"), c.HandleChannelOpen("forwarded-streamlocal@openssh.com")
	large := bytes.Repeat([]byte("0123456789abcdef"), 1<<18)

	port := f.listenOn(c, "a name")
	conn := dialPort(t, port)
	ch, data := taken(t, tcp)
	var told struct {
		Host   string
		Port   uint32
		Origin string
		From   uint32
	}
	if err := ssh.Unmarshal(data, &told); err != nil {
		t.Fatal(err)
	}
	// The client knows its forward by the name that it has given.
	if local := conn.LocalAddr().(*net.TCPAddr); told.Host != "a name" || told.Port != port || told.Origin != "127.0.0.1" || told.From != uint32(local.Port) {
		t.Errorf("%+v, from %v", told, local)
	}
	clientEndsFirst(t, ch, conn, large)
	conn = dialPort(t, port)
	ch, _ = taken(t, tcp)
	targetEndsFirst(t, ch, conn, large)

	path := filepath.Join(t.TempDir(), "s")
	if ok, answer, err := c.SendRequest(unixForward, true, text(path)); !ok || len(answer) > 0 || err != nil {
		t.Fatal(ok, answer, err)
	}
	conn, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	ch, data = taken(t, unixes)
	if want := append(text(path), 0, 0, 0, 0); !bytes.Equal(data, want) {
		t.Errorf("%q, want %q", data, want)
	}
	clientEndsFirst(t, ch, conn, large)
	f.broker.waitRecord(t, "listen", func(r *wire.Record) bool { return attr(r, "for") == path && r.User == "alice" })
	f.broker.waitRecord(t, "forward end", func(r *wire.Record) bool {
		return attr(r, "for") == path && attr(r, "received") == "4194304" && attr(r, "sent") == "4194304"
	})

	// What was accepted outlives the listener.
	conn = dialPort(t, port)
	ch, _ = taken(t, tcp)
	for _, cancel := range []struct {
		kind string
		data []byte
		want bool
	}{
		{cancelTCPForward, at("another name", port), false},
		{cancelTCPForward, at("a name", 0), false},
		{cancelTCPForward, at("a name", port), true},
		{cancelTCPForward, at("a name", port), false},
		{cancelUnixForward, text(path), true},
		{cancelUnixForward, text(path), false},
	} {
		if ok, _, err := c.SendRequest(cancel.kind, true, cancel.data); ok != cancel.want || err != nil {
			t.Errorf("%s %q: %v %v", cancel.kind, cancel.data, ok, err)
		}
	}
	if !closedPort(port) {
		t.Error("the port is still open")
	}
	clientEndsFirst(t, ch, conn, large)
	// A port that was given back can be had again, at once.
	port = quietPort(t)
	for range 20 {
		if ok, _, err := c.SendRequest(tcpForward, true, at("a name", port)); !ok || err != nil {
			t.Fatal(ok, err)
		}
		if ok, _, err := c.SendRequest(cancelTCPForward, true, at("a name", port)); !ok || err != nil {
			t.Fatal(ok, err)
		}
	}
}

// Trap 14 of the library: its table was the server's, so anybody could cancel
// anybody's forward, and a listener outlived its connection.
func TestAForwardIsItsConnectionsOwn(t *testing.T) {
	t.Parallel()
	f := start(t)
	mine, other := f.dial(), f.dial()
	port := f.listenOn(mine, "localhost")
	if ok, _, err := other.SendRequest(cancelTCPForward, true, at("localhost", port)); ok || err != nil {
		t.Errorf("another connection has cancelled it: %v %v", ok, err)
	}
	opens := mine.HandleChannelOpen("forwarded-tcpip")
	conn := dialPort(t, port)
	_, _ = taken(t, opens)
	mine.Close()
	if _, err := io.Copy(io.Discard, conn); err != nil && !errors.Is(err, syscall.ECONNRESET) {
		t.Error(err)
	}
	f.broker.waitRecord(t, "logout", nil)
	if !closedPort(port) {
		t.Error("it outlives its connection")
	}
	f.eventually(func() bool {
		f.server.remotes.mu.Lock()
		defer f.server.remotes.mu.Unlock()
		return len(f.server.remotes.by) == 0
	})
}

// Answers have no number: they come in the order of the requests, though the first
// has to wait for the cell. Nothing else waits meanwhile.
func TestAnswersComeInOrder(t *testing.T) {
	t.Parallel()
	asked, release := make(chan struct{}), make(chan struct{})
	f := start(t, func(f *fixture, _ *wire.NetConfig) {
		f.broker.cell = &scriptCell{spawn: f.cell.Spawn, listen: func(ctx context.Context, m *wire.Listen) ([]*os.File, uint32, error) {
			close(asked)
			<-release
			return f.cell.Listen(ctx, m)
		}}
	})
	c := f.wireLogin()
	global := func(name string, data []byte) {
		c.send(bytes.Join([][]byte{{msgGlobalRequest}, text(name), {1}, data}, nil))
	}
	global(tcpForward, at("", 0))
	global("keepalive@openssh.com", nil)
	global("nobody knows this", nil)
	global(cancelTCPForward, at("", 1))
	<-asked
	c.openSession(1 << 20) // answered before all of these
	close(release)
	if p := c.must(msgRequestSuccess); len(p) != 5 {
		t.Errorf("the answer to the first is %q", p)
	}
	if p := c.must(msgRequestSuccess); len(p) != 1 {
		t.Errorf("the answer to the second is %q", p)
	}
	c.must(82) // REQUEST_FAILURE
	c.must(82)
}

// A client that asks for more than it should gets a no, over all its connections.
func TestListenersAreBounded(t *testing.T) {
	t.Parallel()
	f := start(t)
	c, second := f.dial(), f.dial()
	var ports []uint32
	for range maxListeners {
		ports = append(ports, f.listenOn(c, "localhost"))
	}
	for _, c := range []*ssh.Client{c, second} {
		if ok, _, err := c.SendRequest(tcpForward, true, at("localhost", 0)); ok || err != nil {
			t.Errorf("one more than %d: %v %v", maxListeners, ok, err)
		}
	}
	if ok, _, err := c.SendRequest(cancelTCPForward, true, at("localhost", ports[0])); !ok || err != nil {
		t.Error(ok, err)
	}
	f.eventually(func() bool { // counted out just after the answer
		ok, _, err := second.SendRequest(tcpForward, true, at("localhost", 0))
		return ok && err == nil
	})
}

// A client that doesn't answer opens: so many are asked for, the rest waits in the
// kernel, and other channels go on.
func TestConnectionsToAListenerAreAcceptedInTurn(t *testing.T) {
	t.Parallel()
	f := start(t)
	c := f.dial()
	opens := c.HandleChannelOpen("forwarded-tcpip")
	port := f.listenOn(c, "localhost")
	conns := make([]net.Conn, 3*maxUnanswered)
	for n := range conns {
		conns[n] = dialPort(t, port)
	}
	var waiting []ssh.NewChannel
	for range maxUnanswered {
		waiting = append(waiting, <-opens)
	}
	s := f.session(c)
	s.must("exec", text("echo here"))
	if out := must[[]byte](t)(io.ReadAll(s)); string(out) != "here\n" {
		t.Errorf("%q", out)
	}
	select {
	case <-opens:
		t.Errorf("more than %d are asked for at once", maxUnanswered)
	default:
	}
	for range conns {
		nc := waiting[0]
		if err := nc.Reject(ssh.ConnectionFailed, "not now"); err != nil {
			t.Fatal(err)
		}
		if waiting = waiting[1:]; len(waiting) == 0 {
			break
		}
	}
	// A no makes place for the next.
	for range len(conns) - maxUnanswered {
		if err := (<-opens).Reject(ssh.ConnectionFailed, "not now"); err != nil {
			t.Fatal(err)
		}
	}
	for _, conn := range conns {
		if _, err := io.Copy(io.Discard, conn); err != nil {
			t.Error(err)
		}
	}
}

// More connections than a user may have are closed as soon as they are accepted.
func TestAFloodOfAListener(t *testing.T) {
	t.Parallel()
	f := start(t)
	c := f.dial()
	opens := c.HandleChannelOpen("forwarded-tcpip")
	go func() {
		for nc := range opens {
			if _, requests, err := nc.Accept(); err == nil {
				go ssh.DiscardRequests(requests)
			}
		}
	}()
	port := f.listenOn(c, "localhost")
	for range maxForwards + 20 {
		dialPort(t, port)
	}
	last := dialPort(t, port)
	if _, err := last.Read(make([]byte, 1)); !errors.Is(err, io.EOF) && !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("one too many: %v", err)
	}
	f.broker.waitRecord(t, "request refused", func(r *wire.Record) bool { return attr(r, "request") == "too many forwards of this user" })
	s := f.session(c)
	s.must("exec", text("echo here"))
	if out := must[[]byte](t)(io.ReadAll(s)); string(out) != "here\n" {
		t.Errorf("%q", out)
	}
}

// What may be listened on is what both the user and her key permit, and what is
// taken away is closed with what has come through it.
func TestListenersFollowTheGrant(t *testing.T) {
	t.Parallel()
	f := start(t)
	dir := t.TempDir()
	f.grant.RemoteForward = wire.Permits{
		User: []wire.Permit{{Host: "localhost"}, {Path: dir + "/*"}},
		Key:  []wire.Permit{{Host: "*"}, {Path: dir + "/a"}},
	}
	c := f.dial()
	for _, asked := range []struct {
		kind string
		data []byte
		want bool
	}{
		{tcpForward, at("localhost", 0), true},
		{tcpForward, at("", 0), false},
		{tcpForward, at("127.0.0.1", 0), false},
		{unixForward, text(dir + "/a"), true},
		{unixForward, text(dir + "/b"), false},
		{unixForward, text(""), false},
		{tcpForward, nil, false},
		{tcpForward, append(at("localhost", 0), 0), false},
		{cancelTCPForward, nil, false},
		{unixForward, nil, false},
	} {
		if ok, _, err := c.SendRequest(asked.kind, true, asked.data); ok != asked.want || err != nil {
			t.Errorf("%s %q: %v %v", asked.kind, asked.data, ok, err)
		}
	}
	opens := c.HandleChannelOpen("forwarded-tcpip")
	port := f.listenOn(c, "localhost")
	conn := dialPort(t, port)
	ch, _ := taken(t, opens)
	narrow := *f.grant
	narrow.RemoteForward.Key = []wire.Permit{{Path: "*"}}
	f.broker.allow("alice", f.key.PublicKey(), &narrow)
	f.server.Recheck()
	if _, err := io.Copy(io.Discard, ch); err != nil {
		t.Error(err)
	}
	if _, err := io.Copy(io.Discard, conn); err != nil {
		t.Error(err)
	}
	if !closedPort(port) {
		t.Error("the port is still open")
	}
	if _, err := net.Dial("unix", dir+"/a"); err != nil {
		t.Errorf("what is still permitted was closed: %v", err)
	}
}

// A client that only forwards learns that its listener is gone: it is
// disconnected, and can come back.
func TestAClientWithoutASessionLearnsOfTheCellsEnd(t *testing.T) {
	t.Parallel()
	f := start(t)
	c := f.dial()
	port := f.listenOn(c, "localhost")
	close(f.cell.done)
	if err := c.Wait(); err == nil {
		t.Error("no error")
	}
	f.broker.waitRecord(t, "logout", nil)
	if !closedPort(port) {
		t.Error("the port is still open")
	}
}

// An init that says yes to everything can't make two listeners of one.
func TestAHostileInitThatGivesAPortTwice(t *testing.T) {
	t.Parallel()
	f := start(t, func(f *fixture, _ *wire.NetConfig) {
		f.broker.cell = &scriptCell{listen: func(ctx context.Context, m *wire.Listen) ([]*os.File, uint32, error) {
			sockets, _, err := f.cell.Listen(ctx, &wire.Listen{At: wire.Address{Host: "localhost"}})
			return sockets, 3333, err
		}}
	})
	c := f.dial()
	for n, want := range []bool{true, false} {
		if ok, _, err := c.SendRequest(tcpForward, true, at("localhost", 3333)); ok != want || err != nil {
			t.Errorf("time %d: %v %v", n, ok, err)
		}
	}
}
