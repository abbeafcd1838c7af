package sshd

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/jailsh/jailsh/internal/wire"
	"golang.org/x/crypto/ssh"
)

// An unknown user, a wrong key and a disabled account get the same bytes.
func TestRefusalsLookTheSame(t *testing.T) {
	t.Parallel()
	f := start(t)
	disabled, _ := newKey(t)
	f.broker.allow("bob", disabled.PublicKey(), &wire.Grant{Reason: "disabled"})
	wrong, _ := newKey(t)
	var first []byte
	for _, c := range []struct {
		user string
		key  ssh.Signer
	}{{"alice", wrong}, {"bob", disabled}, {"nobody", wrong}, {"", wrong}, {strings.Repeat("x", 4000), wrong}} {
		client := f.wireDial()
		client.send(authRequest(c.user, "publickey", []byte{0}, text("ssh-ed25519"), text(string(c.key.PublicKey().Marshal()))))
		answer := client.must(msgAuthFailure)
		if first == nil {
			first = answer
		}
		if !bytes.Equal(answer, first) {
			t.Errorf("%.20q: %q instead of %q", c.user, answer, first)
		}
		if client.login(c.user, c.key) {
			t.Errorf("%.20q: logged in", c.user)
		}
	}
	if want := append(append([]byte{msgAuthFailure}, text("publickey")...), 0); !bytes.Equal(first, want) {
		t.Errorf("the answer is %q, not %q", first, want)
	}
}

// What a client is called is never shown as it came, nor at any length.
func TestNamesAreMadeSafeForTheLog(t *testing.T) {
	t.Parallel()
	f := start(t)
	for name, want := range map[string]string{
		"eve\n2026 login ok": `eve\x0a2026 login ok`, "\x1b]0;x\a": `\x1b]0;x\x07`, "ünï": `\xc3\xbcn\xc3\xaf`,
		strings.Repeat("é", 1000): "",
	} {
		f.wireDial().query(name, f.key.PublicKey())
		f.broker.waitRecord(t, "refused", func(r *wire.Record) bool { return r.User == want || want == "" && len(r.User) > 200 })
	}
}

// jailshd is asked with the client's address, and with a name that it can take.
func TestLookupSaysWhoAsks(t *testing.T) {
	t.Parallel()
	f := start(t)
	f.wireDial().query(strings.Repeat("x", 4000), f.key.PublicKey())
	f.dial()
	want := wire.Lookup{User: "alice", From: "127.0.0.1"}
	got := f.broker.lookups()
	if len(got) != 1 || got[0].User != want.User || got[0].From != want.From || !bytes.Equal(got[0].Key, f.key.PublicKey().Marshal()) {
		t.Errorf("asked %+v", got)
	}
}

// After as many wrong keys as MaxAuthTries the server hangs up.
func TestMaxAuthTries(t *testing.T) {
	t.Parallel()
	f := start(t, func(_ *fixture, cfg *wire.NetConfig) { cfg.MaxAuthTries = 3 })
	c := f.wireDial()
	c.send(authRequest("alice", "none")) // is free
	c.must(msgAuthFailure)
	for try := 1; try <= 3; try++ {
		wrong, _ := newKey(t)
		c.query("alice", wrong.PublicKey())
	}
	if c.answer() != 0 {
		t.Error("a fourth answer")
	}
}

// Other methods don't exist.
func TestPasswordsAreNotAsked(t *testing.T) {
	t.Parallel()
	f := start(t)
	c := f.wireDial()
	for method, rest := range map[string][]byte{
		"password": append([]byte{0}, text("secret")...), "keyboard-interactive": append(text(""), text("")...), "hostbased": nil,
	} {
		c.send(authRequest("alice", method, rest))
		if got := c.must(msgAuthFailure); string(got[5:5+len("publickey")]) != "publickey" {
			t.Errorf("%s: %q", method, got)
		}
	}
}

// A reload between the offer of a key and its signature counts: Recheck doesn't
// see a client that isn't logged in yet.
func TestReloadBetweenOfferAndSignature(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		after *wire.Grant
		login bool
	}{
		{"refused", &wire.Grant{Reason: "removed"}, false},
		{"changed", &wire.Grant{Accepted: true, Exec: true, Env: []string{"NEW=1"}}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := start(t)
			client := f.wireDial()
			if !client.query("alice", f.key.PublicKey()) {
				t.Fatal("the key was refused")
			}
			f.broker.allow("alice", f.key.PublicKey(), c.after)
			f.server.Recheck()
			if got := client.login("alice", f.key); got != c.login {
				t.Fatalf("logged in: %v", got)
			}
			for _, conn := range f.server.connections() {
				if c.login && conn.policy.Load() != c.after {
					t.Errorf("the grant is %+v", conn.policy.Load())
				}
			}
		})
	}
}

// A cell that has to be started starts while the client sets its channel up.
func TestCellIsOpenedWithTheLogin(t *testing.T) {
	t.Parallel()
	f := start(t)
	if c := f.wireDial(); !c.login("alice", f.key) {
		t.Fatal("no login")
	}
	f.eventually(func() bool { return len(f.broker.opens()) == 1 })
}

// The administrator's banner comes before the login.
func TestBanner(t *testing.T) {
	t.Parallel()
	f := start(t, func(_ *fixture, cfg *wire.NetConfig) { cfg.Banner = "Members only.\n" })
	_, errs, status := f.run(f.stock("alice@127.0.0.1", "true"))
	if status != 0 || !strings.Contains(errs, "Members only.") {
		t.Errorf("got %q, %d", errs, status)
	}
}

// A login has a record, with what is needed to see who it was.
func TestLoginAndLogoutAreRecorded(t *testing.T) {
	t.Parallel()
	f := start(t)
	c := f.dial()
	login := f.broker.waitRecord(t, "login", nil)
	if login.User != "alice" || login.From != "127.0.0.1" || len(login.Ref) != 8 || attr(login, "key") != ssh.FingerprintSHA256(f.key.PublicKey()) ||
		attr(login, "client") != "SSH-2.0-Go" || !strings.HasPrefix(attr(login, "algorithms"), "mlkem768x25519-sha256 ssh-ed25519 ") {
		t.Errorf("recorded as %+v", login)
	}
	c.Close()
	if logout := f.broker.waitRecord(t, "logout", nil); logout.Ref != login.Ref || logout.User != "alice" {
		t.Errorf("recorded as %+v", logout)
	}
}

// A broker that panics ends one connection.
func TestPanicInAuthenticationEndsOneConnection(t *testing.T) {
	t.Parallel()
	f := start(t)
	f.broker.setLookup(func(*wire.Lookup) (*wire.Grant, error) {
		f.broker.setLookup(nil)
		panic("on purpose")
	})
	if _, err := ssh.Dial("tcp", f.addr, f.clientConfig("alice", f.key)); err == nil {
		t.Error("logged in")
	}
	f.broker.waitRecord(t, "panic", nil)
	f.dial()
	f.eventually(func() bool { return f.starting() == 0 })
}

// A client that can't be told anything learns nothing of the host from a failure.
func TestFailedSignatureOfTheHost(t *testing.T) {
	t.Parallel()
	f := start(t)
	host := f.broker.host
	f.broker.host = nil
	cfg := f.clientConfigFor(host[0], "alice", f.key)
	if _, err := ssh.Dial("tcp", f.addr, cfg); err == nil {
		t.Error("logged in")
	} else if !errors.Is(err, io.EOF) && strings.Contains(err.Error(), "no such key") {
		t.Errorf("the client learns %v", err)
	}
	f.broker.waitRecord(t, "sign", nil)
}
