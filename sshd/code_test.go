package sshd

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jailsh/jailsh/internal/wire"
	"golang.org/x/crypto/ssh"
)

// Messages of RFC 4256; the first has the number of SSH_MSG_USERAUTH_PK_OK.
const (
	msgAuthInfoRequest  = 60
	msgAuthInfoResponse = 61
)

// wantsCode is a setting that has alice give a code.
func wantsCode(f *fixture, _ *wire.NetConfig) { f.grant.SecondFactor = true }

// interactive is a request for the method, RFC 4256 section 3.1.
func interactive(user string) []byte {
	return authRequest(user, "keyboard-interactive", text(""), text(""))
}

// failure reads an SSH_MSG_USERAUTH_FAILURE: the methods that can continue, and
// whether the last one was a success.
func (c *wireClient) failure() (methods string, partial bool) {
	c.t.Helper()
	p := payload{rest: c.must(msgAuthFailure)[1:]}
	methods = p.string(1 << 10)
	return methods, len(p.rest) == 1 && p.rest[0] == 1
}

// sign attempts a login with a key, and leaves the answer to the caller.
func (c *wireClient) sign(user string, key ssh.Signer) {
	c.t.Helper()
	public := key.PublicKey()
	request := authRequest(user, "publickey", []byte{1}, text(public.Type()), text(string(public.Marshal())))
	signature, err := key.Sign(nil, append(text(string(c.session)), request...))
	if err != nil {
		c.t.Fatal(err)
	}
	c.send(append(request, text(string(ssh.Marshal(signature)))...))
}

// partly proves a key of which a code is wanted too.
func (c *wireClient) partly(user string, key ssh.Signer) {
	c.t.Helper()
	c.sign(user, key)
	if methods, partial := c.failure(); methods != "keyboard-interactive" || !partial {
		c.t.Fatalf("after the key: %q, partial %t", methods, partial)
	}
}

// code answers the question for a code.
func (c *wireClient) code(user, code string) {
	c.t.Helper()
	c.send(interactive(user))
	want := slices.Concat([]byte{msgAuthInfoRequest}, text(""), text(""), text(""), []byte{0, 0, 0, 1}, text(codePrompt), []byte{0})
	if got := c.must(msgAuthInfoRequest); !bytes.Equal(got, want) {
		c.t.Fatalf("asked %q, not %q", got, want)
	}
	c.send(slices.Concat([]byte{msgAuthInfoResponse, 0, 0, 0, 1}, text(code)))
}

// A key and then a code: a login, whose cell is opened with the ticket, and not
// before.
func TestCodeAfterTheKey(t *testing.T) {
	t.Parallel()
	f := start(t, wantsCode)
	asked := 0
	cfg := f.clientConfig("alice", f.key)
	cfg.Auth = append(cfg.Auth, ssh.KeyboardInteractive(func(_, _ string, questions []string, echos []bool) ([]string, error) {
		asked++
		if n := f.broker.opens(); len(n) != 0 || !slices.Equal(questions, []string{codePrompt}) || !slices.Equal(echos, []bool{false}) {
			t.Errorf("asked %q %v, and opened %q", questions, echos, n)
		}
		return []string{"123456"}, nil
	}))
	s := f.session(f.dialWith(cfg))
	s.must("exec", text("exit 3"))
	if got := s.status(); got != 3 || asked != 1 {
		t.Errorf("exit status %d, asked %d times", got, asked)
	}
	r := f.broker.waitRecord(t, "login", nil)
	if r.User != "alice" || attr(r, "second") != "totp" || attr(r, "key") != ssh.FingerprintSHA256(f.key.PublicKey()) {
		t.Errorf("recorded as %+v", r)
	}
	f.broker.mu.Lock()
	defer f.broker.mu.Unlock()
	if got := f.broker.opened[0]; string(got.Ticket) != "ticket of alice"+r.Ref || got.Ref != r.Ref {
		t.Errorf("opened with %+v", got)
	}
	if strings.Contains(f.broker.text(), "123456") {
		t.Error("the code is in the log")
	}
}

// Without a key there is no such method, whoever asks and how often: a code alone
// is worth nothing, and nobody's tries are used up.
func TestNoCodeWithoutAKey(t *testing.T) {
	t.Parallel()
	f := start(t, wantsCode)
	f.broker.verify = func(*wire.Verify) (*wire.Verified, error) {
		t.Error("jailshd was asked")
		return &wire.Verified{Accepted: true, Ticket: []byte("t")}, nil
	}
	wrong, _ := newKey(t)
	c := f.wireDial()
	attempts := []func(){
		func() { c.send(interactive("alice")) },
		func() { c.sign("alice", wrong) },
		func() { c.send(interactive("alice")) },
	}
	for n, attempt := range attempts {
		attempt()
		if methods, partial := c.failure(); methods != "publickey" || partial {
			t.Errorf("attempt %d: %q, partial %t", n, methods, partial)
		}
	}
	// That a key is known proves nothing either.
	if !c.query("alice", f.key.PublicKey()) {
		t.Fatal("the key was refused")
	}
	c.send(interactive("alice"))
	if methods, partial := c.failure(); methods != "publickey" || partial {
		t.Errorf("%q, partial %t", methods, partial)
	}
}

// After the key nothing else counts: no other key, no other method, and no other
// name, which ends the connection (CVE-2024-45337's shape, with two steps).
func TestOnlyACodeAfterTheKey(t *testing.T) {
	t.Parallel()
	f := start(t, wantsCode)
	bobs, _ := newKey(t)
	f.broker.allow("bob", bobs.PublicKey(), everything())
	f.broker.allow("alice", bobs.PublicKey(), everything()) // one that wants no code
	c := f.wireDial()
	c.partly("alice", f.key)
	c.sign("alice", bobs)
	if methods, partial := c.failure(); methods != "keyboard-interactive" || partial {
		t.Errorf("another key: %q, partial %t", methods, partial)
	}
	c.send(authRequest("alice", "none"))
	if methods, partial := c.failure(); methods != "keyboard-interactive" || partial {
		t.Errorf("none: %q, partial %t", methods, partial)
	}
	for name, request := range map[string]func(*wireClient){
		"a code":  func(c *wireClient) { c.send(interactive("bob")) },
		"a key":   func(c *wireClient) { c.sign("bob", bobs) },
		"nothing": func(c *wireClient) { c.send(authRequest("bob", "none")) },
		"a channel": func(c *wireClient) {
			c.send(append([]byte{msgChannelOpen}, ssh.Marshal(struct {
				Type            string
				ID, Window, Max uint32
			}{"session", 0, 1 << 20, 1 << 15})...))
		},
	} {
		c := f.wireDial()
		c.partly("alice", f.key)
		request(c)
		if err := c.over(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n := f.broker.count("login"); n != 0 || len(f.broker.opens()) != 0 {
		t.Errorf("%d logins, cells of %q", n, f.broker.opens())
	}
}

// Who has logged in is whose key was verified, whatever was offered on the way.
func TestTheCodeIsForTheKeyThatSigned(t *testing.T) {
	t.Parallel()
	f := start(t, wantsCode)
	bobs, _ := newKey(t)
	grant := everything()
	grant.SecondFactor = true
	f.broker.allow("bob", bobs.PublicKey(), grant)
	c := f.wireDial()
	if !c.query("alice", f.key.PublicKey()) || !c.query("bob", bobs.PublicKey()) || !c.query("alice", f.key.PublicKey()) {
		t.Fatal("a key was refused")
	}
	c.partly("bob", bobs)
	c.code("bob", "123456")
	c.must(msgAuthSuccess)
	r := f.broker.waitRecord(t, "login", nil)
	if r.User != "bob" || attr(r, "key") != ssh.FingerprintSHA256(bobs.PublicKey()) {
		t.Errorf("recorded as %+v", r)
	}
	for _, conn := range f.server.connections() {
		if conn.policy.Load() != grant {
			t.Error("the grant is another's")
		}
	}
}

// Wrong codes count as any failure, and a right one may come in between.
func TestWrongCodes(t *testing.T) {
	t.Parallel()
	f := start(t, wantsCode, func(_ *fixture, cfg *wire.NetConfig) { cfg.MaxAuthTries = 3 })
	long := strings.Repeat("1", wire.MaxCode+1)
	c := f.wireDial()
	c.partly("alice", f.key)
	for _, code := range []string{"", long} {
		c.code("alice", code)
		if methods, partial := c.failure(); methods != "keyboard-interactive" || partial {
			t.Errorf("%.10q: %q, partial %t", code, methods, partial)
		}
	}
	c.code("alice", "123456")
	c.must(msgAuthSuccess)

	c = f.wireDial()
	c.partly("alice", f.key)
	for range 2 {
		c.code("alice", "654321")
		c.failure()
	}
	c.code("alice", "654321")
	if err := c.over(); err != nil {
		t.Error(err)
	}
	f.broker.waitRecord(t, "refused", func(r *wire.Record) bool {
		return attr(r, "method") == "keyboard-interactive" && attr(r, "reason") == "wrong code" && attr(r, "key") != ""
	})
}

// Answers that no client gives are refusals.
func TestGarbageForACode(t *testing.T) {
	t.Parallel()
	f := start(t, wantsCode)
	for _, answer := range [][]byte{
		{msgAuthInfoResponse},
		{msgAuthInfoResponse, 0, 0, 0, 0},
		{msgAuthInfoResponse, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0},
		{msgAuthInfoResponse, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0},
		{msgAuthInfoResponse, 0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff},
		interactive("alice"),
		{msgChannelData},
	} {
		c := f.wireDial()
		c.partly("alice", f.key)
		c.send(interactive("alice"))
		c.must(msgAuthInfoRequest)
		c.send(answer)
		if methods, partial := c.failure(); methods != "keyboard-interactive" || partial {
			t.Errorf("%q: %q, partial %t", answer, methods, partial)
		}
	}
}

// A key alone is not a login: the grace goes on.
func TestLoginGraceCoversTheCode(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, f *fixture) {
		began := time.Now()
		c := wireHandshake(t, f.connect())
		c.partly("alice", f.key)
		c.send(interactive("alice"))
		c.must(msgAuthInfoRequest)
		if err := c.over(); err != nil {
			t.Error(err)
		}
		if took := time.Since(began).Round(time.Second); took != 30*time.Second {
			t.Errorf("ended after %s", took)
		}
	}, wantsCode, func(_ *fixture, cfg *wire.NetConfig) { cfg.LoginGrace = 30 * time.Second })
}

// A refused code takes as long as a refused key, however it was refused.
func TestRefusedCodesTakeTheSameTime(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, f *fixture) {
		var first time.Duration
		for _, reason := range []string{"wrong code", "used", "too many wrong codes", ""} {
			f.broker.verify = func(*wire.Verify) (*wire.Verified, error) {
				<-time.After(time.Duration(len(reason)) * 100 * time.Microsecond)
				if reason == "" {
					return nil, fmt.Errorf("jailshd is gone")
				}
				return &wire.Verified{Reason: reason}, nil
			}
			c := wireHandshake(t, f.connect())
			c.partly("alice", f.key)
			c.send(interactive("alice"))
			c.must(msgAuthInfoRequest)
			began := time.Now()
			c.send(slices.Concat([]byte{msgAuthInfoResponse, 0, 0, 0, 1}, text("000000")))
			c.failure()
			took := time.Since(began)
			if first == 0 {
				first = took
			}
			if took < refusalFloor || took != first {
				t.Errorf("%q takes %s, the first %s", reason, took, first)
			}
		}
	}, wantsCode)
}

// What changes between the key and the code counts.
func TestReloadBetweenKeyAndCode(t *testing.T) {
	t.Parallel()
	f := start(t, wantsCode)
	c := f.wireDial()
	c.partly("alice", f.key)
	f.broker.allow("alice", f.key.PublicKey(), &wire.Grant{Reason: "removed"})
	f.server.Recheck()
	c.code("alice", "123456")
	c.failure()
	if n := len(f.server.connections()); n != 1 {
		t.Errorf("%d connections", n)
	}
	for _, conn := range f.server.connections() {
		if conn.login.Load() != nil {
			t.Error("she counts as logged in")
		}
	}
}

// A reload that wants a code of somebody who is logged in without one ends her
// connection; one with a code stays, and so does one between offer and signature.
func TestReloadThatWantsACode(t *testing.T) {
	t.Parallel()
	f := start(t)
	without := f.dial()
	offering := f.wireDial()
	if !offering.query("alice", f.key.PublicKey()) {
		t.Fatal("the key was refused")
	}
	strict := *f.grant
	strict.SecondFactor = true
	f.broker.allow("alice", f.key.PublicKey(), &strict)
	f.server.epoch.Add(1) // as a Recheck that hasn't come to the others yet
	with := f.wireDial()
	with.partly("alice", f.key)
	with.code("alice", "123456")
	with.must(msgAuthSuccess)
	f.server.Recheck()
	if err := without.Wait(); err == nil {
		t.Error("still connected")
	}
	r := f.broker.waitRecord(t, "withdrawn", nil)
	if attr(r, "reason") != "a code is wanted now" {
		t.Errorf("recorded as %+v", r)
	}
	with.openSession(1 << 20) // is still there
	offering.partly("alice", f.key)
}

// A certificate is a key as any other: the code comes after it, and who has logged in
// is whose certificate it was.
func TestCodeAfterACertificate(t *testing.T) {
	t.Parallel()
	f := start(t, wantsCode)
	authority, _ := newKey(t)
	signer := certify(t, authority, f.key, nil)
	c := f.wireDial()
	c.sign("alice", signer)
	if methods, partial := c.failure(); methods != "keyboard-interactive" || !partial {
		t.Fatalf("after the certificate: %q, partial %t", methods, partial)
	}
	c.code("alice", "000000")
	c.failure()
	c.code("alice", "123456")
	c.must(msgAuthSuccess)
	for _, event := range []string{"partial login", "refused", "login"} {
		r := f.broker.waitRecord(t, event, nil)
		if attr(r, "certificate") != "alice's" || attr(r, "authority") != ssh.FingerprintSHA256(authority.PublicKey()) {
			t.Errorf("%s is recorded as %+v", event, r)
		}
	}
}
