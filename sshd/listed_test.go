package sshd

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/jailsh/jailsh/internal/wire"
	"golang.org/x/sys/unix"
)

// list is what the administrator sees, one line each: the kind of the ID, user, what,
// terminal.
func (f *fixture) list() string {
	f.t.Helper()
	var lines []string
	for _, l := range f.server.Sessions(&wire.ListSessions{}).List {
		if l.User != "" && l.Since.IsZero() || l.Idle < 0 {
			f.t.Errorf("times of %+v", l)
		}
		id := regexp.MustCompile(`^[0-9a-f]{8}`).ReplaceAllString(l.ID, "REF")
		tty := regexp.MustCompile(`/[0-9]+$`).ReplaceAllString(l.TTY, "/N")
		lines = append(lines, strings.Join([]string{id, l.User, l.From, l.What, tty}, ","))
	}
	slices.Sort(lines) // a REF can be anything
	return strings.Join(lines, "\n")
}

// id is that of the one session of which something is listed.
func (f *fixture) id(what string) string {
	f.t.Helper()
	var found []string
	for _, l := range f.server.Sessions(&wire.ListSessions{}).List {
		if l.What == what {
			found = append(found, l.ID)
		}
	}
	if len(found) != 1 {
		f.t.Fatalf("%q is %q in\n%s", what, found, f.list())
	}
	return found[0]
}

// watched is a view of the administrator's, of that size.
func (f *fixture) watched(id string, columns, rows uint32) (*os.File, error) {
	f.t.Helper()
	ends, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		f.t.Fatal(err)
	}
	ours := os.NewFile(uintptr(ends[0]), "watch")
	f.t.Cleanup(func() { ours.Close() })
	_, err = f.server.Watch(&wire.Watch{ID: id, Size: wire.Size{Columns: columns, Rows: rows}}, os.NewFile(uintptr(ends[1]), "watch"))
	return ours, err
}

// Each kind of session is in the list as what it is, and connections without one, and
// terminals that were left.
func TestSessionsAreListed(t *testing.T) {
	t.Parallel()
	f := start(t, func(f *fixture, _ *wire.NetConfig) { f.grant.SFTP = wire.SFTP{Allowed: true, Server: "cat"} })
	is := func(want ...string) {
		t.Helper()
		text := strings.Join(want, "\n")
		f.eventually(func() bool { return f.list() == text })
	}
	c := f.dial()
	is("REF,alice,127.0.0.1,no session,")
	owner, token := f.shared(c, "echo welcome; exec sleep 300", "welcome", "")
	is("REF-1,alice,127.0.0.1,command echo welcome; exec sleep 300,/dev/pts/N")
	guest := f.guest(token)
	f.looksOn(guest, "welcome")
	f.eventually(func() bool { return strings.Contains(f.list(), "REF-1,,127.0.0.1,view alice/main,") })
	guest.Close()
	s := f.session(c)
	s.must("subsystem", text("sftp"))
	f.eventually(func() bool { return strings.Contains(f.list(), "REF-3,alice,127.0.0.1,sftp,") })
	owner.Close()
	s.Close()
	is("REF,alice,127.0.0.1,no session,")
	a := f.attach(c, "work")
	a.sees(t, "$ ")
	is("REF-4,alice,127.0.0.1,attached work,/dev/pts/N")
	a.types(t, "\x1cd")
	a.status()
	a.Close()
	number := numberOf(f.server.kept.list("alice")[0].tty)
	is("REF,alice,127.0.0.1,no session,", fmt.Sprintf("alice/%d,alice,,left work,/dev/pts/N", number))
}

// A list that is longer than a packet comes in parts.
func TestSessionsInParts(t *testing.T) {
	t.Parallel()
	f := start(t)
	const many = wire.MaxSessions + 3
	for i := range many { // as if as many were logged in
		ours, _ := memPipe("192.0.2.9:1")
		c := f.server.newConnection(ours, netip.Prefix{})
		c.ref = fmt.Sprintf("%08d", i)
		c.login.Store(&identity{user: "alice"})
		f.server.mu.Lock()
		f.server.conns[c] = struct{}{}
		f.server.mu.Unlock()
		t.Cleanup(func() {
			f.server.mu.Lock()
			defer f.server.mu.Unlock()
			delete(f.server.conns, c)
		})
	}
	first := f.server.Sessions(&wire.ListSessions{}).List
	if len(first) != wire.MaxSessions {
		t.Fatalf("%d at once", len(first))
	}
	if _, err := wire.Encode(&wire.Sessions{List: first}); err != nil {
		t.Error(err)
	}
	rest := f.server.Sessions(&wire.ListSessions{After: first[len(first)-1].ID}).List
	if len(rest) != many-wire.MaxSessions || rest[0].ID != fmt.Sprintf("%08d", wire.MaxSessions) {
		t.Errorf("then %+v", rest)
	}
}

// What the administrator ends is told, and gone: a program that ignores the hang-up, one
// on a terminal, a kept terminal with all who are attached, a view, a publication, and a
// connection with all that it has.
func TestKill(t *testing.T) {
	t.Parallel()
	f := start(t)
	told := func(s *rawSession) {
		t.Helper()
		waitFor(t, byteReader{s.Stderr()}, sentences[lostKilled])
		if got := s.status(); got != exitRefused {
			t.Errorf("ended with %d", got)
		}
		s.Close()
	}
	kill := func(id string) {
		t.Helper()
		if _, err := f.server.Kill(&wire.Kill{ID: id}); err != nil {
			t.Fatal(err)
		}
	}
	c := f.dial()
	if _, err := f.server.Kill(&wire.Kill{ID: "nobody"}); err == nil {
		t.Error("an ID that nobody has was ended")
	}

	const stubborn = "trap '' HUP; echo ready; sleep 300; sleep 300; sleep 300"
	deaf := f.session(c)
	deaf.must("exec", text(stubborn))
	waitFor(t, byteReader{deaf}, "ready")
	kill(f.id("command " + stubborn))
	told(deaf)
	f.eventually(func() bool { return errors.Is(unix.Kill(f.cell.newestGroup(), 0), unix.ESRCH) })

	owner, token := f.shared(c, "echo welcome; exec sleep 301", "welcome", "")
	viewer := f.looksOn(f.guest(token), "welcome")
	kill(f.id("view alice/main"))
	waitFor(t, byteReader{viewer}, parting)
	told(viewer)
	kill(f.id("command echo welcome; exec sleep 301"))
	told(owner)

	first, second := f.attach(c, "pair"), f.attach(c, "pair")
	second.sees(t, "$ ")
	f.eventually(func() bool { return strings.Count(f.list(), "attached pair") == 2 })
	kill(fmt.Sprintf("alice/%d", numberOf(f.server.kept.list("alice")[0].tty)))
	told(first)
	told(second)
	f.eventually(func() bool { return len(f.server.kept.list("alice")) == 0 })

	p := f.session(c)
	p.must("exec", text("@publish talk"))
	waitFor(t, byteReader{p.Stderr()}, "talk is shared")
	kill(f.id("publish talk"))
	told(p)

	one, two := f.onTTY(c, "echo one; exec sleep 302", "one"), f.onTTY(c, "echo two; exec sleep 303", "two")
	ref, _, _ := strings.Cut(f.id("command echo one; exec sleep 302"), "-")
	kill(ref)
	told(one)
	told(two)
	if err := c.Wait(); err == nil {
		t.Error("the connection ended in peace")
	}
}

// The administrator sees what is on a terminal, of whatever size hers is, and the owner
// is shown that somebody looks on. Nothing that comes from there reaches the terminal.
func TestWatchByTheAdministrator(t *testing.T) {
	t.Parallel()
	f := start(t, func(f *fixture, _ *wire.NetConfig) { f.grant.Share = false })
	owner := f.onTTY(f.dial(), "printf 'top\\n\\n\\n\\nlow'; while read l; do echo got $l; done", "low")
	id := f.id(`command printf 'top\n\n\n\nlow'; while read l; do echo got $l; done`)
	view, err := f.watched(id, 80, 24)
	if err != nil {
		t.Fatal(err)
	}
	waitFor(t, byteReader{view}, "top")
	waitFor(t, byteReader{owner.Stderr()}, "1 looking on")
	_, _ = view.Write(wire.WatchedSize(wire.Size{Columns: 20, Rows: 2}))
	waitFor(t, byteReader{view}, "low")
	_, _ = io.WriteString(owner, "by alice\r")
	waitFor(t, byteReader{view}, "got by alice")
	view.Close()
	waitFor(t, byteReader{owner.Stderr()}, "\x1b]2;\x1b\\")
	if view, err = f.watched(id, 80, 24); err != nil {
		t.Fatal(err)
	}
	waitFor(t, byteReader{view}, "got by alice")
	if _, err := owner.SendRequest("signal", false, text("KILL")); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(view); err != nil {
		t.Error(err)
	}
	owner.Close()
	f.eventually(func() bool {
		_, err := f.watched(id, 80, 24)
		return errors.Is(err, errNoSession)
	})
}

// The list of what she shares has the administrator, and a recording has when he came
// and went, also of a view that she isn't shown.
func TestWatchShownAndSilent(t *testing.T) {
	t.Parallel()
	f := start(t)
	c := f.dial()
	f.onTTY(c, "echo welcome; exec sleep 304", "welcome")
	id := f.id("command echo welcome; exec sleep 304")
	view, err := f.watched(id, 80, 24)
	if err != nil {
		t.Fatal(err)
	}
	waitFor(t, byteReader{view}, "welcome")
	if out, _, _ := f.word(c, "@share list"); !strings.Contains(out, "the administrator looks on") {
		t.Errorf("she is told %q", out)
	}
	view.Close()
	f.eventually(func() bool { out, _, _ := f.word(c, "@share list"); return out == "" })
	now := f.server.settings.Load().NetConfig
	now.Watch = wire.WatchSilent
	f.server.Configure(&now)
	if view, err = f.watched(id, 80, 24); err != nil {
		t.Fatal(err)
	}
	waitFor(t, byteReader{view}, "welcome")
	viewers, _ := f.server.hub.Live("alice")[0].Viewers()
	if out, _, _ := f.word(c, "@share list"); out != "" || len(viewers) != 1 || lookingOn(viewers) != 0 {
		t.Errorf("she is told %q of %d", out, len(viewers))
	}
	// Once it is off, a terminal of who may not share hers has no screen.
	now.Watch = wire.WatchOff
	f.server.Configure(&now)
	less := *f.grant
	less.Share = false
	f.broker.allow("alice", f.key.PublicKey(), &less)
	f.server.Recheck()
	f.onTTY(c, "echo unseen; exec sleep 305", "unseen")
	if _, err := f.watched(f.id("command echo unseen; exec sleep 305"), 80, 24); err != errUnwatched {
		t.Errorf("watched: %v", err)
	}
	s := f.session(c)
	s.must("exec", text("exec sleep 306"))
	f.eventually(func() bool { return strings.Contains(f.list(), "sleep 306") })
	if _, err := f.watched(f.id("command exec sleep 306"), 80, 24); err != errNoTerminal {
		t.Errorf("watched: %v", err)
	}
}
