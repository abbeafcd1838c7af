package sshd

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"

	"github.com/jailsh/jailsh/internal/wire"
	"golang.org/x/crypto/ssh"
)

func x11Request(single bool, protocol, cookie string) []byte {
	return ssh.Marshal(struct {
		Single           bool
		Protocol, Cookie string
		Screen           uint32
	}{single, protocol, cookie, 2})
}

// path starts a session that tells a variable and goes on, and returns what it is.
func (s *rawSession) path(variable string) string {
	s.t.Helper()
	s.must("exec", text("echo ${"+variable+"-none}; exec cat"))
	var line []byte
	for !bytes.HasSuffix(line, []byte("\n")) {
		one := make([]byte, 1)
		must[int](s.t)(io.ReadFull(s, one))
		line = append(line, one...)
	}
	return strings.TrimSpace(string(line))
}

func dialUnix(t testing.TB, path string) net.Conn {
	t.Helper()
	c, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// Trap 12. The library accepts agent forwarding always, and keeps it in the
// connection's context: one session's request gave the agent to another.
func TestAnAgentIsItsSessionsOwn(t *testing.T) {
	t.Parallel()
	f := start(t)
	c := f.dial()
	opens := c.HandleChannelOpen("auth-agent@openssh.com")
	asking, other := f.session(c), f.session(c)
	asking.must("auth-agent-req@openssh.com", nil)
	if asking.ask("auth-agent-req@openssh.com", nil) {
		t.Error("it was accepted twice")
	}
	if path := other.path("SSH_AUTH_SOCK"); path != "none" {
		t.Errorf("the other session has %s", path)
	}
	path := asking.path("SSH_AUTH_SOCK")
	if asking.ask("auth-agent-req@openssh.com", nil) {
		t.Error("it was accepted after the program's start")
	}
	large := bytes.Repeat([]byte("0123456789abcdef"), 1<<18)
	conn := dialUnix(t, path)
	ch, data := taken(t, opens)
	if len(data) > 0 {
		t.Errorf("it was opened with %q", data)
	}
	clientEndsFirst(t, ch, conn, large)

	// One that hangs, or isn't answered, holds up nobody else.
	_ = dialUnix(t, path)
	hanging, _ := taken(t, opens)
	defer hanging.Close()
	_ = dialUnix(t, path)
	unanswered := <-opens
	conn = dialUnix(t, path)
	ch, _ = taken(t, opens)
	targetEndsFirst(t, ch, conn, large)
	must[int](t)(asking.Write([]byte("still here")))
	got := make([]byte, 10)
	must[int](t)(io.ReadFull(asking, got))
	if err := unanswered.Reject(ssh.Prohibited, "no"); err != nil {
		t.Fatal(err)
	}

	// It ends with the session, and what was accepted doesn't.
	conn = dialUnix(t, path)
	ch, _ = taken(t, opens)
	_ = asking.CloseWrite()
	if asking.status() != 0 {
		t.Error("the session failed")
	}
	f.eventually(func() bool {
		c, err := net.Dial("unix", path)
		if err == nil {
			c.Close()
		}
		return errors.Is(err, syscall.ECONNREFUSED)
	})
	clientEndsFirst(t, ch, conn, large)
}

// What is taken away is closed, in sessions that run too.
func TestAnAgentThatIsTakenAway(t *testing.T) {
	t.Parallel()
	f := start(t)
	c := f.dial()
	opens := c.HandleChannelOpen("auth-agent@openssh.com")
	s := f.session(c)
	s.must("auth-agent-req@openssh.com", nil)
	path := s.path("SSH_AUTH_SOCK")
	conn := dialUnix(t, path)
	ch, _ := taken(t, opens)
	narrow := *f.grant
	narrow.Agent = false
	f.broker.allow("alice", f.key.PublicKey(), &narrow)
	f.server.Recheck()
	if _, err := io.Copy(io.Discard, ch); err != nil {
		t.Error(err)
	}
	if _, err := io.Copy(io.Discard, conn); err != nil {
		t.Error(err)
	}
	if _, err := net.Dial("unix", path); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("it is still listened on: %v", err)
	}
	must[int](t)(s.Write([]byte("still here")))
	must[int](t)(io.ReadFull(s, make([]byte, 10)))
}

func TestX11(t *testing.T) {
	t.Parallel()
	f := start(t)
	c := f.dial()
	for _, bad := range [][]byte{
		nil,
		{1},
		x11Request(false, "", "00"), x11Request(false, "A B", "00"), x11Request(false, "A\n", "00"), x11Request(false, "A", "0"),
		x11Request(false, "A", "no hex"), x11Request(false, strings.Repeat("A", maxProtocol+1), "00"),
		x11Request(false, "A", strings.Repeat("00", maxCookie+1)), append(x11Request(false, "A", "00"), 0),
	} {
		if f.session(c).ask("x11-req", bad) {
			t.Errorf("%q was accepted", bad)
		}
	}
	c = f.dial() // the others fill the first
	opens := c.HandleChannelOpen("x11")
	s := f.session(c)
	s.must("x11-req", x11Request(false, "MIT-MAGIC-COOKIE-1", "0123ab"))
	if s.ask("x11-req", x11Request(false, "MIT-MAGIC-COOKIE-1", "0123ab")) {
		t.Error("it was accepted twice")
	}
	path := s.path("DISPLAY")
	if x := f.cell.last().X11; x == nil || x.Protocol != "MIT-MAGIC-COOKIE-1" || string(x.Cookie) != "\x01\x23\xab" || x.Screen != 2 {
		t.Errorf("the cell was told %+v", x)
	}
	for range 2 {
		conn := dialUnix(t, path)
		ch, data := taken(t, opens)
		if want := append(text("127.0.0.1"), 0, 0, 0, 0); !bytes.Equal(data, want) {
			t.Errorf("it was opened with %q", data)
		}
		clientEndsFirst(t, ch, conn, []byte("setup"))
	}
	// With single_connection there is one, and no second.
	s = f.session(c)
	s.must("x11-req", x11Request(true, "MIT-MAGIC-COOKIE-1", "0123ab"))
	path = s.path("DISPLAY")
	conn := dialUnix(t, path)
	ch, _ := taken(t, opens)
	f.eventually(func() bool {
		_, err := net.Dial("unix", path)
		return errors.Is(err, syscall.ECONNREFUSED)
	})
	clientEndsFirst(t, ch, conn, []byte("setup"))
}

// A session goes on without what the cell couldn't make, and says so.
func TestASessionWithoutItsSockets(t *testing.T) {
	t.Parallel()
	f := start(t, func(f *fixture, _ *wire.NetConfig) {
		f.broker.cell = &scriptCell{spawn: func(ctx context.Context, m *wire.Spawn) (*Process, error) {
			m.Agent = false
			p, err := f.cell.Spawn(ctx, m)
			if err == nil {
				p.Without = "no space left\x1b"
			}
			return p, err
		}}
	})
	s := f.session(f.dial())
	s.must("auth-agent-req@openssh.com", nil)
	if path := s.path("SSH_AUTH_SOCK"); path != "none" {
		t.Errorf("it has %s", path)
	}
	want := `jailsh: neither agent nor X11 are forwarded: no space left\x1b` + "\n"
	got := make([]byte, len(want))
	must[int](t)(io.ReadFull(s.Stderr(), got))
	if string(got) != want {
		t.Errorf("%q", got)
	}
	f.broker.waitRecord(t, "no agent or X11", nil)
}
