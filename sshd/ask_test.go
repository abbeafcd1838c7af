package sshd

import (
	"encoding/binary"
	"io"
	"net"
	"regexp"
	"strings"
	"testing"

	"github.com/jailsh/jailsh/internal/wire"
)

// saysSocket is a program that says where it can ask, and not when it is echoed.
const saysSocket = `echo "at"" <$` + wire.WordsVariable + `>"; read l`

// socketOf is what it has said.
func (f *fixture) socketOf(s io.Reader) string {
	f.t.Helper()
	m := regexp.MustCompile(`at <(.+)>`).FindStringSubmatch(f.hears(s, "at <"))
	if m == nil {
		f.t.Fatal("there is no socket")
	}
	return m[1]
}

// asks is what a program in the terminal asks, and what it is answered.
func (f *fixture) asks(socket, text string) (out, errs string, status uint32) {
	f.t.Helper()
	conn, err := net.Dial("unix", socket)
	if err != nil {
		f.t.Fatal(err)
	}
	defer conn.Close()
	_, _ = io.WriteString(conn, text)
	_ = conn.(*net.UnixConn).CloseWrite()
	for {
		kind, part, err := wire.ReadPart(conn)
		if err != nil {
			f.t.Fatalf("after %q and %q: %v", out, errs, err)
		}
		switch kind {
		case wire.PartOutput:
			out += string(part)
		case wire.PartError:
			errs += string(part)
		default:
			return out, errs, binary.BigEndian.Uint32(part)
		}
	}
}

// A program shares the very terminal that it runs on, whatever others its user has.
func TestATerminalIsSharedFromWithin(t *testing.T) {
	t.Parallel()
	f := start(t, func(_ *fixture, cfg *wire.NetConfig) { cfg.ShareAddress = "share.example.org:22" })
	c := f.dial()
	f.onTTY(c, "echo other; read l", "other")
	owner := f.session(c)
	owner.must("pty-req", ptyRequest("xterm", 80, 24, ""))
	owner.must("exec", text(saysSocket))
	socket := f.socketOf(owner)
	out, errs, status := f.asks(socket, "share --name it")
	if status != 0 || !strings.Contains(errs, "jailsh: it is shared, to view") || !strings.HasSuffix(out, "@share.example.org\n") {
		t.Fatalf("%d %q %q", status, out, errs)
	}
	v := f.looksOn(f.guest(f.token(out)), "at <")
	waitFor(t, byteReader{owner.Stderr()}, "1 looking on")
	for asked, want := range map[string]struct {
		out, errs string
		status    uint32
	}{
		"share list":           {"it  terminal " + f.server.hub.Named("alice", "it").Terminal.Label + "  to view", "", 0},
		"share role it/1 type": {"", "", 0},
		"share role it":        {"", "jailsh: wrong usage: jailsh share role NAME/VIEWER", exitUsage},
		"share stop none":      {"", "jailsh: you share no none", exitFailure},
		"watch alice/it":       {"", "jailsh: this can't be asked here", exitUsage},
		"@share":               {"", "jailsh: this can't be asked here", exitUsage},
		"":                     {"", "jailsh: this can't be asked here", exitUsage},
		"share " + strings.Repeat("x", wire.MaxAsked-6): {"", "jailsh: this can't be asked here", exitUsage},
	} {
		out, errs, status := f.asks(socket, asked)
		if status != want.status || !strings.Contains(out, want.out) || !strings.Contains(errs, want.errs) {
			t.Errorf("%.40q: %d %q %q", asked, status, out, errs)
		}
	}
	// Somebody who asks nothing holds up nobody: the terminal ends.
	idle, err := net.Dial("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer idle.Close()
	_, _ = io.WriteString(v, "\r")
	if got := owner.status(); got != 0 {
		t.Errorf("the owner leaves with %d", got)
	}
	waitFor(t, byteReader{v.Stderr()}, "alice/it has ended")
}

// Who may not share, or not any more, doesn't from within either.
func TestSharingFromWithinIsAllowedOrNot(t *testing.T) {
	t.Parallel()
	f := start(t)
	c := f.dial()
	owner := f.session(c)
	owner.must("pty-req", ptyRequest("xterm", 80, 24, ""))
	owner.must("exec", text(saysSocket))
	socket := f.socketOf(owner)
	grant := *everything()
	grant.Share, grant.Publish = false, false
	f.broker.allow("alice", f.key.PublicKey(), &grant)
	f.server.Recheck()
	if out, errs, status := f.asks(socket, "share"); status != exitFailure || !strings.Contains(errs, "you may not use jailsh share here") {
		t.Errorf("%d %q %q", status, out, errs)
	}
	for name, c := range map[string]struct {
		grant wire.Grant
		wish  wish
		want  bool
	}{
		"may":        {wire.Grant{Share: true, Exec: true}, wish{exec: true, tty: &wire.TTY{}}, true},
		"may not":    {wire.Grant{Exec: true}, wish{exec: true, tty: &wire.TTY{}}, false},
		"no tty":     {wire.Grant{Share: true, Exec: true}, wish{exec: true}, false},
		"forced":     {wire.Grant{Share: true, Forced: true, Command: "x"}, wish{tty: &wire.TTY{}}, false},
		"files only": {wire.Grant{Share: true, SFTP: wire.SFTP{Allowed: true, Only: true}}, wish{sftp: true, tty: &wire.TTY{}}, false},
	} {
		s, why := plan(&c.grant, &c.wish, someAddresses)
		if why != 0 || s.Words != c.want {
			t.Errorf("%s: %v %v", name, s, why)
		}
	}
}

// In a kept terminal the words are those of whoever is in front.
func TestAKeptTerminalIsSharedFromWithin(t *testing.T) {
	t.Parallel()
	f := start(t)
	c := f.dial()
	owner := f.session(c)
	owner.must("pty-req", ptyRequest("xterm", 80, 24, ""))
	owner.must("exec", text("@attach main"))
	_, _ = io.WriteString(owner, saysSocket+"\r")
	socket := f.socketOf(owner)
	out, errs, status := f.asks(socket, "share")
	if status != 0 {
		t.Fatalf("%d %q", status, errs)
	}
	f.looksOn(f.guest(f.token(out)), "at <")
	_, _ = io.WriteString(owner, "\x1cd")
	owner.status()
	if _, errs, status := f.asks(socket, "share list"); status != exitUsage || !strings.Contains(errs, "this can't be asked here") {
		t.Errorf("nobody is there: %d %q", status, errs)
	}
	_, _ = io.WriteString(f.onTTY(f.dial(), "@attach main", "at <"), "\r")
	if out, errs, status := f.asks(socket, "share list"); status != 0 || !strings.Contains(out, "main  terminal "+f.terminalNumber()+"  to view") {
		t.Errorf("from another connection: %d %q %q", status, out, errs)
	}
}
