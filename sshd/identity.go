package sshd

import (
	"errors"

	"github.com/jailsh/jailsh/internal/wire"
	"golang.org/x/crypto/ssh"
)

// identity is who has logged in, and what the key may do. It is made for one
// offer of one key, and never changed: what is found out later makes another one.
type identity struct {
	user        string
	key         []byte // blob, RFC 4253 section 6.6
	fingerprint string
	ticket      []byte // for a code that was verified after the key; nil: none was
	grant       *wire.Grant
	epoch       uint64 // of the server when the grant was looked up, see recheck.go
}

// complete reports whether all has been proven that the grant wants.
func (id *identity) complete() bool { return !id.grant.SecondFactor || id.ticket != nil }

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
