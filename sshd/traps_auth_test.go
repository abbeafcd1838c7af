package sshd

import (
	"net"
	"slices"
	"testing"

	"github.com/jailsh/jailsh/internal/wire"
	"golang.org/x/crypto/ssh"
)

// The traps of gliderlabs/ssh that are about who somebody is; those about
// sessions are in traps_session_test.go, those about connections in
// traps_conn_test.go. Each test is named after what it prevents, and fails when
// the library's own way is taken.

// Trap 2. The library's context keeps the user of the first attempt: whoever
// offers her own key under her own name first, and signs under another, was let
// in as both. Here each attempt counts for itself.
func TestSigningAsAnotherThanOfferedIsRefused(t *testing.T) {
	t.Parallel()
	f := start(t)
	c := f.wireDial()
	if !c.query("alice", f.key.PublicKey()) {
		t.Fatal("alice's own key was refused")
	}
	if c.login("root", f.key) {
		t.Fatal("alice's key has logged in as root")
	}
	if users := f.broker.opens(); len(users) != 0 {
		t.Errorf("cells were opened for %q", users)
	}
}

// Trap 2, the other way round: what counts is the name that was signed for.
func TestTheUserIsTheOneOfTheLastAttempt(t *testing.T) {
	t.Parallel()
	f := start(t)
	f.broker.allow("bob", f.key.PublicKey(), everything())
	c := f.wireDial()
	if !c.query("alice", f.key.PublicKey()) || !c.login("bob", f.key) {
		t.Fatal("the key is good for both, and was refused")
	}
	if r := f.broker.waitRecord(t, "login", nil); r.User != "bob" {
		t.Errorf("logged in as %q", r.User)
	}
	c.openSession(1 << 20)
	f.eventually(func() bool { return slices.Equal(f.broker.opens(), []string{"bob"}) })
}

// Trap 3. With its own handlers nil the library switches authentication off,
// whatever the configuration says: `none` was a login.
func TestNoneIsNotALogin(t *testing.T) {
	t.Parallel()
	f := start(t)
	c := f.wireDial()
	for range 2 {
		c.send(authRequest("alice", "none"))
		if got := c.answer(); got != msgAuthFailure {
			t.Fatalf("none was answered with message %d", got)
		}
	}
	if _, err := ssh.Dial("tcp", f.addr, f.clientConfig("alice")); err == nil {
		t.Error("a client without a key is logged in")
	}
}

// Trap 4. The library has one Permissions object for all attempts, and the key
// in its context is the one that was offered last (CVE-2024-45337's shape): what
// the key may do must be what was said of the key that signed.
func TestTheGrantIsThatOfTheKeyThatSigned(t *testing.T) {
	t.Parallel()
	f := start(t)
	other, _ := newKey(t)
	narrow := &wire.Grant{Accepted: true, Forced: true, Command: "echo forced", NoTouchRequired: false}
	f.broker.allow("alice", other.PublicKey(), narrow)
	c := f.wireDial()
	if !c.query("alice", other.PublicKey()) || !c.query("alice", f.key.PublicKey()) || !c.login("alice", other) {
		t.Fatal("a good key was refused")
	}
	f.broker.waitRecord(t, "login", func(r *wire.Record) bool {
		return attr(r, "key") == ssh.FingerprintSHA256(other.PublicKey())
	})
	for _, conn := range f.server.connections() {
		if got := conn.policy.Load(); got != narrow {
			t.Errorf("the grant is %+v", got)
		}
	}
}

// Trap 4. What one attempt was given must not be found by the next.
func TestPermissionsAreFreshForEachAttempt(t *testing.T) {
	t.Parallel()
	f := start(t)
	f.broker.allow("alice", f.key.PublicKey(), &wire.Grant{Accepted: true, NoTouchRequired: true})
	f.broker.allow("bob", f.key.PublicKey(), &wire.Grant{Accepted: true})
	ours, theirs := net.Pipe()
	defer theirs.Close()
	c := f.server.newConnection(ours, sourceOf(addrPort(nil).Addr()))
	defer c.cancel(nil)
	first, err := c.offered(attempt{user: "alice"}, f.key.PublicKey())
	if err != nil {
		t.Fatal(err)
	}
	second, err := c.offered(attempt{user: "bob"}, f.key.PublicKey())
	if err != nil {
		t.Fatal(err)
	}
	if first == second {
		t.Error("one object for two attempts")
	}
	if _, waived := first.Extensions["no-touch-required"]; !waived {
		t.Error("alice's key needs no touch, and would be asked for one")
	}
	if _, waived := second.Extensions["no-touch-required"]; waived {
		t.Error("bob's key needs no touch since alice's didn't")
	}
	if _, err := c.verified(attempt{user: "bob"}, f.key.PublicKey(), first, ""); err == nil {
		t.Error("alice's permissions were good for bob")
	}
	if _, err := c.verified(attempt{user: "bob"}, f.key.PublicKey(), &ssh.Permissions{}, ""); err == nil {
		t.Error("permissions of nobody were good for bob")
	}
}

// attempt is the metadata of an attempt, as far as it is looked at.
type attempt struct {
	ssh.ConnMetadata
	user string
}

func (a attempt) User() string { return a.user }
