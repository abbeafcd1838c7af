package sshd

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/jailsh/jailsh/internal/wire"
)

// Who may not log in any more is told so, in each session, and disconnected.
func TestWithdrawnAccessEndsTheConnection(t *testing.T) {
	t.Parallel()
	f := start(t)
	f.broker.allow("bob", f.key.PublicKey(), everything())
	c := f.dial()
	terminal, pipes, idle := f.session(c), f.session(c), f.session(c)
	terminal.must("pty-req", ptyRequest("xterm", 80, 24, ""))
	for _, s := range []*rawSession{terminal, pipes} {
		s.must("exec", text("echo ready; exec sleep 300"))
		waitFor(t, byteReader{s}, "ready")
	}
	f.broker.allow("alice", f.key.PublicKey(), &wire.Grant{Reason: "removed from users.toml"})
	bob := f.wireDial()
	if !bob.login("bob", f.key) {
		t.Fatal("bob can't log in")
	}
	f.server.Recheck()
	r := f.broker.waitRecord(t, "withdrawn", nil)
	for s, tty := range map[*rawSession]bool{terminal: true, pipes: false, idle: false} {
		errs, _ := io.ReadAll(s.Stderr())
		if want := string(sentence(lostAccess, r.Ref, tty)); string(errs) != want {
			t.Errorf("told %q, not %q", errs, want)
		}
		if got := s.status(); got != exitRefused {
			t.Errorf("exit status %d", got)
		}
	}
	if err := c.Wait(); err == nil {
		t.Error("still connected")
	}
	if attr(r, "reason") != "removed from users.toml" {
		t.Errorf("recorded as %+v", r)
	}
	bob.openSession(1 << 20) // is still there
}

// One without sessions too, which nothing can be told.
func TestWithdrawnAccessEndsAnIdleConnection(t *testing.T) {
	t.Parallel()
	f := start(t)
	c := f.dial()
	f.broker.allow("alice", f.key.PublicKey(), &wire.Grant{Reason: "removed"})
	f.server.Recheck()
	if err := c.Wait(); err == nil {
		t.Error("still connected")
	}
}

// A client that doesn't read what it is told is disconnected all the same.
func TestWithdrawnAccessOfAClientThatDoesNotRead(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, f *fixture) {
		c := wireHandshake(t, f.connect())
		if !c.login("alice", f.key) {
			t.Fatal("no login")
		}
		c.openSession(0) // not a byte may be sent
		f.broker.allow("alice", f.key.PublicKey(), &wire.Grant{Reason: "removed"})
		began := time.Now()
		f.server.Recheck()
		if err := c.over(); err != nil {
			t.Error(err)
		}
		if took := time.Since(began); took != partingTime {
			t.Errorf("after %v", took)
		}
	})
}

// A grant that has changed holds for new sessions; those that run stay.
func TestChangedGrantHoldsForNewSessions(t *testing.T) {
	t.Parallel()
	f := start(t)
	c := f.dial()
	old := f.session(c)
	old.must("exec", text("echo runs; read x; echo still $x"))
	if _, err := io.ReadFull(old, make([]byte, len("runs\n"))); err != nil {
		t.Fatal(err)
	}
	f.broker.allow("alice", f.key.PublicKey(), &wire.Grant{Accepted: true, Forced: true, Command: "echo forced"})
	f.server.Recheck()
	s := f.session(c)
	s.must("shell", nil)
	if out, _ := io.ReadAll(s); string(out) != "forced\n" {
		t.Errorf("got %q", out)
	}
	_, _ = io.WriteString(old, "here\n")
	if out, _ := io.ReadAll(old); string(out) != "still here\n" {
		t.Errorf("got %q", out)
	}
}

// A jailshd that doesn't answer says nothing about anybody.
func TestRecheckWithoutAnAnswer(t *testing.T) {
	t.Parallel()
	f := start(t)
	c := f.dial()
	f.broker.setLookup(func(*wire.Lookup) (*wire.Grant, error) { return nil, errors.New("gone") })
	f.server.Recheck()
	f.broker.waitRecord(t, "recheck", nil)
	s := f.session(c)
	s.must("exec", text("exit 5"))
	if got := s.status(); got != 5 {
		t.Errorf("exit status %d", got)
	}
}

// Shutdown tells the sessions, lets their output through, and ends everything.
func TestShutdownTellsTheSessions(t *testing.T) {
	t.Parallel()
	f := start(t)
	cmd := f.stock("-tt", "-o", "LogLevel=ERROR", "alice@127.0.0.1", "echo ready; exec sleep 300")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var errs strings.Builder
	cmd.Stderr = &errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer killLate(cmd).Stop()
	b := make([]byte, len("ready\r\n"))
	if _, err := io.ReadFull(out, b); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := f.server.Shutdown(ctx); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); exitStatus(err) != exitRefused || !strings.Contains(errs.String(), sentences[lostServer]) {
		t.Errorf("ended with %v, %q", err, errs.String())
	}
	if _, err := net.Dial("tcp", f.addr); err == nil {
		t.Error("the listener is open")
	}
	if n := len(f.server.connections()); n != 0 {
		t.Errorf("%d connections are left", n)
	}
	if l, err := net.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Error(err)
	} else if err := f.server.Serve(context.Background(), l); err != nil {
		t.Errorf("serve after it: %v", err)
	}
}

// A Shutdown whose time is over closes what is left at once.
func TestShutdownInNoTime(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, f *fixture) {
		c := wireHandshake(t, f.connect())
		if !c.login("alice", f.key) {
			t.Fatal("no login")
		}
		c.openSession(0)
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		began := time.Now()
		if err := f.server.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		if took := time.Since(began); took != time.Second {
			t.Errorf("after %v", took)
		}
	})
}
