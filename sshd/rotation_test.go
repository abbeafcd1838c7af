package sshd

import (
	"bytes"
	"testing"

	"github.com/jailsh/jailsh/internal/wire"
	"golang.org/x/crypto/ssh"
)

// A host key is proved to be the server's, in this session and no other; once, and
// none but a host key. Clients that aren't OpenSSH's aren't told of host keys.
func TestHostKeysAreProved(t *testing.T) {
	t.Parallel()
	rsaKey := signerOf(t, newRSA(t))
	f := start(t, func(f *fixture, _ *wire.NetConfig) { f.broker.host = append(f.broker.host, rsaKey) })
	blob := func(k ssh.PublicKey) []byte { return text(string(k.Marshal())) }
	host := f.broker.host[0].PublicKey()
	for name, data := range map[string][]byte{
		"no host key":          blob(f.key.PublicKey()),
		"a host key and none":  append(blob(host), blob(f.key.PublicKey())...),
		"more than there are":  bytes.Repeat(blob(host), 3),
		"nothing":              nil,
		"half a key":           blob(host)[:20],
		"a length of 4 GB":     {0xff, 0xff, 0xff, 0xff, 1},
		"more than is allowed": bytes.Repeat([]byte{0, 0, 0, 1, 'x'}, maxRequest),
	} {
		if ok, _, err := f.dial().SendRequest(proveHostKeys, true, data); ok || err != nil {
			t.Errorf("%s: %v, %v", name, ok, err)
		}
	}
	c := f.dial()
	ok, proofs, err := c.SendRequest(proveHostKeys, true, append(blob(rsaKey.PublicKey()), blob(host)...))
	if !ok || err != nil {
		t.Fatal(ok, err)
	}
	p := payload{rest: proofs}
	for _, key := range []ssh.PublicKey{rsaKey.PublicKey(), host} {
		var sig ssh.Signature
		if err := ssh.Unmarshal(p.bytes(maxRequest), &sig); err != nil {
			t.Fatal(err)
		}
		signed := append(append(text(proveHostKeys), text(string(c.SessionID()))...), blob(key)...)
		if err := key.Verify(signed, &sig); err != nil || sig.Format == ssh.KeyAlgoRSA {
			t.Errorf("%s: signature in %s: %v", key.Type(), sig.Format, err)
		}
	}
	if !p.ok() {
		t.Errorf("%d bytes more than two signatures", len(p.rest))
	}
	if ok, _, err := c.SendRequest(proveHostKeys, true, blob(host)); ok || err != nil {
		t.Errorf("a second time: %v, %v", ok, err)
	}
}
