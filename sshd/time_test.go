package sshd

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jailsh/jailsh/internal/wire"
	"golang.org/x/crypto/ssh"
)

// inBubble runs a test with a clock of its own, which moves only when everybody
// waits: durations are exact, and take no time.
func inBubble(t *testing.T, test func(*testing.T, *fixture), settings ...setting) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		f := prepare(t, settings...)
		test(t, f)
		if err := f.server.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// Trap 10. The library has no login grace, and sets a deadline of its own before
// each read: one that was set on the socket is gone with the next byte.
func TestLoginGraceEndsAClientThatKeepsTalking(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, f *fixture) {
		began := time.Now()
		conn := f.connect()
		c := wireHandshake(t, conn)
		gone := make(chan error, 1)
		go func() { gone <- c.over() }()
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for talking := true; talking; {
			select {
			case <-tick.C:
				_ = c.write([]byte{2, 0, 0, 0, 0}) // SSH_MSG_IGNORE: it talks, and does nothing
			case <-gone:
				talking = false
			}
		}
		if took := time.Since(began); took != 30*time.Second {
			t.Errorf("the server hung up after %v, not after 30s", took)
		}
		f.broker.waitRecord(t, "no login", nil)
	}, func(_ *fixture, cfg *wire.NetConfig) { cfg.LoginGrace = 30 * time.Second })
}

// Whoever is logged in is not ended by the login grace.
func TestLoginGraceIsOverWithTheLogin(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, f *fixture) {
		c := f.dialMem()
		gone := make(chan struct{})
		go func() {
			_ = c.Wait()
			close(gone)
		}()
		select {
		case <-gone:
			t.Error("it was ended")
		case <-time.After(time.Hour):
		}
	}, func(_ *fixture, cfg *wire.NetConfig) { cfg.LoginGrace = 30 * time.Second })
}

// Trap 15. The library never asks whether a client is still there.
func TestSilentClientIsDisconnected(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, f *fixture) {
		c := wireHandshake(t, f.connect())
		if !c.login("alice", f.key) {
			t.Fatal("no login")
		}
		began := time.Now()
		var asked []time.Duration
		for {
			p, err := c.next()
			if err != nil {
				break
			}
			if p[0] == msgGlobalRequest {
				asked = append(asked, time.Since(began))
			}
		}
		// The first look finds the login, then three times nothing. The first
		// question is never answered, so there is no second.
		if len(asked) != 1 || asked[0] != time.Minute {
			t.Errorf("asked after %v", asked)
		}
		if took := time.Since(began); took != 150*time.Second {
			t.Errorf("disconnected after %v", took)
		}
		f.broker.waitRecord(t, "silent", nil)
	}, func(_ *fixture, cfg *wire.NetConfig) { cfg.AliveInterval, cfg.AliveCountMax = 30*time.Second, 3 })
}

// A client that answers stays; so does one that just sends something.
func TestAnsweringClientStays(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, f *fixture) {
		c := f.dialMem() // x/crypto answers each request with no
		gone := make(chan struct{})
		go func() {
			_ = c.Wait()
			close(gone)
		}()
		select {
		case <-gone:
			t.Error("it was disconnected")
		case <-time.After(24 * time.Hour):
		}
	}, func(_ *fixture, cfg *wire.NetConfig) { cfg.AliveInterval, cfg.AliveCountMax = 30*time.Second, 1 })
}

// Every refusal takes at least the floor, and for one name the same time whatever
// the reason; `none`, which stock clients send first, takes none.
func TestRefusalsTakeTheSameTime(t *testing.T) {
	t.Parallel()
	slow := time.Duration(0)
	inBubble(t, func(t *testing.T, f *fixture) {
		disabled, _ := newKey(t)
		f.broker.allow("bob", disabled.PublicKey(), &wire.Grant{Reason: "disabled"})
		wrong, _ := newKey(t)
		took := func(user string, key ssh.PublicKey, query bool) time.Duration {
			c := wireHandshake(t, f.connect())
			began := time.Now()
			if query {
				if c.query(user, key) {
					t.Error("a key was accepted")
				}
			} else {
				c.send(authRequest(user, "none"))
				c.must(msgAuthFailure)
			}
			return time.Since(began)
		}
		for _, user := range []string{"alice", "bob", "nobody-like-this", "root"} {
			first := took(user, wrong.PublicKey(), true)
			if first < refusalFloor || first >= refusalFloor+refusalJitter {
				t.Errorf("%s: refused after %v", user, first)
			}
			if second := took(user, disabled.PublicKey(), true); second != first {
				t.Errorf("%s: one refusal takes %v, another %v", user, first, second)
			}
			slow = 3 * time.Millisecond // of the lookup: hidden in the floor
			if third := took(user, wrong.PublicKey(), true); third != first {
				t.Errorf("%s: a slow lookup shows: %v instead of %v", user, third, first)
			}
			slow = 21 * time.Millisecond // longer than the floor: the next doubling
			if fourth := took(user, wrong.PublicKey(), true); fourth != 2*first && fourth != 4*first {
				t.Errorf("%s: a slower lookup takes %v, no doubling of %v", user, fourth, first)
			}
			slow = 0
			if none := took(user, nil, false); none != 0 {
				t.Errorf("%s: none takes %v", user, none)
			}
		}
	}, func(f *fixture, _ *wire.NetConfig) {
		f.broker.lookup = func(*wire.Lookup) (*wire.Grant, error) {
			<-time.After(slow)
			return &wire.Grant{Reason: "no"}, nil
		}
	})
}

// A lookup that fails looks like a refusal too.
func TestFailedLookupIsARefusal(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, f *fixture) {
		c := wireHandshake(t, f.connect())
		began := time.Now()
		if c.query("alice", f.key.PublicKey()) {
			t.Error("the key was accepted")
		}
		if took := time.Since(began); took < refusalFloor {
			t.Errorf("it took %v", took)
		}
		f.broker.waitRecord(t, "refused", func(r *wire.Record) bool { return attr(r, "reason") == "lookup: jailshd is gone" })
	}, func(f *fixture, _ *wire.NetConfig) {
		f.broker.lookup = func(*wire.Lookup) (*wire.Grant, error) { return nil, errors.New("jailshd is gone") }
	})
}
