package sshd

import (
	"context"
	"errors"
	"net"
	"testing"
	"time"

	"github.com/jailsh/jailsh/internal/wire"
	"golang.org/x/crypto/ssh"
)

// Trap 10. A deadline that was set by a library must do nothing.
func TestDeadlinesOfLibrariesDoNothing(t *testing.T) {
	t.Parallel()
	ours, theirs := net.Pipe()
	defer ours.Close()
	defer theirs.Close()
	l := newLink(ours, &flood{}, &chunks{})
	past := time.Unix(1, 0)
	for _, set := range []func(time.Time) error{l.SetDeadline, l.SetReadDeadline, l.SetWriteDeadline} {
		if err := set(past); err != nil {
			t.Error(err)
		}
	}
	go func() { _, _ = theirs.Write([]byte("S")) }()
	if _, err := l.Read(make([]byte, 1)); err != nil {
		t.Error(err)
	}
}

// Trap 10. The library's Close knows the connections that are logged in; one in
// the handshake lived on, and its goroutine with it.
func TestShutdownEndsConnectionsInTheHandshake(t *testing.T) {
	t.Parallel()
	f := start(t)
	quiet, err := net.Dial("tcp", f.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer quiet.Close()
	c := f.wireDial()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := f.server.Shutdown(ctx); err != nil {
		t.Fatal(err)
	}
	if err := c.over(); err != nil {
		t.Error(err)
	}
	if n := len(f.server.connections()); n != 0 {
		t.Errorf("%d connections are left", n)
	}
}

// Trap 14. The library's table of forwards is the server's: anybody could cancel
// another's, and it listened and dialled in the host's network. Trap 15: unix
// sockets and X11 are none of its business either.
func TestForwardingIsRefused(t *testing.T) {
	t.Parallel()
	f := start(t)
	f.grant.LocalForward, f.grant.RemoteForward, f.grant.Agent, f.grant.X11 = wire.Permits{}, wire.Permits{}, false, false
	c := f.dial()
	address := directTCP("127.0.0.1", 1)
	for _, request := range []string{
		"tcpip-forward", "cancel-tcpip-forward", "streamlocal-forward@openssh.com", "cancel-streamlocal-forward@openssh.com",
		"hostkeys-prove-00@openssh.com", "default", "",
	} {
		if ok, _, err := c.SendRequest(request, true, address); ok || err != nil {
			t.Errorf("%s: %v, %v", request, ok, err)
		}
	}
	for kind, want := range map[string]ssh.RejectionReason{
		"direct-tcpip": ssh.Prohibited,
		"x11":          ssh.UnknownChannelType, "forwarded-tcpip": ssh.UnknownChannelType, "auth-agent@openssh.com": ssh.UnknownChannelType,
		"default": ssh.UnknownChannelType, "": ssh.UnknownChannelType,
	} {
		_, _, err := c.OpenChannel(kind, address)
		if refused := (*ssh.OpenChannelError)(nil); !errors.As(err, &refused) || refused.Reason != want {
			t.Errorf("%s: %v, not %v", kind, err, want)
		}
	}
	s := f.session(c)
	for name, data := range map[string][]byte{"x11-req": x11Request(false, "MIT-MAGIC-COOKIE-1", "00"), "auth-agent-req@openssh.com": nil} {
		if s.ask(name, data) {
			t.Errorf("%s was accepted", name)
		}
	}
}
