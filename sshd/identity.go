package sshd

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"strconv"
	"time"

	"github.com/jailsh/jailsh/internal/wire"
	"github.com/jailsh/jailsh/share"
	"golang.org/x/crypto/ssh"
)

// identity is who has logged in, and what the key may do. It is made for one
// offer of one key, and never changed: what is found out later makes another one.
type identity struct {
	user        string
	offered     []byte // blob, RFC 4253 section 6.6: a key, or a certificate with a key in it
	key         []byte // blob of the key
	fingerprint string // of the key
	certificate *wire.Certificate
	device      device       // what is known of the one that has the key
	since       time.Time    // when the key was verified; zero before
	ticket      []byte       // for a code that was verified after the key; nil: none was
	guest       *share.Share // what a guest sees, who has no name; nil: a user
	grant       *wire.Grant
	epoch       uint64 // of the server when the grant was looked up, see recheck.go
}

// complete reports whether all has been proven that the grant wants.
func (id *identity) complete() bool { return !id.grant.SecondFactor || id.ticket != nil }

// again is who it is, to be looked up once more.
func (id *identity) again() *identity {
	other := *id
	other.grant, other.epoch = nil, 0
	return &other
}

// lookup asks about her, who comes from there.
func (id *identity) lookup(from string) *wire.Lookup {
	return &wire.Lookup{User: id.user, Key: id.key, From: from, Certificate: id.certificate, Since: id.since}
}

// credential is what the log says of how somebody logs in.
func (id *identity) credential() []string {
	pairs := []string{"key", id.fingerprint}
	if c := id.certificate; c != nil {
		pairs = append(pairs, "certificate", shown(c.KeyID, maxShown),
			"serial", strconv.FormatUint(c.Serial, 10), "authority", fingerprint(c.CA))
	}
	return pairs
}

// fingerprint writes a key's hash as ssh-keygen -l does.
func fingerprint(blob []byte) string {
	sum := sha256.Sum256(blob)
	return "SHA256:" + base64.RawStdEncoding.EncodeToString(sum[:])
}

// identityKey is the key of an identity in ssh.Permissions.ExtraData. Its type
// is unexported: no other package can put one there.
type identityKey struct{}

// permissions returns a fresh object for each attempt: what one attempt was
// given must not be found by another (CVE-2024-45337).
func (id *identity) permissions() *ssh.Permissions {
	p := &ssh.Permissions{ExtraData: map[any]any{identityKey{}: id}}
	if id.grant.NoTouchRequired {
		p.Extensions = map[string]string{"no-touch-required": ""} // acted on by x/crypto
	}
	return p
}

// identityOf returns who an attempt or a connection belongs to.
func identityOf(p *ssh.Permissions) (*identity, error) {
	if p != nil {
		if id, ok := p.ExtraData[identityKey{}].(*identity); ok && id != nil {
			return id, nil
		}
	}
	return nil, errors.New("connection without an identity")
}
