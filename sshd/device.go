package sshd

import (
	"bytes"
	"crypto/ed25519"
	"encoding/binary"
	"strings"

	"golang.org/x/crypto/ssh"
)

// A signature of a security device has flags (PROTOCOL.u2f): that somebody touched
// it, and that it knew her, by a PIN or a finger. x/crypto asks for the touch, but
// waives it for whatever certificate says no-touch-required, trusted or not; and
// it tells nobody about the rest. (As of v0.58.0; VerifiedPublicKeyCallback gets
// the signature's format alone.)
//
// The flags are signed too. So the signature is looked for where it must be, behind
// the key in the packet, and checked once more: what is found there either proves
// that the flags were set, or nothing. A library that keeps its packets elsewhere
// has such keys refused, and the tests fail.

// flagUserVerified is one of the FIDO specifications' flags.
const flagUserVerified = 0x04

// device is what a signature has shown of the security device that made it.
type device struct {
	is       bool // there is one: other keys are in files
	touched  bool
	verified bool // it knew its user, who touched it too
}

// deviceOf says what the login's signature shows.
func deviceOf(meta ssh.ConnMetadata, key ssh.PublicKey, offer *identity) device {
	if !strings.HasPrefix(key.Type(), "sk-") {
		return device{}
	}
	flags := assertion(meta, key, offer.offered)
	return device{
		is:       true,
		touched:  flags != 0 || !offer.grant.NoTouchRequired && !waives(key), // else the library has asked for it
		verified: flags&flagUserVerified != 0,
	}
}

// lacks returns what the grant wants of a security device and isn't shown, or "".
func (id *identity) lacks() string {
	switch {
	case id.grant.VerifyRequired && !id.device.is:
		return "verify-required asks for a key of a security device (sk-...)"
	case id.device.is && !id.device.touched && !id.grant.NoTouchRequired:
		return "the security device was not touched"
	case id.grant.VerifyRequired && !id.device.verified:
		return "the security device has not verified its user"
	}
	return ""
}

// waives tells whether the library took no-touch-required from the certificate.
func waives(key ssh.PublicKey) bool {
	cert, ok := key.(*ssh.Certificate)
	if !ok {
		return false
	}
	_, ok = cert.Extensions["no-touch-required"]
	return ok
}

// assertion returns the flags of the signature with which the key's owner logs in;
// that she touched the device is among them, or it returns 0. blob is the key as it was offered.
func assertion(meta ssh.ConnMetadata, key ssh.PublicKey, blob []byte) byte {
	// Behind the type, the first field of a certificate and of an ed25519 key is
	// one that the library keeps as a slice of the packet; an ECDSA key has none.
	var field []byte
	switch k := key.(type) {
	case *ssh.Certificate:
		field = k.Nonce
	case ssh.CryptoPublicKey:
		field, _ = k.CryptoPublicKey().(ed25519.PublicKey)
	}
	skip := 4 + len(key.Type()) + 4
	rest, ok := bytes.CutPrefix(field[:cap(field)], blob[min(skip, len(blob)):])
	if !ok || len(rest) < 4 || uint64(len(rest)-4) < uint64(binary.BigEndian.Uint32(rest)) {
		return 0
	}
	var sig ssh.Signature
	if err := ssh.Unmarshal(rest[4:4+binary.BigEndian.Uint32(rest)], &sig); err != nil || len(sig.Rest) == 0 {
		return 0
	}
	signed := ssh.Marshal(struct {
		Session               []byte
		Message               byte
		User, Service, Method string
		Signed                bool
		Algorithm             string
		Key                   []byte
	}{meta.SessionID(), 50, meta.User(), "ssh-connection", "publickey", true, key.Type(), blob}) // RFC 4252 section 7
	if err := key.Verify(signed, &sig); err != nil {
		return 0
	}
	return sig.Rest[0]
}
