package sshd

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jailsh/jailsh/internal/credential"
	"github.com/jailsh/jailsh/internal/wire"
	"golang.org/x/crypto/ssh"
)

// lookupTimeout is how long jailshd may take to say whether a key is good.
const lookupTimeout = 10 * time.Second

// errNone refuses the method "none", which stock clients try first to learn the
// others. It costs them nothing: it depends on nobody's name.
var errNone = errors.New("a key is needed")

// refused is a key that was not accepted. Its text is for the log: the client
// learns nothing but that it failed.
type refused struct {
	reason     string
	credential []string // keys and values for the log
}

func (r *refused) Error() string { return r.reason }

func (id *identity) refuse(reason string) error { return &refused{reason, id.credential()} }

// authentication fills in what a connection adds to the server's configuration.
func (c *connection) authentication(cfg *ssh.ServerConfig) {
	// The library underneath allows "none" whenever its own handlers are nil,
	// which is how it is used here; this callback is what refuses it.
	cfg.NoClientAuth = true
	cfg.NoClientAuthCallback = c.invited
	cfg.PreAuthConnCallback = c.authenticating
	cfg.PublicKeyCallback = c.offered
	cfg.VerifiedPublicKeyCallback = c.verified
	cfg.AuthLogCallback = c.attempted
}

// offered decides whether a key may be used, before a signature was seen. The
// name is the one of this attempt.
func (c *connection) offered(meta ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
	start := time.Now()
	id, err := c.consider(meta.User(), key)
	if err != nil {
		pause(c.ctx, refusalTime(c.server.secret, meta.User(), time.Since(start))-time.Since(start))
		return nil, err
	}
	return id.permissions(), nil
}

func (c *connection) consider(user string, key ssh.PublicKey) (*identity, error) {
	id := &identity{user: user, offered: key.Marshal()}
	id.key = id.offered
	cert, certified := key.(*ssh.Certificate)
	if certified {
		id.key = cert.Key.Marshal()
	}
	id.fingerprint = fingerprint(id.key)
	if len(user) > wire.MaxName || len(id.offered) > wire.MaxBlob {
		return nil, id.refuse("the user's name or the key is too long")
	}
	if why := c.settings.keys.Offered(key); why != "" {
		return nil, id.refuse(why)
	}
	if certified {
		var err error
		if id.certificate, err = credential.Facts(cert); err != nil {
			return nil, id.refuse(err.Error())
		}
	}
	if err := c.grant(id); err != nil {
		return nil, id.refuse(err.Error())
	}
	if certified {
		// Last: a signature is expensive to check, and nobody but a trusted
		// authority's customers gets that far.
		if err := credential.Verify(cert); err != nil {
			return nil, id.refuse(err.Error())
		}
	}
	return id, nil
}

// grant asks jailshd what the key may do, and notes as of when. The error is a
// *refused when the answer was no.
func (c *connection) grant(id *identity) error {
	ctx, cancel := context.WithTimeout(c.ctx, lookupTimeout)
	defer cancel()
	id.epoch = c.server.epoch.Load() // before the question: a reload in between counts
	grant, err := c.server.broker.Lookup(ctx, id.lookup(c.addresses.client))
	switch {
	case err != nil:
		c.excused.Store(true)
		return fmt.Errorf("lookup: %w", err)
	case !grant.Accepted:
		return id.refuse(grant.Reason)
	}
	id.grant = grant
	return nil
}

// verified decides about a login, after the signature was found good.
func (c *connection) verified(meta ssh.ConnMetadata, key ssh.PublicKey, p *ssh.Permissions, format string) (*ssh.Permissions, error) {
	offer, err := identityOf(p)
	if err != nil {
		return nil, err
	}
	if offer.user != meta.User() || !bytes.Equal(offer.offered, key.Marshal()) {
		return nil, offer.refuse("the key or the name is not the one that was looked up")
	}
	if why := c.settings.keys.Signed(key, format); why != "" {
		return nil, offer.refuse(why)
	}
	id := *offer
	id.since = time.Now()
	id.device = deviceOf(meta, key, offer)
	return c.admit(&id)
}

// admit lets in who has proven what her grant wants, and asks for a code if that
// is missing.
//
// The grant is that of the offer unless the configuration was read again since:
// a client may wait between the two for as long as the login grace, and in that
// time Recheck doesn't see it yet. Hence the order: the login is stored first,
// then the epoch is compared, so that one of the two sees the other.
func (c *connection) admit(id *identity) (*ssh.Permissions, error) {
	c.proven = true
	for {
		if why := id.lacks(); why != "" {
			c.login.Store(nil)
			return nil, id.refuse(why)
		}
		if !id.complete() {
			c.login.Store(nil)
			return nil, c.askCode(id)
		}
		c.login.Store(id)
		c.policy.Store(id.grant)
		if id.epoch == c.server.epoch.Load() {
			return c.seat(id)
		}
		id = id.again()
		if err := c.grant(id); err != nil {
			c.login.Store(nil)
			return nil, err
		}
	}
}

// seat lets her in if there is a place. Else her client shows her the banner, before
// it says that it was refused: she has proven who she is, so she may know.
func (c *connection) seat(id *identity) (*ssh.Permissions, error) {
	if why := c.takePlace(id); why != 0 {
		c.login.Store(nil)
		return nil, &ssh.BannerError{Err: id.refuse(why.Error()), Message: string(sentence(why, c.ref, true))}
	}
	c.prefetch(id.user)
	return id.permissions(), nil
}

// attempted is told of every attempt but the questions that were answered yes.
func (c *connection) attempted(meta ssh.ConnMetadata, method string, err error) {
	if err == nil {
		c.authenticated(meta)
		return
	}
	if errors.Is(err, errNone) {
		return
	}
	if further := (*ssh.PartialSuccessError)(nil); errors.As(err, &further) {
		return // askCode has recorded it
	}
	if banner := (*ssh.BannerError)(nil); !errors.As(err, &banner) {
		c.attempts++
	}
	credential := []string{"key", ""}
	if r := (*refused)(nil); errors.As(err, &r) {
		credential = r.credential
	}
	pairs := append([]string{"method", method}, credential...)
	c.record(levelInfo, "refused", meta.User(), append(pairs, "reason", err.Error())...)
}

// authenticated ends what holds until a login, and begins what holds after.
func (c *connection) authenticated(meta ssh.ConnMetadata) {
	c.arrived()
	c.server.penalties.forgive(c.source)
	c.link.enter(phaseLoggedIn)
	c.beAlive()
	c.rekeyLater()
	c.expire(c.policy.Load().Until)
	id := c.login.Load()
	algorithms := ""
	if m, ok := meta.(ssh.AlgorithmsConnMetadata); ok {
		a := m.Algorithms()
		algorithms = fmt.Sprintf("%s %s %s", a.KeyExchange, a.HostKey, a.Write.Cipher)
	}
	factor := ""
	if id.ticket != nil {
		factor = "totp"
	}
	c.record(levelInfo, "login", id.user, append(id.credential(), "second", factor,
		"client", shown(string(meta.ClientVersion()), maxShown), "algorithms", algorithms)...)
}
