package sshd

import (
	"bufio"
	"io"
	"net"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/jailsh/jailsh/internal/wire"
	"golang.org/x/crypto/ssh"
)

// word runs a word of the server's and returns what it says.
func (f *fixture) word(c *ssh.Client, command string) (stdout, stderr string, status int) {
	f.t.Helper()
	s := f.session(c)
	s.must("exec", text(command))
	out, _ := io.ReadAll(s)
	errs, _ := io.ReadAll(s.Stderr())
	return string(out), string(errs), s.status()
}

// onTTY starts a command on a terminal of 80 by 24, and waits for what it says first.
func (f *fixture) onTTY(c *ssh.Client, command, says string) *rawSession {
	f.t.Helper()
	s := f.session(c)
	s.must("pty-req", ptyRequest("xterm", 80, 24, ""))
	s.must("exec", text(command))
	waitFor(f.t, byteReader{s}, says)
	return s
}

var tokenLine = regexp.MustCompile(`ssh -p \d+ ([a-z2-7]{26})@(?:127\.0\.0\.1|share\.example\.org)\r?\n`)

// token is what a word has printed.
func (f *fixture) token(said string) string {
	f.t.Helper()
	m := tokenLine.FindStringSubmatch(said)
	if m == nil {
		f.t.Fatalf("there is no token in %q", said)
	}
	return m[1]
}

// terminalNumber is that of alice's only one: N of /dev/pts/N.
func (f *fixture) terminalNumber() string {
	f.t.Helper()
	all := f.server.Sessions(&wire.ListSessions{}).List
	for _, l := range all {
		if n := numberOf(l.TTY); n >= 0 {
			return strconv.Itoa(n)
		}
	}
	f.t.Fatalf("there is no terminal among %+v", all)
	return ""
}

// shared has a terminal of alice's that runs a command, and a token for it.
func (f *fixture) shared(c *ssh.Client, command, says, options string) (*rawSession, string) {
	f.t.Helper()
	owner := f.onTTY(c, command, says)
	out, errs, status := f.word(c, "@share "+options)
	if status != 0 {
		f.t.Fatalf("@share: %d %s", status, errs)
	}
	return owner, f.token(out)
}

// guest logs in by a token alone.
func (f *fixture) guest(token string) *ssh.Client {
	f.t.Helper()
	cfg := f.clientConfig(token)
	cfg.Auth = nil
	return f.dialWith(cfg)
}

// looksOn is a viewer's session, which has seen something.
func (f *fixture) looksOn(c *ssh.Client, sees string) *rawSession {
	f.t.Helper()
	v := f.session(c)
	v.must("pty-req", ptyRequest("xterm", 80, 24, ""))
	v.must("shell", nil)
	waitFor(f.t, byteReader{v}, sees)
	return v
}

// The way of a share: alice's terminal is seen by somebody who has no account, who can
// type when she says so.
func TestShare(t *testing.T) {
	t.Parallel()
	f := start(t)
	c := f.dial()
	owner, token := f.shared(c, "echo welcome; while read l; do echo got $l; done", "welcome", "")
	viewer := f.looksOn(f.guest(token), "welcome")
	waitFor(t, byteReader{owner.Stderr()}, "1 looking on") // in the title
	_, _ = io.WriteString(viewer, "never typed\r")         // he may not
	_, _ = io.WriteString(owner, "by alice\r")
	waitFor(t, byteReader{viewer}, "got by alice")
	if _, errs, status := f.word(c, "@share role main/1 type"); status != 0 {
		t.Fatalf("@share role: %s", errs)
	}
	_, _ = io.WriteString(viewer, "by a guest\r")
	waitFor(t, byteReader{viewer}, "got by a guest")
	waitFor(t, byteReader{owner}, "got by a guest")
	out, _, _ := f.word(c, "@share list")
	for _, want := range []string{"main  terminal " + f.terminalNumber() + "  to view", "main/1  127.0.0.1  may type"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q isn't in\n%s", want, out)
		}
	}
	if _, errs, status := f.word(c, "@share kick main/1"); status != 0 {
		t.Fatalf("@share kick: %s", errs)
	}
	if got := viewer.status(); got != exitFailure {
		t.Errorf("he left with %d", got)
	}
	waitFor(t, byteReader{owner.Stderr()}, "\x1b]2;\x1b\\")
	again := f.looksOn(f.guest(token), "got by a guest") // he joins late, and sees it all the same
	if _, err := owner.SendRequest("signal", false, text("KILL")); err != nil {
		t.Fatal(err)
	}
	waitFor(t, byteReader{again.Stderr()}, "alice/main has ended")
	if got := again.status(); got != 0 {
		t.Errorf("at the end: %d", got)
	}
	for _, event := range []string{"share", "view", "view end", "share role", "share kick"} {
		if f.broker.count(event) == 0 {
			t.Errorf("%s isn't recorded", event)
		}
	}
	f.broker.mu.Lock()
	defer f.broker.mu.Unlock()
	if strings.Contains(f.broker.text(), token) {
		t.Error("the token is in the log")
	}
}

// A guest has a view and nothing else: no program, no cell, no forward.
func TestAGuestCanOnlyLookOn(t *testing.T) {
	t.Parallel()
	f := start(t)
	_, token := f.shared(f.dial(), "echo welcome; exec sleep 300", "welcome", "--type")
	before := len(f.broker.opens())
	c := f.guest(token)
	v := f.session(c)
	v.must("pty-req", ptyRequest("xterm", 80, 24, ""))
	for name, data := range map[string][]byte{
		"subsystem": text("sftp"), "auth-agent-req@openssh.com": nil,
		"env": append(text("LANG"), text("C")...), "x11-req": nil,
	} {
		if v.ask(name, data) {
			t.Errorf("%s was accepted", name)
		}
	}
	v.must("exec", text("touch /tmp/never")) // is what all get: the view
	waitFor(t, byteReader{v}, "welcome")
	for _, open := range []struct {
		kind string
		data []byte
	}{
		{"session", nil},
		{"direct-tcpip", ssh.Marshal(struct {
			Host   string
			Port   uint32
			Origin string
			From   uint32
		}{"127.0.0.1", 22, "127.0.0.1", 1})},
		{"direct-streamlocal@openssh.com", ssh.Marshal(struct {
			Path, Reserved string
			Port           uint32
		}{"/run/x", "", 0})},
	} {
		if ch, _, err := c.OpenChannel(open.kind, open.data); err == nil {
			ch.Close()
			t.Errorf("a %s was opened", open.kind)
		}
	}
	for _, kind := range []string{tcpForward, unixForward} {
		data := text("/run/y")
		if kind == tcpForward {
			data = ssh.Marshal(struct {
				Host string
				Port uint32
			}{"localhost", 0})
		}
		if ok, _, err := c.SendRequest(kind, true, data); ok || err != nil {
			t.Errorf("%s: %t, %v", kind, ok, err)
		}
	}
	if after := len(f.broker.opens()); after != before {
		t.Errorf("%d cells were opened for a guest", after-before)
	}
}

// What a program asks its terminal reaches nobody who looks on.
func TestQueriesAreForTheOwner(t *testing.T) {
	t.Parallel()
	f := start(t)
	c := f.dial()
	owner, token := f.shared(c, `echo welcome; read l; printf 'a\033[6nb\033[cc\n'; read l`, "welcome", "--type")
	v := f.looksOn(f.guest(token), "welcome")
	_, _ = io.WriteString(owner, "\r")
	waitFor(t, byteReader{owner}, "a\x1b[6nb\x1b[cc")
	waitFor(t, byteReader{v}, "a\x1b\\b\x1b\\c")
}

// A token that isn't one is a guess, like a wrong key.
func TestGuessedTokens(t *testing.T) {
	t.Parallel()
	f := start(t)
	c := f.dial()
	_, once := f.shared(c, "echo welcome; exec sleep 300", "welcome", "--once")
	f.looksOn(f.guest(once), "welcome")
	out, _, _ := f.word(c, "@share --name other --ttl 1h "+f.terminalNumber())
	stopped := f.token(out)
	if _, errs, status := f.word(c, "@share stop other"); status != 0 {
		t.Fatalf("@share stop: %s", errs)
	}
	for what, token := range map[string]string{"guessed": strings.Repeat("a", 26), "used before": once, "stopped": stopped} {
		cfg := f.clientConfig(token)
		cfg.Auth = nil
		nc, err := net.Dial("tcp", f.addr)
		if err != nil {
			t.Fatal(err)
		}
		if sc, _, _, err := ssh.NewClientConn(nc, f.addr, cfg); err == nil {
			sc.Close()
			t.Errorf("a token that was %s is good", what)
		}
		f.broker.waitRecord(t, "refused", func(r *wire.Record) bool { return r.User == token && attr(r, "reason") == errGuess.Error() })
	}
}

// What is revoked ends for those who look on.
func TestStoppedWhileInUse(t *testing.T) {
	t.Parallel()
	f := start(t)
	c := f.dial()
	_, token := f.shared(c, "echo welcome; exec sleep 300", "welcome", "")
	v := f.looksOn(f.guest(token), "welcome")
	if _, errs, status := f.word(c, "@share stop main"); status != 0 {
		t.Fatalf("@share stop: %s", errs)
	}
	waitFor(t, byteReader{v.Stderr()}, "ended your view")
	if got := v.status(); got != exitFailure {
		t.Errorf("status %d", got)
	}
	out, _, _ := f.word(c, "@share --ttl 300ms")
	v = f.looksOn(f.guest(f.token(out)), "welcome")
	if got := v.status(); got != exitFailure && got != exitRefused {
		t.Errorf("status %d", got)
	}
	// And what its owner may not share any more.
	out, _, _ = f.word(c, "@share --name last")
	v = f.looksOn(f.guest(f.token(out)), "welcome")
	less := *f.grant
	less.Share, less.Publish = false, false
	f.broker.allow("alice", f.key.PublicKey(), &less)
	f.server.Recheck()
	waitFor(t, byteReader{v.Stderr()}, "ended your view")
	if _, errs, status := f.word(c, "@share"); status != exitFailure || !strings.Contains(errs, "you may not use @share here") {
		t.Errorf("%d %q", status, errs)
	}
}

// By their own logins those join whom the owner or the administrator has named.
func TestWatch(t *testing.T) {
	t.Parallel()
	f := start(t)
	c := f.dial()
	f.shared(c, "echo welcome; exec sleep 300", "welcome", "--for bob")
	for user, may := range map[string]bool{"alice": true, "bob": true, "carol": false, "dave": true} {
		g := everything()
		if user == "dave" {
			g.Shares = []string{"alice"} // share_with
		}
		f.broker.allow(user, f.key.PublicKey(), g)
		s := f.session(f.dialWith(f.clientConfig(user, f.key)))
		s.must("pty-req", ptyRequest("xterm", 80, 24, ""))
		s.must("exec", text("@watch alice/main"))
		if may {
			waitFor(t, byteReader{s}, "welcome")
			_, _ = io.WriteString(s, "q")
			if got := s.status(); got != 0 {
				t.Errorf("%s leaves with %d", user, got)
			}
			continue
		}
		errs, _ := io.ReadAll(s.Stderr())
		if got := s.status(); got != exitFailure || string(errs) != "jailsh: nothing is shared with you as alice/main\r\n" {
			t.Errorf("%s: %d %q", user, got, errs)
		}
	}
}

// A stream that comes on standard input is seen, and what is typed goes back.
func TestPublish(t *testing.T) {
	t.Parallel()
	f := start(t)
	p := f.session(f.dial())
	p.must("exec", text("@publish talk --type --size 80x24"))
	token := f.token(untilToken(t, p.Stderr()))
	_, _ = io.WriteString(p, "\x1b[2J\x1b[Hslide one")
	v := f.looksOn(f.guest(token), "slide one")
	_, _ = io.WriteString(v, "next")
	waitFor(t, byteReader{p}, "next")
	_, _ = io.WriteString(p, "\x1b[2J\x1b[Hthe end")
	if err := p.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	waitFor(t, byteReader{v}, "the end")
	waitFor(t, byteReader{v.Stderr()}, "alice/talk has ended")
	if got := p.status(); got != 0 {
		t.Errorf("the publisher leaves with %d", got)
	}
}

// Words that are written wrongly are answered with what is right.
func TestWrongWords(t *testing.T) {
	t.Parallel()
	f := start(t)
	c := f.dial()
	for command, want := range map[string]string{
		"@nothing":             "there is no @nothing: see @help",
		"@":                    "there is no @: see @help",
		"@share --loud":        "@share [--type]",
		"@share 1 2":           "@share [--type]",
		"@share 70000":         "you have no terminal 70000",
		"@share":               "you have no terminal here that could be shared",
		"@share --ttl -5m":     "is no time",
		"@share --for a/b":     "is no name",
		"@share stop main":     "you share no main",
		"@share role main/1 x": "there is no viewer main/1",
		"@watch bob":           "nothing is shared with you as bob",
		"@publish":             "@publish [--size COLSxROWS]",
		"@publish --size 80 x": "is no size",
		"@publish ../etc":      "is no name",
	} {
		_, errs, status := f.word(c, command)
		if status == 0 || !strings.HasPrefix(errs, "jailsh: ") || !strings.Contains(errs, want) {
			t.Errorf("%s: %d %q", command, status, errs)
		}
	}
	out, _, status := f.word(c, "@help")
	if status != 0 || !strings.Contains(out, "@watch USER/NAME\n") {
		t.Errorf("@help: %d %q", status, out)
	}
	f.onTTY(c, "echo one; exec sleep 300", "one")
	f.onTTY(c, "echo two; exec sleep 300", "two")
	if _, errs, status := f.word(c, "@share"); status != exitUsage || !strings.Contains(errs, "you have 2 terminals") {
		t.Errorf("of two: %d %q", status, errs)
	}
}

// Whoever has a forced command or files alone has no words.
func TestWordsAreForThoseWithCommands(t *testing.T) {
	t.Parallel()
	f := start(t)
	f.grant.Forced, f.grant.Command = true, "echo forced $SSH_ORIGINAL_COMMAND"
	out, _, _ := f.word(f.dial(), "@help")
	if out != "forced @help\n" {
		t.Errorf("%q", out)
	}
}

// Many join at once, and one of them doesn't read; the owner and the others go on.
func TestManyViewers(t *testing.T) {
	t.Parallel()
	f := start(t)
	session, token := f.shared(f.dial(), "echo welcome; read l; seq 100000; echo flooded; read l; echo the end; read l", "welcome", "")
	f.looksOn(f.guest(token), "welcome") // who reads no more from here on
	var all []*bufio.Reader
	for range 20 {
		all = append(all, bufio.NewReader(f.looksOn(f.guest(token), "welcome")))
	}
	owner := bufio.NewReader(session)
	_, _ = io.WriteString(session, "\r")
	waitFor(t, owner, "flooded")
	_, _ = io.WriteString(session, "\r")
	waitFor(t, owner, "the end")
	for _, v := range all {
		waitFor(t, v, "the end")
	}
}

// Without a token nobody joins but who has a login and is named.
func TestNobodyJoinsWithoutALogin(t *testing.T) {
	t.Parallel()
	f := start(t)
	c := f.dial()
	f.onTTY(c, "echo welcome; read l", "welcome")
	out, errs, status := f.word(c, "@share --no-token --for bob")
	if out != "" || status != 0 || !strings.Contains(errs, "bob may join by: ") {
		t.Errorf("%d %q %q", status, out, errs)
	}
	for name, want := range map[string]string{"bob": "welcome", "carol": "nothing is shared with you as alice/main"} {
		key, _ := newKey(t)
		f.broker.allow(name, key.PublicKey(), everything())
		s := f.session(f.dialWith(f.clientConfig(name, key)))
		s.must("exec", text("@watch alice/main"))
		from := io.Reader(s)
		if name != "bob" {
			from = s.Stderr()
		}
		waitFor(t, byteReader{from}, want)
	}
	if _, errs, status := f.word(c, "@share --no-token --once --name other"); status != exitUsage || !strings.Contains(errs, "--once says") {
		t.Errorf("%d %q", status, errs)
	}
}

// What is printed for viewers is how they come, by the administrator's word.
func TestTheLineForViewersHasTheServersName(t *testing.T) {
	t.Parallel()
	f := start(t, func(_ *fixture, cfg *wire.NetConfig) { cfg.ShareAddress = "jump.example.org:22" })
	c := f.dial()
	f.onTTY(c, "echo welcome; read l", "welcome")
	out, errs, _ := f.word(c, "@share --for bob")
	if !strings.HasPrefix(out, "ssh -p 22 ") || !strings.HasSuffix(out, "@jump.example.org\n") {
		t.Errorf("the line is %q", out)
	}
	if want := "bob may join by: ssh -t -p 22 bob@jump.example.org @watch alice/main"; !strings.Contains(errs, want) {
		t.Errorf("%q isn't in %q", want, errs)
	}
}
