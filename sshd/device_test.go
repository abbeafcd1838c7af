package sshd

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"io"
	"math/big"
	"testing"

	"github.com/jailsh/jailsh/internal/wire"
	"golang.org/x/crypto/ssh"
)

// softDevice is a security device in software: it signs as PROTOCOL.u2f says, with
// whatever flags the test wants.
type softDevice struct {
	flags  byte
	public ssh.PublicKey
	sign   func(data []byte) []byte // of an SSH signature's blob
}

const application = "ssh:"

func newDevice(t testing.TB, kind string, flags byte) *softDevice {
	t.Helper()
	d := &softDevice{flags: flags}
	var blob []byte
	switch kind {
	case ssh.KeyAlgoSKED25519:
		public, secret, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		blob = ssh.Marshal(struct {
			Name        string
			Key         []byte
			Application string
		}{kind, public, application})
		d.sign = func(data []byte) []byte { return ed25519.Sign(secret, data) }
	case ssh.KeyAlgoSKECDSA256:
		secret, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		point, err := secret.PublicKey.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		blob = ssh.Marshal(struct {
			Name, Curve string
			Key         []byte
			Application string
		}{kind, "nistp256", point, application})
		d.sign = func(data []byte) []byte {
			sum := sha256.Sum256(data)
			r, s, err := ecdsa.Sign(rand.Reader, secret, sum[:])
			if err != nil {
				return nil
			}
			return ssh.Marshal(struct{ R, S *big.Int }{r, s})
		}
	}
	public, err := ssh.ParsePublicKey(blob)
	if err != nil {
		t.Fatal(err)
	}
	d.public = public
	return d
}

func (d *softDevice) PublicKey() ssh.PublicKey { return d.public }

func (d *softDevice) Sign(_ io.Reader, data []byte) (*ssh.Signature, error) {
	rest := binary.BigEndian.AppendUint32([]byte{d.flags}, 7)
	whose, what := sha256.Sum256([]byte(application)), sha256.Sum256(data)
	blob := d.sign(append(append(whose[:], rest...), what[:]...))
	if blob == nil {
		return nil, errors.New("the device doesn't sign")
	}
	return &ssh.Signature{Format: d.public.Type(), Blob: blob, Rest: rest}, nil
}

const (
	present1 = 0x01 // touched
	verified = 0x04
)

// What the grant asks of the device's owner is asked, of keys and of
// certificates.
func TestSecurityDevices(t *testing.T) {
	t.Parallel()
	authority, _ := newKey(t)
	noTouch := &wire.Grant{Accepted: true, Shell: true, Exec: true, NoTouchRequired: true}
	verify := &wire.Grant{Accepted: true, Shell: true, Exec: true, VerifyRequired: true}
	both := &wire.Grant{Accepted: true, Shell: true, Exec: true, VerifyRequired: true, NoTouchRequired: true}
	for _, kind := range []string{ssh.KeyAlgoSKED25519, ssh.KeyAlgoSKECDSA256} {
		for _, c := range []struct {
			name        string
			flags       byte
			grant       *wire.Grant
			key         bool // good by itself
			certificate bool // good in a certificate
			waived      bool // good in one that says no-touch-required
		}{
			{"touched", present1, everything(), true, true, true},
			{"not touched", 0, everything(), false, false, false},
			{"not touched, which is allowed", 0, noTouch, true, true, true},
			{"verified", present1 | verified, verify, kind == ssh.KeyAlgoSKED25519, true, true},
			{"not verified", present1, verify, false, false, false},
			{"verified and not touched", verified, everything(), false, false, false},
			{"not verified, touch not required", 0, both, false, false, false},
			{"touched and not verified, touch not required", present1, both, false, false, false},
			{"verified, touch not required", present1 | verified, both, kind == ssh.KeyAlgoSKED25519, true, true},
		} {
			f := start(t)
			d := newDevice(t, kind, c.flags)
			f.broker.allow("alice", d.PublicKey(), c.grant)
			waived := certify(t, authority, d, func(cert *ssh.Certificate) {
				cert.Extensions = map[string]string{"no-touch-required": ""}
			})
			for name, try := range map[string]struct {
				signer ssh.Signer
				want   bool
			}{"key": {d, c.key}, "certificate": {certify(t, authority, d, nil), c.certificate}, "certificate that waives": {waived, c.waived}} {
				client, err := ssh.Dial("tcp", f.addr, f.clientConfig("alice", try.signer))
				if err == nil {
					client.Close()
				}
				if (err == nil) != try.want {
					t.Errorf("%s, %s, %s: %v", kind, c.name, name, err)
				}
			}
		}
	}
}

// Verification of a key that no device has can't be.
func TestVerifyRequiredAsksForADevice(t *testing.T) {
	t.Parallel()
	f := start(t)
	f.grant.VerifyRequired = true
	if c, err := ssh.Dial("tcp", f.addr, f.clientConfig("alice", f.key)); err == nil {
		c.Close()
		t.Error("logged in")
	}
	f.broker.waitRecord(t, "refused", func(r *wire.Record) bool {
		return attr(r, "reason") == "verify-required asks for a key of a security device (sk-...)"
	})
}
