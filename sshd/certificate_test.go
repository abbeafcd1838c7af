package sshd

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"encoding/binary"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/jailsh/jailsh/internal/wire"
	"golang.org/x/crypto/ssh"
)

// certify has the authority sign a certificate of key for alice, after change.
func certify(t testing.TB, authority, key ssh.Signer, change func(*ssh.Certificate)) ssh.Signer {
	t.Helper()
	cert := &ssh.Certificate{
		Key: key.PublicKey(), CertType: ssh.UserCert, KeyId: "alice's", Serial: 7, ValidPrincipals: []string{"alice"},
		ValidBefore: ssh.CertTimeInfinity, Permissions: ssh.Permissions{Extensions: map[string]string{"permit-pty": ""}},
	}
	if change != nil {
		change(cert)
	}
	if err := cert.SignCert(rand.Reader, authority); err != nil {
		t.Fatal(err)
	}
	return present(t, cert, key)
}

// present is a signer that shows the certificate as it is.
func present(t testing.TB, cert *ssh.Certificate, key ssh.Signer) ssh.Signer {
	t.Helper()
	signer, err := ssh.NewCertSigner(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	return signer
}

// jailshd is told all that the certificate says, and the key in it.
func TestCertificateIsLookedUp(t *testing.T) {
	t.Parallel()
	f := start(t)
	authority, _ := newKey(t)
	until := uint64(time.Now().Add(time.Hour).Unix())
	f.dialWith(f.clientConfig("alice", certify(t, authority, f.key, func(c *ssh.Certificate) {
		c.ValidPrincipals, c.ValidAfter, c.ValidBefore = []string{"ops", "alice"}, 5, until
		c.CriticalOptions = map[string]string{"force-command": "ls"}
	})))
	login := f.broker.waitRecord(t, "login", nil)
	want := &wire.Certificate{
		Type: wire.CertificateUser, CA: authority.PublicKey().Marshal(), Serial: 7, KeyID: "alice's",
		Principals: []string{"ops", "alice"}, ValidAfter: 5, ValidBefore: until,
		Critical: []wire.CertificateOption{{Name: "force-command", Value: "ls"}}, Extensions: []string{"permit-pty"},
	}
	asked := f.broker.lookups()
	if len(asked) != 1 || !reflect.DeepEqual(asked[0].Certificate, want) || !bytes.Equal(asked[0].Key, f.key.PublicKey().Marshal()) || !asked[0].Since.IsZero() {
		t.Errorf("asked %+v", asked)
	}
	for key, want := range map[string]string{
		"key": ssh.FingerprintSHA256(f.key.PublicKey()), "certificate": "alice's", "serial": "7",
		"authority": ssh.FingerprintSHA256(authority.PublicKey()),
	} {
		if got := attr(login, key); got != want {
			t.Errorf("the log has %s=%q, not %q", key, got, want)
		}
	}
	f.server.Recheck()
	asked = f.broker.lookups()
	if len(asked) != 2 || !reflect.DeepEqual(asked[1].Certificate, want) || time.Since(asked[1].Since) > time.Minute {
		t.Errorf("after a reload, asked %+v", asked[1:])
	}
}

// What jailshd is told must be true: a certificate that its authority hasn't
// signed, or with a weak signature, is refused although jailshd would say yes;
// and so is what the library itself finds wrong.
func TestCertificateIsVerified(t *testing.T) {
	t.Parallel()
	f := start(t)
	authority, _ := newKey(t)
	secret, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	rsaKey, err := ssh.NewSignerFromKey(secret)
	if err != nil {
		t.Fatal(err)
	}
	sha1, err := ssh.NewSignerWithAlgorithms(rsaKey.(ssh.AlgorithmSigner), []string{ssh.KeyAlgoRSA})
	if err != nil {
		t.Fatal(err)
	}
	sha2, err := ssh.NewSignerWithAlgorithms(rsaKey.(ssh.AlgorithmSigner), []string{ssh.KeyAlgoRSASHA256})
	if err != nil {
		t.Fatal(err)
	}
	tampered := func(change func(*ssh.Certificate)) ssh.Signer {
		cert := certify(t, authority, f.key, nil).PublicKey().(*ssh.Certificate)
		change(cert)
		return present(t, cert, f.key)
	}
	for _, c := range []struct {
		name   string
		signer ssh.Signer
		reason string // "": it is good
	}{
		{"good", certify(t, authority, f.key, nil), ""},
		{"good, RSA with SHA-256", certify(t, sha2, f.key, nil), ""},
		{"RSA with SHA-1", certify(t, sha1, f.key, nil), "signed with ssh-rsa, which is weak"},
		{"another serial", tampered(func(c *ssh.Certificate) { c.Serial++ }), "signature does not verify"},
		{"another principal", tampered(func(c *ssh.Certificate) { c.ValidPrincipals = []string{"bob", "alice"} }), "signature does not verify"},
		{"another authority", tampered(func(c *ssh.Certificate) { c.SignatureKey = f.key.PublicKey() }), "signature does not verify"},
		{"a bit of the signature", tampered(func(c *ssh.Certificate) { c.Signature.Blob[3] ^= 1 }), "signature does not verify"},
		{"no principals", certify(t, authority, f.key, func(c *ssh.Certificate) { c.ValidPrincipals = nil }), "names no principal"},
		{"expired", certify(t, authority, f.key, func(c *ssh.Certificate) { c.ValidBefore = 5 }), "expired"},
		{"not yet", certify(t, authority, f.key, func(c *ssh.Certificate) { c.ValidAfter = 1 << 62 }), "not yet valid"},
		{"unknown option", certify(t, authority, f.key, func(c *ssh.Certificate) {
			c.CriticalOptions = map[string]string{"unheard-of": ""}
		}), `unsupported critical option "unheard-of"`},
		{"too many principals", certify(t, authority, f.key, func(c *ssh.Certificate) {
			c.ValidPrincipals = make([]string, wire.MaxPrincipals+1)
		}), "over its cap"},
	} {
		client, err := ssh.Dial("tcp", f.addr, f.clientConfig("alice", c.signer))
		if err == nil {
			client.Close()
		}
		if (err == nil) != (c.reason == "") {
			t.Errorf("%s: %v", c.name, err)
		}
		if c.reason != "" {
			f.broker.waitRecord(t, "refused", func(r *wire.Record) bool { return strings.Contains(attr(r, "reason"), c.reason) })
		}
	}
}

// One whose authority is itself a certificate is not even parsed, however deep
// they are nested.
func TestNestedCertificateIsRefused(t *testing.T) {
	t.Parallel()
	f := start(t)
	authority, _ := newKey(t)
	middle := certify(t, authority, authority, nil)
	blob := certify(t, authority, f.key, nil).PublicKey().Marshal()
	plain := authority.PublicKey().Marshal()
	at := bytes.LastIndex(blob, append(binary.BigEndian.AppendUint32(nil, uint32(len(plain))), plain...))
	nested := append([]byte(nil), blob[:at]...)
	nested = append(nested, text(string(middle.PublicKey().Marshal()))...)
	nested = append(nested, blob[at+4+len(plain):]...)
	c := f.wireDial()
	c.send(authRequest("alice", "publickey", []byte{0}, text(ssh.CertAlgoED25519v01), text(string(nested))))
	c.must(msgAuthFailure)
	f.broker.waitRecord(t, "refused", func(r *wire.Record) bool {
		return strings.Contains(attr(r, "reason"), "is invalid for certificates")
	})
	if asked := f.broker.lookups(); len(asked) > 0 {
		t.Errorf("asked %+v", asked)
	}
}
