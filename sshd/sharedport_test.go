package sshd

import (
	"io"
	"strings"
	"testing"

	"github.com/jailsh/jailsh/internal/wire"
	"golang.org/x/crypto/ssh"
)

// What alice's -R has opened is reached by whom she shares it with, by its name, as
// long as she does; and nothing else of hers.
func TestAForwardIsShared(t *testing.T) {
	t.Parallel()
	f := start(t)
	bobs, _ := newKey(t)
	grant := everything()
	f.broker.allow("bob", bobs.PublicKey(), grant)
	owner, guest := f.dial(), f.dialWith(f.clientConfig("bob", bobs))
	opens := owner.HandleChannelOpen("forwarded-tcpip")
	port := int(f.listenOn(owner, "localhost"))
	other := newTarget(t, "tcp", "127.0.0.1:0") // in alice's cell, and no forward
	refused := func(host string, port int, why string) {
		t.Helper()
		_, _, err := guest.OpenChannel("direct-tcpip", directTCP(host, port))
		if err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("%s:%d: %v, want %q", host, port, err, why)
		}
	}
	refused("alice.jail", port, "not allowed")

	shared := *grant
	shared.Shares = []string{"alice"}
	f.broker.allow("bob", bobs.PublicKey(), &shared)
	f.server.Recheck()
	refused("carol.jail", port, "not allowed")
	refused("alice.jail", other.port, "connection refused")
	ch, requests, err := guest.OpenChannel("direct-tcpip", directTCP("alice.jail", port))
	if err != nil {
		t.Fatal(err)
	}
	go ssh.DiscardRequests(requests)
	back, _ := taken(t, opens)
	must[int](t)(ch.Write([]byte("hello")))
	got := make([]byte, 5)
	must[int](t)(io.ReadFull(back, got))
	must[int](t)(back.Write(got))
	must[int](t)(io.ReadFull(ch, got))
	// The patterns of the guest hold for it, too.
	shared.LocalForward.Key = []wire.Permit{{Host: "localhost"}}
	f.server.Recheck()
	if _, err := io.Copy(io.Discard, ch); err != nil {
		t.Error(err)
	}
	if _, err := io.Copy(io.Discard, back); err != nil {
		t.Error(err)
	}
	refused("alice.jail", port, "not allowed")
	// A forward that is gone is nobody's.
	f.broker.allow("bob", bobs.PublicKey(), &wire.Grant{Accepted: true, LocalForward: grant.LocalForward, Shares: []string{"alice"}})
	f.server.Recheck()
	if ok, _, err := owner.SendRequest(cancelTCPForward, true, at("localhost", uint32(port))); !ok || err != nil {
		t.Fatal(ok, err)
	}
	refused("alice.jail", port, "connection refused")
}

// Guests can't take all that the owner may have.
func TestGuestsAreBounded(t *testing.T) {
	t.Parallel()
	f := start(t, func(f *fixture, _ *wire.NetConfig) { f.grant.Shares = []string{"bob"} })
	bobs, _ := newKey(t)
	f.broker.allow("bob", bobs.PublicKey(), everything())
	owner := f.dialWith(f.clientConfig("bob", bobs))
	opens := owner.HandleChannelOpen("forwarded-tcpip")
	go func() {
		for nc := range opens {
			if _, requests, err := nc.Accept(); err == nil {
				go ssh.DiscardRequests(requests)
			}
		}
	}()
	port := int(f.listenOn(owner, ""))
	guest := f.dial()
	for range maxGuests {
		if _, requests, err := guest.OpenChannel("direct-tcpip", directTCP("bob.jail", port)); err != nil {
			t.Fatal(err)
		} else {
			go ssh.DiscardRequests(requests)
		}
	}
	if _, _, err := guest.OpenChannel("direct-tcpip", directTCP("bob.jail", port)); err == nil || !strings.Contains(err.Error(), "too many") {
		t.Errorf("one more than %d: %v", maxGuests, err)
	}
}
