package sshd

import (
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jailsh/jailsh/internal/wire"
	"golang.org/x/crypto/ssh"
)

// attach is a session at a kept terminal of 80 by 24.
func (f *fixture) attach(c *ssh.Client, to string) *rawSession {
	f.t.Helper()
	return f.attachSized(c, to, 80, 24)
}

func (f *fixture) attachSized(c *ssh.Client, to string, columns, rows uint32) *rawSession {
	f.t.Helper()
	s := f.session(c)
	s.must("pty-req", ptyRequest("xterm", columns, rows, ""))
	s.must("exec", text(strings.TrimSpace("@attach "+to)))
	return s
}

// login is a plain login on a terminal.
func (f *fixture) login(c *ssh.Client) *rawSession {
	f.t.Helper()
	s := f.session(c)
	s.must("pty-req", ptyRequest("xterm", 80, 24, ""))
	s.must("shell", nil)
	return s
}

func (s *rawSession) types(t *testing.T, keys string) {
	t.Helper()
	if _, err := io.WriteString(s, keys); err != nil {
		t.Fatal(err)
	}
}

func (s *rawSession) sees(t *testing.T, want string) {
	t.Helper()
	waitFor(t, byteReader{s}, want)
}

// A shell is made, left by the keys, found in the list, come back to with what was on
// the screen, and ended.
func TestAttach(t *testing.T) {
	t.Parallel()
	f := start(t)
	c := f.dial()
	s := f.attach(c, "main")
	s.sees(t, "$ ")
	s.types(t, "x=kept; echo on the 'screen'\r")
	s.sees(t, "on the screen\r\n")
	s.sees(t, "$ ")
	s.types(t, "\x1cd")
	s.sees(t, parting)
	waitFor(t, byteReader{s.Stderr()}, "detached - back to it: ssh -t ... @attach main")
	if got := s.status(); got != 0 {
		t.Errorf("detached with %d", got)
	}
	out, errs, status := f.word(c, "@sessions")
	if status != 0 || !strings.Contains(out, "main  bash") || !strings.Contains(out, "left 0s ago") {
		t.Errorf("%d %s\n%s", status, errs, out)
	}
	s = f.attach(c, "main")
	s.sees(t, "on the screen")
	s.types(t, "echo it is $x; exit 7\r")
	s.sees(t, "it is kept")
	if got := s.status(); got != 7 {
		t.Errorf("ended with %d", got)
	}
	f.eventually(func() bool {
		out, _, _ := f.word(c, "@sessions")
		return !strings.Contains(out, "main")
	})
}

// Who lost the link, or is at another machine, finds the shell as it is: it went on
// meanwhile, whatever it had to say.
func TestAttachAfterTheLinkWasLost(t *testing.T) {
	t.Parallel()
	f := start(t)
	c := f.dial()
	s := f.attach(c, "work")
	s.sees(t, "$ ")
	done := filepath.Join(t.TempDir(), "done")
	s.types(t, "seq 300000; echo and 'then'; touch "+done+"\r") // 2 MB
	s.sees(t, "1\r\n2\r\n")
	c.Close()
	f.eventually(func() bool {
		_, err := os.Stat(done)
		return err == nil
	})
	s = f.attach(f.dial(), "") // the last one
	s.sees(t, "300000")
	s.sees(t, "and then")
}

// Two who are attached see the same and both type. Who came or typed last is in front:
// hers is the size.
func TestAttachTwice(t *testing.T) {
	t.Parallel()
	f := start(t)
	first := f.attachSized(f.dial(), "pair", 100, 40)
	first.sees(t, "$ ")
	second := f.attachSized(f.dial(), "pair", 60, 20)
	second.types(t, "stty size; echo from the 'second'\r")
	second.sees(t, "20 60")
	second.sees(t, "from the second")
	first.sees(t, "from the second")
	first.types(t, "stty size; echo from the 'first'\r")
	first.sees(t, "40 100")
	first.sees(t, "from the first")
	second.sees(t, "from the first")
	out, _, _ := f.word(f.dial(), "@sessions")
	if !strings.Contains(out, "attached 2 times") {
		t.Error(out)
	}
	first.types(t, "\x1cd")
	if got := first.status(); got != 0 {
		t.Errorf("detached with %d", got)
	}
	second.must("window-change", windowChange(61, 21))
	second.types(t, "stty size; exit 3\r")
	second.sees(t, "21 61")
	if got := second.status(); got != 3 {
		t.Errorf("ended with %d", got)
	}
}

// Somebody in front whose client doesn't read, as when the link has died, stops the
// program, and makes room for the next.
func TestAttachBesideADeadLink(t *testing.T) {
	t.Parallel()
	f := start(t)
	dead := f.attach(f.dial(), "main")
	// Unread it ends at 2 MiB, the client's window. The title tells how far it is.
	dead.types(t, `l=$(printf %4000s); i=0; while :; do printf '%s\r\n\033]2;%d\007' "$l" $((++i)); done`+"\r")
	f.eventually(func() bool {
		k := f.server.kept.list("alice")
		if len(k) == 0 {
			return false
		}
		title, _ := k[0].screen.Title()
		n, _ := strconv.Atoi(title)
		return n > 522
	})
	next := f.attach(f.dial(), "main")
	next.sees(t, "\x1b]2;600\a")
	next.types(t, "\x03")
	next.types(t, "exit 5\r")
	_, _ = io.Copy(io.Discard, next)
	if got := next.status(); got != 5 {
		t.Errorf("ended with %d", got)
	}
}

// after has a jailsh-net that comes after the one of f, which has ended.
func (f *fixture) after() *fixture {
	f.t.Helper()
	if err := f.server.Shutdown(f.t.Context()); err != nil {
		f.t.Fatal(err)
	}
	f.cell.lose()
	return start(f.t, func(next *fixture, _ *wire.NetConfig) { next.cell, next.broker.cell = f.cell, f.cell })
}

// What ran on terminals when jailsh-net went is offered at the next login, and drawn
// anew, as it is told that its size has changed.
func TestAttachAfterJailshNetHasEnded(t *testing.T) {
	t.Parallel()
	f := start(t)
	f.onTTY(f.dial(), "trap 'echo drawn' WINCH; echo ready; x=; until [ $x ]; do read -t 0.05 x; done; echo $x at $(stty size); exit 4", "ready")
	named := f.attach(f.dial(), "main")
	named.sees(t, "$ ")
	named.types(t, "x=kept; echo 'set'\r")
	named.sees(t, "set\r\n")
	f.eventually(func() bool {
		list, _ := f.cell.Terminals(t.Context())
		return len(list) == 2
	})
	number := numberOf(f.cell.held[0].kept.TTY)
	f = f.after()
	c := f.dial()
	s := f.login(c)
	s.sees(t, "jailsh: 2 programs of yours still run - see: ssh ... @sessions - back to the last: ssh -t ... @attach\r\n")
	f.eventually(func() bool { // it is told before the shell begins
		out, _, _ := f.word(c, "@sessions")
		return strings.Count(out, "left ") == 2 && strings.Contains(out, "a session of its own")
	})
	a := f.attach(c, strconv.Itoa(number))
	a.sees(t, "drawn")
	f.eventually(func() bool {
		list, _ := f.cell.Terminals(t.Context())
		return slices.ContainsFunc(list, func(k wire.Terminal) bool { return numberOf(k.TTY) == number && k.Size.Rows == 24 })
	})
	a.types(t, "heard\r")
	a.sees(t, "heard at 24 80\r\n")
	if got := a.status(); got != 4 {
		t.Errorf("ended with %d", got)
	}
	b := f.attach(c, "main")
	b.types(t, "echo it is $x; exit\r")
	b.sees(t, "it is kept")
}

// With persist a login is back in the shell that was left, and a second one beside it
// has a shell of its own.
func TestPersist(t *testing.T) {
	t.Parallel()
	f := start(t, func(f *fixture, _ *wire.NetConfig) { f.grant.Persist = true })
	c := f.dial()
	s := f.login(c)
	s.sees(t, "$ ")
	s.types(t, "x=first; echo 'set'\r")
	s.sees(t, "set\r\n")
	beside := f.login(f.dial())
	beside.types(t, "echo ${x:-another}; exit\r")
	beside.sees(t, "another\r\n")
	c.Close()
	f.eventually(func() bool {
		n, _ := f.server.kept.list("alice")[0].attached()
		return n == 0
	})
	s = f.login(f.dial())
	s.types(t, "echo back in the $x; exit 6\r")
	s.sees(t, "back in the first")
	if got := s.status(); got != 6 {
		t.Errorf("ended with %d", got)
	}
}

// What nobody comes back to is hung up.
func TestAttachTTLHangsUp(t *testing.T) {
	t.Parallel()
	f := start(t, func(f *fixture, _ *wire.NetConfig) { f.grant.AttachTTL = 100 * time.Millisecond })
	c := f.dial()
	note := filepath.Join(t.TempDir(), "note")
	s := f.attach(c, "main")
	s.types(t, "trap 'echo hung up >"+note+"; exit' HUP; echo 'set'; while :; do read -t 1000; done\r")
	s.sees(t, "set\r\n")
	s.types(t, "\x1cd")
	s.status()
	f.eventually(func() bool {
		b, _ := os.ReadFile(note)
		return string(b) == "hung up\n"
	})
	f.eventually(func() bool { return len(f.server.kept.list("alice")) == 0 })
}

func TestAttachIsRefused(t *testing.T) {
	t.Parallel()
	f := start(t)
	c := f.dial()
	for command, want := range map[string]string{
		"@attach":                            "you have left nothing running",
		"@attach 4711":                       "there is no terminal 4711",
		"@attach 9e":                         "is no number of a terminal",
		"@attach " + strings.Repeat("x", 33): "is no name",
		"@attach a/b":                        "is no name",
		"@attach a b":                        "@attach [NAME|NUMBER]",
	} {
		s := f.session(c)
		s.must("pty-req", ptyRequest("xterm", 80, 24, ""))
		s.must("exec", text(command))
		waitFor(t, byteReader{s.Stderr()}, want)
		if got := s.status(); got == 0 {
			t.Errorf("%s: %d", command, got)
		}
	}
	if _, errs, status := f.word(c, "@attach main"); status != exitFailure || !strings.Contains(errs, "ssh -t") {
		t.Errorf("without a terminal: %d %s", status, errs)
	}
	s := f.login(c)
	s.sees(t, "$ ")
	number := strconv.Itoa(numberOf(f.cell.held[0].kept.TTY))
	f.eventually(func() bool {
		list, _ := f.cell.Terminals(t.Context())
		return len(list) == 1
	})
	a := f.attach(c, number)
	waitFor(t, byteReader{a.Stderr()}, "a session of its own")
}

func TestAttachNeedsATTL(t *testing.T) {
	t.Parallel()
	f := start(t, func(f *fixture, _ *wire.NetConfig) { f.grant.AttachTTL = 0 })
	s := f.attach(f.dial(), "main")
	waitFor(t, byteReader{s.Stderr()}, "you may not use @attach here")
	login := f.login(f.dial())
	login.sees(t, "$ ")
	if f.cell.last().Hold {
		t.Error("the cell holds the terminal")
	}
}

// A forced command can't be walked around, nor come back to.
func TestForcedCommandsAreNotKept(t *testing.T) {
	t.Parallel()
	f := start(t, func(f *fixture, _ *wire.NetConfig) {
		f.grant.Forced, f.grant.Command, f.grant.Persist = true, "echo asked for $SSH_ORIGINAL_COMMAND", true
	})
	s := f.attach(f.dial(), "main")
	s.sees(t, "asked for @attach main")
	if f.cell.last().Hold {
		t.Error("the cell holds the terminal")
	}
}

// Whoever is attached is recorded, from the screen that she comes back to on; where
// that can't be done and must, nobody comes back.
func TestAttachIsRecorded(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var made int
	f := start(t, recordedTo(wire.RecordStrict, anything, func() (*os.File, error) {
		if made++; made > 2 {
			return nil, os.ErrPermission
		}
		return newFile(filepath.Join(dir, strconv.Itoa(made)))()
	}))
	c := f.dial()
	s := f.attach(c, "main")
	s.types(t, "echo before 'leaving'\r")
	s.sees(t, "before leaving\r\n")
	s.types(t, "\x1cd")
	s.status()
	s = f.attach(c, "main")
	s.types(t, "echo coming 'back'\r")
	s.sees(t, "coming back\r\n")
	s.types(t, "\x1cd")
	s.status()
	for name, want := range map[string][]string{"1": {"before leaving"}, "2": {"before leaving", "coming back"}} {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		output, _ := played(t, b)
		for _, w := range want {
			if !strings.Contains(output, w) {
				t.Errorf("recording %s has no %q: %q", name, w, output)
			}
		}
	}
	for name, want := range map[string]int{"main": 1, "fresh": 1} { // what wasn't there isn't left
		s = f.attach(c, name)
		if got := s.status(); got != exitRefused {
			t.Errorf("unrecorded: %d", got)
		}
		f.eventually(func() bool { return len(f.server.kept.list("alice")) == want })
	}
}

// What is shared of a kept terminal goes on while its owner is away, and who looks on is
// shown to her when she is back. She herself, attached twice, isn't an audience.
func TestAttachedTerminalsAreShared(t *testing.T) {
	t.Parallel()
	f := start(t)
	c := f.dial()
	s := f.attach(c, "main")
	s.sees(t, "$ ")
	beside := f.attach(f.dial(), "main")
	beside.sees(t, "$ ")
	out, errs, status := f.word(c, "@share")
	if status != 0 {
		t.Fatalf("@share: %s", errs)
	}
	token := f.token(out)
	viewer := f.looksOn(f.guest(token), "$ ")
	waitFor(t, byteReader{beside.Stderr()}, "1 looking on")
	if all, _ := f.server.kept.list("alice")[0].screen.Viewers(); len(all) != 2 || lookingOn(all) != 1 {
		t.Errorf("%d of %d look on", lookingOn(all), len(all))
	}
	beside.types(t, "\x1cd")
	gate := filepath.Join(t.TempDir(), "gate")
	s.types(t, "(until [ -e "+gate+" ]; do read -t 0.05 <> <(:); done; echo said 'meanwhile') & echo 'waits'\r")
	s.sees(t, "waits\r\n")
	s.types(t, "\x1cd")
	s.status()
	if err := os.WriteFile(gate, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	waitFor(t, byteReader{viewer}, "said meanwhile")
	s = f.attach(c, "main")
	waitFor(t, byteReader{s.Stderr()}, "1 looking on")
	s.types(t, "exit\r")
	waitFor(t, byteReader{viewer.Stderr()}, "alice/main has ended")
}
