package sshd

import (
	"io"
	"strings"
	"testing"
)

// The owner is asked, in the title of her window; who waits sees nothing of it, until
// she lets him in. Her own login isn't asked for.
func TestApprove(t *testing.T) {
	t.Parallel()
	f := start(t)
	c := f.dial()
	owner, token := f.shared(c, "echo welcome; while read l; do echo got $l; done", "welcome", "--approve --type --once")
	waits := func() *rawSession {
		t.Helper()
		s := f.session(f.guest(token))
		s.must("pty-req", ptyRequest("xterm", 80, 24, ""))
		s.must("shell", nil)
		waitFor(t, byteReader{s.Stderr()}, "waiting for alice to let you in")
		return s
	}
	ask := func(command string, want int) string {
		t.Helper()
		out, errs, status := f.word(c, command)
		if status != want {
			t.Errorf("%s: %d %s", command, status, errs)
		}
		return out + errs
	}
	first := waits()
	waitFor(t, byteReader{owner.Stderr()}, "main/1 asks")
	_, _ = io.WriteString(first, "never typed\r")
	second := waits()
	waitFor(t, byteReader{owner.Stderr()}, "main/1 and 1 more ask")
	if out := ask("@share list", 0); !strings.Contains(out, "main/1  127.0.0.1  asks to look on") {
		t.Errorf("she is told %q", out)
	}
	ask("@share kick main/2", 0)
	waitFor(t, byteReader{second.Stderr()}, "the owner doesn't let you in")
	if got := second.status(); got != exitFailure {
		t.Errorf("he left with %d", got)
	}
	third := waits()
	_, _ = io.WriteString(third, "\x03") // leaves by himself
	if got := third.status(); got != 0 {
		t.Errorf("he left with %d", got)
	}
	third.Close()
	fourth := waits()
	ask("@share admit main/3", exitFailure)
	ask("@share admit main/1", 0)
	waitFor(t, byteReader{first}, "welcome")
	waitFor(t, byteReader{owner.Stderr()}, "1 looking on")
	_, _ = io.WriteString(first, "by a guest\r")
	waitFor(t, byteReader{first}, "got by a guest")
	if all := ask("@share list", 0); strings.Contains(all, "asks") || !strings.Contains(all, "main/1  127.0.0.1  may type") {
		t.Errorf("then %q", all)
	}
	waitFor(t, byteReader{fourth.Stderr()}, "the token was good for one")
	if got := fourth.status(); got != exitFailure {
		t.Errorf("he left with %d", got)
	}
	if out, _ := io.ReadAll(fourth); len(out) > 0 {
		t.Errorf("who waited saw %q", out)
	}
	for event, want := range map[string]int{"view asked": 4, "share admit": 1, "view": 1, "share kick": 1} {
		if got := f.broker.count(event); got != want {
			t.Errorf("%s is recorded %d times", event, got)
		}
	}
	if self := f.onTTY(c, "@watch alice/main", "got by a guest"); self == nil {
		t.Error("the owner is not let in")
	}
}

// By name as by token; and what is stopped isn't waited for.
func TestApproveByName(t *testing.T) {
	t.Parallel()
	f := start(t)
	c := f.dial()
	f.shared(c, "echo welcome; exec sleep 300", "welcome", "--approve --for bob")
	key, _ := newKey(t)
	f.broker.allow("bob", key.PublicKey(), everything())
	bob := f.dialWith(f.clientConfig("bob", key))
	s := f.session(bob)
	s.must("pty-req", ptyRequest("xterm", 80, 24, ""))
	s.must("exec", text("@watch alice/main"))
	waitFor(t, byteReader{s.Stderr()}, "waiting for alice to let you in")
	if _, errs, status := f.word(c, "@share admit main/1"); status != 0 {
		t.Fatal(errs)
	}
	s.sees(t, "welcome")
	again := f.session(bob)
	again.must("exec", text("@watch alice/main"))
	waitFor(t, byteReader{again.Stderr()}, "waiting for alice to let you in")
	if _, errs, status := f.word(c, "@share stop main"); status != 0 {
		t.Fatal(errs)
	}
	waitFor(t, byteReader{again.Stderr()}, "this isn't shared any more")
	if got := again.status(); got != exitFailure {
		t.Errorf("he left with %d", got)
	}
}
