package sshd

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jailsh/jailsh/internal/wire"
	"golang.org/x/crypto/ssh"
	"golang.org/x/sys/unix"
)

// limitsOf is a setting of alice's limits of time.
func limitsOf(idle, max time.Duration) setting {
	return func(f *fixture, _ *wire.NetConfig) { f.grant.Idle, f.grant.MaxSession = idle, max }
}

// told reads all of a session's standard error.
func told(s *rawSession) <-chan string {
	all := make(chan string, 1)
	go func() {
		text, _ := io.ReadAll(s.Stderr())
		all <- string(text)
	}()
	return all
}

func TestAnIdleSessionIsWarnedAndEnded(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, f *fixture) {
		f.t = t
		c := f.dialMem()
		terminal, pipes := f.session(c), f.session(c)
		terminal.must("pty-req", ptyRequest("xterm", 80, 24, ""))
		began := time.Now()
		shown, piped := told(terminal), told(pipes)
		<-terminal.ended
		<-pipes.ended
		if took := time.Since(began); took != 10*time.Minute {
			t.Errorf("ended after %s", took)
		}
		r := f.broker.waitRecord(t, "login", nil)
		want := "\r\njailsh: idle for too long: this session ends in 1m0s unless something happens\r\n" + string(sentence(lostIdle, r.Ref, true))
		if got := <-shown; got != want {
			t.Errorf("told\n%q, want\n%q", got, want)
		}
		if got, want := <-piped, string(sentence(lostIdle, r.Ref, false)); got != want {
			t.Errorf("a session without a terminal is told %q, want %q", got, want)
		}
		if got := terminal.status(); got != exitRefused {
			t.Errorf("exit status %d", got)
		}
	}, limitsOf(10*time.Minute, 0))
}

// What is typed counts, and so does what a program shows; being warned doesn't.
func TestInputAndOutputKeepASession(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, f *fixture) {
		f.t = t
		s := f.session(f.dialMem())
		s.must("pty-req", ptyRequest("xterm", 80, 24, ""))
		errs := told(s)
		began := time.Now()
		synctest.Wait() // the client may know of the session first
		clock := &f.server.connections()[0].sessionsOpen()[0].clock
		h := heard{Channel: oneByte{}, clock: clock}
		for range 5 {
			<-time.After(9*time.Minute + 30*time.Second) // in the bubble; after the warning
			if _, err := h.Read(make([]byte, 1)); err != nil {
				t.Fatal(err)
			}
		}
		<-s.ended
		if took, want := time.Since(began), 5*(9*time.Minute+30*time.Second)+10*time.Minute; took != want {
			t.Errorf("ended after %s, want %s", took, want)
		}
		if n := strings.Count(<-errs, "unless something happens"); n != 6 {
			t.Errorf("%d warnings", n)
		}
	}, limitsOf(10*time.Minute, 0))
}

// oneByte is a channel whose client types.
type oneByte struct{ ssh.Channel }

func (oneByte) Read([]byte) (int, error) { return 1, nil }

func TestASessionEndsHoweverBusy(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, f *fixture) {
		f.t = t
		s := f.session(f.dialMem())
		s.must("pty-req", ptyRequest("xterm", 80, 24, ""))
		errs := told(s)
		began := time.Now()
		<-s.ended
		if took := time.Since(began); took != 30*time.Second {
			t.Errorf("ended after %s", took)
		}
		if got := <-errs; !strings.HasPrefix(got, "\r\njailsh: this session has lasted for almost as long as it may: it ends in 15s\r\njailsh: "+sentences[lostTime]) {
			t.Errorf("told %q", got)
		}
	}, limitsOf(20*time.Minute, 30*time.Second))
}

// A reload holds for sessions that run, in both directions.
func TestLimitsOfTimeChangeWithAReload(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, f *fixture) {
		f.t = t
		c := f.dialMem()
		s := f.session(c)
		began := time.Now()
		relax := *f.grant
		relax.MaxSession = 0
		f.broker.allow("alice", f.key.PublicKey(), &relax)
		f.server.Recheck()
		<-time.After(time.Hour)
		strict := relax
		strict.MaxSession = 2 * time.Hour
		f.broker.allow("alice", f.key.PublicKey(), &strict)
		f.server.Recheck()
		<-s.ended
		if took := time.Since(began); took != 2*time.Hour {
			t.Errorf("ended after %s", took)
		}
	}, limitsOf(0, time.Minute))
}

// A program that runs is ended with its session, and the log says why.
func TestAnIdleProgramIsEnded(t *testing.T) {
	t.Parallel()
	f := start(t, limitsOf(2*time.Second, 0))
	c := f.dial()
	s := f.session(c)
	s.must("pty-req", ptyRequest("xterm", 80, 24, ""))
	s.must("exec", text("echo ready; exec sleep 300"))
	waitFor(t, byteReader{s}, "ready")
	errs := told(s)
	s.wait()
	if got := <-errs; !strings.Contains(got, "\r\njailsh: idle for too long: this session ends in ") || !strings.Contains(got, "jailsh: "+sentences[lostIdle]) {
		t.Errorf("told %q", got)
	}
	r := f.broker.waitRecord(t, "session end", nil)
	if attr(r, "reason") != sentences[lostIdle] {
		t.Errorf("recorded as %+v", r)
	}
}

// Without a terminal it isn't hung up, and is ended all the same.
func TestAProgramWithoutATerminalEndsWithItsTime(t *testing.T) {
	t.Parallel()
	f := start(t, limitsOf(0, time.Second))
	s := f.session(f.dial())
	s.must("exec", text("trap '' HUP; echo ready; while :; do sleep 300; done"))
	waitFor(t, byteReader{s}, "ready")
	errs := told(s)
	s.wait()
	if got := <-errs; !strings.Contains(got, sentences[lostTime]) {
		t.Errorf("told %q", got)
	}
	f.eventually(func() bool { return errors.Is(unix.Kill(f.cell.newestGroup(), 0), unix.ESRCH) })
}

// sessions counts those of a user over all her connections.
func TestSessionsOfAUserAreCounted(t *testing.T) {
	t.Parallel()
	f := start(t, func(f *fixture, _ *wire.NetConfig) { f.grant.Sessions = 3 })
	f.broker.allow("bob", f.key.PublicKey(), f.grant)
	a, b := f.dial(), f.dial()
	first := f.session(a)
	f.session(a)
	f.session(b)
	for _, c := range []*ssh.Client{a, b} {
		_, _, err := c.OpenChannel("session", nil)
		refused := (*ssh.OpenChannelError)(nil)
		if !errors.As(err, &refused) || refused.Reason != ssh.ResourceShortage || refused.Message != "too many sessions of this user" {
			t.Errorf("a fourth: %v", err)
		}
	}
	f.session(f.dialWith(f.clientConfig("bob", f.key))) // has her own
	first.Close()
	first.wait()
	f.eventually(func() bool {
		_, _, err := b.OpenChannel("session", nil)
		return err == nil
	})
}

// A notice reaches every session of the user and nobody else's.
func TestNotice(t *testing.T) {
	t.Parallel()
	f := start(t)
	f.broker.allow("bob", f.key.PublicKey(), everything())
	a, b, bob := f.dial(), f.dial(), f.dialWith(f.clientConfig("bob", f.key))
	terminal, pipes, other := f.session(a), f.session(b), f.session(bob)
	terminal.must("pty-req", ptyRequest("xterm", 80, 24, ""))
	for _, s := range []*rawSession{terminal, pipes, other} {
		s.must("exec", text("echo ready; read line; echo late >&2"))
		waitFor(t, byteReader{s}, "ready")
	}
	f.server.Notice("alice", "killed: over the memory limit of 512M\x1b[2J")
	for s, want := range map[*rawSession]string{
		terminal: "\r\njailsh: killed: over the memory limit of 512M\\x1b[2J\r\n",
		pipes:    "jailsh: killed: over the memory limit of 512M\\x1b[2J\n",
	} {
		got := make([]byte, len(want))
		if _, err := io.ReadFull(s.Stderr(), got); err != nil || string(got) != want {
			t.Errorf("told %q (%v), want %q", got, err, want)
		}
	}
	// What the program itself says still comes, and after the end nothing does.
	for _, s := range []*rawSession{pipes, other} {
		if _, err := s.Write([]byte("\n")); err != nil {
			t.Fatal(err)
		}
		if got := <-told(s); got != "late\n" {
			t.Errorf("the program said %q", got)
		}
	}
}

// Notices for a client that doesn't read are lost, and hold up nobody.
func TestNoticeToAClientThatDoesNotRead(t *testing.T) {
	t.Parallel()
	f := start(t)
	c := f.wireLogin()
	c.openSession(0) // not a byte may be sent
	reads := f.session(f.dial())
	reads.ask("env", nil) // that it is answered means that the session is there to be told
	for range 10 * maxNotices {
		f.server.Notice("alice", "one of many")
	}
	want := "jailsh: one of many\n"
	got := make([]byte, len(want))
	if _, err := io.ReadFull(reads.Stderr(), got); err != nil || string(got) != want {
		t.Errorf("told %q (%v)", got, err)
	}
}
