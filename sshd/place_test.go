package sshd

import (
	"net"
	"strings"
	"testing"

	"github.com/jailsh/jailsh/internal/wire"
	"golang.org/x/crypto/ssh"
)

// full dials as user once too often, and returns what the client is shown.
func (f *fixture) full(user string) string {
	f.t.Helper()
	cfg := f.clientConfig(user, f.key)
	banner := ""
	cfg.BannerCallback = func(text string) error {
		banner += text
		return nil
	}
	if c, err := ssh.Dial("tcp", f.addr, cfg); err == nil {
		c.Close()
		f.t.Error("there was a place")
	}
	return banner
}

// A user has so many connections and no more; one that ends makes room. Who is
// refused reads why, and nobody whose key wasn't verified does.
func TestConnectionsOfAUserAreCounted(t *testing.T) {
	t.Parallel()
	f := start(t, func(f *fixture, _ *wire.NetConfig) { f.grant.Logins = 2 })
	f.broker.allow("bob", f.key.PublicKey(), everything())
	first := f.dial()
	second := f.wireDial()
	if !second.login("alice", f.key) { // without a session
		t.Fatal("no login")
	}
	f.broker.forget("refused")
	told := f.full("alice")
	r := f.broker.waitRecord(t, "refused", nil)
	if want := string(sentence(refusedUser, r.Ref, true)); told != want || attr(r, "reason") != sentences[refusedUser] {
		t.Errorf("told %q, want %q; recorded %+v", told, want, r)
	}
	f.dialWith(f.clientConfig("bob", f.key)) // has her own
	asking := f.wireDial()
	if !asking.query("alice", f.key.PublicKey()) {
		t.Error("the offer of a key says that there is no place")
	}
	if n := len(f.broker.opens()); n > 3 {
		t.Errorf("%d cells were opened", n)
	}
	first.Close()
	f.eventually(func() bool {
		c, err := ssh.Dial("tcp", f.addr, f.clientConfig("alice", f.key))
		if err == nil {
			t.Cleanup(func() { c.Close() })
		}
		return err == nil
	})
}

// The same for a source, over all users.
func TestConnectionsOfASourceAreCounted(t *testing.T) {
	t.Parallel()
	f := start(t, func(_ *fixture, cfg *wire.NetConfig) { cfg.LoginsPerSource = 2 })
	f.broker.allow("bob", f.key.PublicKey(), everything())
	f.dial()
	f.dialWith(f.clientConfig("bob", f.key))
	for _, user := range []string{"alice", "bob"} {
		if told := f.full(user); !strings.HasPrefix(told, "jailsh: "+sentences[refusedHost]) {
			t.Errorf("%s is told %q", user, told)
		}
	}
	if _, err := net.Dial("tcp", f.addr); err != nil {
		t.Error(err)
	}
	elsewhere := f.connect() // from another address
	if c := wireHandshake(t, elsewhere); !c.login("alice", f.key) {
		t.Error("another source has no place")
	}
}

// When everybody is gone nobody is counted, refused ones included.
func TestPlacesAreGivenBack(t *testing.T) {
	t.Parallel()
	f := start(t, func(f *fixture, cfg *wire.NetConfig) { f.grant.Logins, cfg.LoginsPerSource = 3, 2 })
	for range 5 {
		var open []*ssh.Client
		for range 2 {
			c, err := ssh.Dial("tcp", f.addr, f.clientConfig("alice", f.key))
			if err != nil {
				t.Fatal(err)
			}
			open = append(open, c)
		}
		f.full("alice")
		for _, c := range open {
			c.Close()
		}
		f.eventually(func() bool { return len(f.server.connections()) == 0 })
		for name, left := range map[string]int{"users": len(f.server.logins.by), "sources": len(f.server.sources.by)} {
			if left != 0 {
				t.Errorf("%d %s are counted", left, name)
			}
		}
	}
}

// Channels of all types count together, those that come to nothing as long as they
// are looked at.
func TestMaxChannels(t *testing.T) {
	t.Parallel()
	f := start(t, func(_ *fixture, cfg *wire.NetConfig) { cfg.MaxChannels = 3 })
	c := f.dial()
	first := f.session(c)
	f.session(c)
	f.session(c)
	for _, kind := range []string{"session", "direct-tcpip", "direct-streamlocal@openssh.com", "nonsense"} {
		_, _, err := c.OpenChannel(kind, nil)
		refused, _ := err.(*ssh.OpenChannelError)
		if refused == nil || refused.Reason != ssh.ResourceShortage || refused.Message != "too many channels" {
			t.Errorf("%s: %v", kind, err)
		}
	}
	other := f.session(f.dial()) // another connection has its own
	other.must("exec", text("exit 0"))
	first.Close()
	first.wait()
	f.eventually(func() bool {
		_, _, err := c.OpenChannel("session", nil)
		return err == nil
	})
}
