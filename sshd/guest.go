package sshd

import (
	"errors"
	"time"

	"github.com/jailsh/jailsh/internal/wire"
	"github.com/jailsh/jailsh/share"
	"golang.org/x/crypto/ssh"
)

// A guest logs in with a token as her name and nothing to prove: ssh TOKEN@host. She
// isn't anybody of the table, has no cell, and gets one session, which is a view.

// invited lets in whoever names a token, by the method "none", which stock clients try
// first. Another name learns that a key is needed; that costs nothing, since it
// depends on nobody's name. What looks like a token and isn't one is a guess, and
// counts as a wrong key does.
func (c *connection) invited(meta ssh.ConnMetadata) (*ssh.Permissions, error) {
	name := meta.User()
	if !share.LooksLikeToken(name) || c.guessed {
		return nil, errNone
	}
	start := time.Now()
	sh := c.server.hub.Redeem(share.Token(name))
	if sh == nil {
		c.guessed = true // the client goes on with its keys, each by the same name
		pause(c.ctx, refusalTime(c.server.secret, name, time.Since(start))-time.Since(start))
		return nil, errGuess
	}
	id := &identity{guest: sh, grant: &wire.Grant{Accepted: true, PTY: true, Until: until(sh)}, since: time.Now()}
	c.proven = true
	c.login.Store(id)
	c.policy.Store(id.grant)
	if why := c.takePlace(id); why != 0 {
		c.login.Store(nil)
		return nil, &ssh.BannerError{Err: errors.New(why.Error()), Message: string(sentence(why, c.ref, true))}
	}
	return id.permissions(), nil
}

var errGuess = errors.New("there is no such token")

// until is when a guest is logged out: in whole seconds, not before the share ends.
func until(sh *share.Share) time.Time {
	if sh.Until.IsZero() {
		return time.Time{}
	}
	return sh.Until.Truncate(time.Second).Add(time.Second)
}

// guest shows what the token is for. The owner knows her by the address.
func (s *session) guest() {
	s.settled()
	s.conclude(s.view(s.id.guest, s.conn.addresses.client, func(*wire.Grant) bool { return true }))
}
