package users

import (
	"bytes"
	"fmt"

	"github.com/jailsh/jailsh/internal/strict"
	"golang.org/x/crypto/ssh"
)

// ofType tells whether the blob's type, its first string (RFC 4253 section 6.6),
// begins with prefix. Four bytes of length come before it.
func ofType(blob []byte, prefix string) bool {
	return len(blob) > 4 && bytes.HasPrefix(blob[4:], []byte(prefix))
}

// device returns why the key is none that could do what is asked of security
// devices, or "". What such a device did is for jailsh-net to find out, which has
// the signature.
func (d *Decision) device(u *User, k *Key, q Query) string {
	hardware := ofType(q.Key, "sk-")
	switch {
	case k.Options.Verify && !hardware:
		return "verify-required asks for a key of a security device (sk-...)"
	case (k.Options.Verify || hardware && u.VerifyRequired) && q.Certificate == nil && ofType(q.Key, ssh.KeyAlgoSKECDSA256):
		return unverifiable
	}
	return ""
}

// unverifiable is why verify-required isn't for ECDSA keys without a certificate:
// sshd/device.go finds no signature of theirs.
const unverifiable = "verify-required can't be checked for " + ssh.KeyAlgoSKECDSA256

// authOptions are PubkeyAuthOptions of sshd_config(5).
type authOptions struct{ touch, verify bool }

// readAuthOptions reads a list of them; none at all leaves it to the keys.
func readAuthOptions(v *strict.Value) (o authOptions, ok bool) {
	list, ok := v.List(2)
	for _, e := range list {
		switch s, good := e.Text(64); {
		case !good:
		case s == "touch-required":
			o.touch = true
		case s == "verify-required":
			o.verify = true
		default:
			e.Bad(fmt.Sprintf("%q is none of the options", s), `use "touch-required" or "verify-required"`)
		}
	}
	return o, ok
}
