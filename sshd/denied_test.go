package sshd

import (
	"context"
	"errors"
	"io"
	"testing"

	"github.com/jailsh/jailsh/internal/wire"
)

// What a client is refused is in the log, with what it was for.
func TestRefusalsAreRecorded(t *testing.T) {
	t.Parallel()
	f := start(t)
	f.grant.PTY, f.grant.Agent, f.grant.X11 = false, false, false
	f.grant.LocalForward, f.grant.RemoteForward = wire.Permits{}, wire.Permits{}
	c := f.dial()
	for kind, data := range map[string][]byte{"direct-tcpip": directTCP("10.0.0.1\n", 25), "direct-streamlocal@openssh.com": directUnix("/run/x\n")} {
		if _, _, err := c.OpenChannel(kind, data); err == nil {
			t.Errorf("%s was accepted", kind)
		}
	}
	_, _, _ = c.SendRequest("tcpip-forward", true, append(text("localhost"), 0, 0, 0x1f, 0x90))
	_, _, _ = c.SendRequest("streamlocal-forward@openssh.com", true, text("/tmp/x.sock"))
	s := f.session(c)
	s.ask("subsystem", text("sftp"))
	s.ask("subsystem", []byte{0xff, 0xff, 0xff, 0xff})
	s.ask("auth-agent-req@openssh.com", nil)
	s.ask("x11-req", x11Request(false, "MIT-MAGIC-COOKIE-1", "00"))
	s.ask("pty-req", ptyRequest("xterm", 80, 24, ""))
	for _, want := range [][2]string{
		{"direct-tcpip", `10.0.0.1\x0a:25`},
		{"direct-streamlocal@openssh.com", `/run/x\x0a`},
		{"tcpip-forward", "localhost:8080"},
		{"streamlocal-forward@openssh.com", "/tmp/x.sock"},
		{"subsystem", "sftp"},
		{"subsystem", ""},
		{"auth-agent-req@openssh.com", ""},
		{"x11-req", ""},
		{"pty-req", ""},
	} {
		f.broker.waitRecord(t, "request refused", func(r *wire.Record) bool {
			return attr(r, "request") == want[0] && attr(r, "for") == want[1] && r.User == "alice" && r.Level == levelInfo
		})
	}
}

// A client that asks without end must not fill the log, nor push what others do
// out of the recorder's queue.
func TestRefusalsWithoutEndAreRecordedOnlySoOften(t *testing.T) {
	t.Parallel()
	f := start(t)
	f.grant.RemoteForward = wire.Permits{}
	c := f.dial()
	for range 5 * maxDenied {
		if ok, _, err := c.SendRequest("tcpip-forward", true, at("localhost", 1)); ok || err != nil {
			t.Fatal(ok, err)
		}
	}
	c.Close()
	f.broker.waitRecord(t, "logout", nil)
	if n := f.broker.count("request refused"); n != maxDenied {
		t.Errorf("%d records, want %d", n, maxDenied)
	}
	f.broker.waitRecord(t, "request refused", func(r *wire.Record) bool { return attr(r, "note") != "" })
}

// Who asked for a command isn't told about a shell.
func TestAFailedCommandIsCalledACommand(t *testing.T) {
	t.Parallel()
	f := start(t, play(func(context.Context, *wire.Spawn) (*Process, error) { return nil, errors.New("no") }))
	c := f.dial()
	for kind, want := range map[string]refusal{"exec": refusedRun, "shell": refusedStart} {
		s := f.session(c)
		s.must(kind, map[string][]byte{"exec": text("id")}[kind])
		told, _ := io.ReadAll(s.Stderr())
		ref := f.broker.waitRecord(t, "session failed", nil).Ref
		if string(told) != string(sentence(want, ref, false)) {
			t.Errorf("%s: %q", kind, told)
		}
	}
}
