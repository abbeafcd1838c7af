package users

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/jailsh/jailsh/internal/totp"
	"github.com/jailsh/jailsh/internal/wire"
)

// Query is a client who holds a key and asks to be let in.
type Query struct {
	User        string
	Key         []byte            // public key blob, RFC 4253 section 6.6
	Certificate *wire.Certificate // of Key; nil: Key is offered by itself
	From        netip.Addr
	Now         time.Time
	Since       time.Time // when this login was let in; zero: it isn't yet
}

// Decision is the answer, and how it came about.
type Decision struct {
	Grant          wire.Grant
	Trace          []string // one line per rule that was looked at
	KeyFingerprint string   // of Query.Key, whether it is known or not
}

// Authorize decides whether the client may log in, and what she may then do.
//
// A user who doesn't exist takes the same way as one whose keys don't match: a
// stand-in with a key that nobody holds. Keys are compared in constant time and
// to the last.
func (t *Table) Authorize(q Query) Decision {
	d := Decision{KeyFingerprint: fingerprint(q.Key)}
	u, known := t.users[q.User]
	if !known {
		u = t.dummy
		d.trace("user %q: not in %s", q.User, t.File)
	} else {
		d.trace("%s: found", u.where(""))
	}
	k, reason := d.credential(t, u, q)
	switch {
	case !known:
		reason = "unknown user"
	case reason == "":
		if reason = d.user(u, q); reason == "" {
			reason = d.device(u, k, q)
		}
	}
	if known && reason == "" {
		reason = d.factor(u, t.codes)
	}
	if reason != "" {
		d.trace("refused: %s", reason)
		d.Grant = wire.Grant{Reason: reason}
		return d
	}
	d.grant(u, k, q)
	if d.Grant.Shares = t.sharedWith(u.Name, q.Now); len(d.Grant.Shares) > 0 {
		d.trace("shared with her: forwards of %s", strings.Join(d.Grant.Shares, ", "))
	}
	return d
}

func (d *Decision) trace(format string, args ...any) {
	d.Trace = append(d.Trace, fmt.Sprintf(format, args...))
}

// credential returns what lets the client in, with the options that hold then,
// or the reason why there is nothing.
func (d *Decision) credential(t *Table, u *User, q Query) (*Key, string) {
	revoked := d.revoked(t, q)
	lines := d.lines(u)
	var k *Key
	var reason string
	if q.Certificate != nil {
		k, reason = d.certificate(t, u, lines, q)
	} else {
		k, reason = d.match(lines, q)
	}
	if revoked != "" {
		return nil, revoked
	}
	return k, reason
}

// revoked returns what of the credential revoked_keys has, or "".
func (d *Decision) revoked(t *Table, q Query) string {
	c := q.Certificate
	switch {
	case t.revoked.Key(q.Key):
		return "the key is revoked"
	case c != nil && t.revoked.Key(c.CA):
		return "the certificate's authority is revoked"
	case c != nil && t.revoked.Certificate(c.CA, c.Serial, c.KeyID):
		return "the certificate is revoked"
	}
	return ""
}

// lines are those of users.toml and of the user's authorized_keys file.
func (d *Decision) lines(u *User) []*Key {
	if u.AuthorizedKeys == "" {
		return u.Keys
	}
	more, skipped, err := readKeyFile(u.AuthorizedKeys, u.UID)
	if err != nil {
		d.trace("%s: %s", u.where("authorized_keys"), err)
	}
	for _, s := range skipped {
		d.trace("%s: line skipped", s)
	}
	return append(u.Keys[:len(u.Keys):len(u.Keys)], more...)
}

// match returns the first line that is the client's key and whose own rules hold,
// or the reason why there is none.
func (d *Decision) match(lines []*Key, q Query) (*Key, string) {
	var found *Key
	reason := "the key is none of the user's"
	for _, k := range lines {
		if subtle.ConstantTimeCompare(k.Blob, q.Key) != 1 || found != nil || k.Options.Authority {
			continue
		}
		d.trace("%s: is the key %s %q", k.Source, k.Fingerprint, k.Comment)
		if reason = d.key(k, q); reason == "" {
			found = k
		}
	}
	return found, reason
}

// key returns why the rules of a key that matches don't hold, or "".
func (d *Decision) key(k *Key, q Query) string {
	o := k.Options
	if o.From != nil {
		if !o.From.Allow(q.From) {
			d.trace("%s: from=%q: %s is not in it", k.Source, o.From, q.From)
			return fmt.Sprintf("the key may not be used from %s", q.From)
		}
		d.trace("%s: from=%q: %s is in it", k.Source, o.From, q.From)
	}
	if !o.Expires.IsZero() {
		if q.Now.After(o.Expires) {
			d.trace("%s: expired at %s", k.Source, o.Expires.Format(time.RFC3339))
			return "the key has expired"
		}
		d.trace("%s: expires at %s", k.Source, o.Expires.Format(time.RFC3339))
	}
	return ""
}

// user returns why the user's own rules don't hold, or "".
func (d *Decision) user(u *User, q Query) string {
	if u.Disabled {
		d.trace("%s: true", u.where("disabled"))
		return "the user is disabled"
	}
	if !u.Expires.IsZero() {
		d.trace("%s: %s", u.where("expires"), u.Expires.Format(time.RFC3339))
		if u.Expired(q.Now) {
			return "the user has expired"
		}
	}
	if len(u.From) > 0 {
		if !u.admits(q.From) {
			d.trace("%s: %s is in none of %v", u.where("from"), q.From, u.From)
			return fmt.Sprintf("the user may not come from %s", q.From)
		}
		d.trace("%s: %s is in one of %v", u.where("from"), q.From, u.From)
	}
	return ""
}

// factor returns why a code couldn't be good, or "".
func (d *Decision) factor(u *User, codes totp.Store) string {
	if !u.TOTP {
		return ""
	}
	err := codes.Enrolled(u.Name)
	switch {
	case errors.Is(err, totp.ErrNotEnrolled):
		d.trace("%s: a code is wanted, and she has no secret to make one from", u.where("auth"))
		return fmt.Sprintf("a code is wanted, and the user isn't enrolled - run: jailsh user totp %s", u.Name)
	case err != nil:
		d.trace("%s: a code is wanted: %s", u.where("auth"), err)
		return fmt.Sprintf("a code is wanted, and the user's secret can't be used: %s", err)
	}
	d.trace("%s: a code is asked for after the key", u.where("auth"))
	return ""
}

func (u *User) admits(from netip.Addr) bool {
	from = from.Unmap().WithZone("")
	for _, p := range u.From {
		if p.Contains(from) {
			return true
		}
	}
	return false
}

// grant says what the key may do.
func (d *Decision) grant(u *User, k *Key, q Query) {
	o := k.Options
	g := wire.Grant{
		Accepted: true,
		Shell:    u.Allow.Shell, Exec: u.Allow.Exec, PTY: u.Allow.PTY && !o.NoPTY,
		NoTouchRequired: o.NoTouch && !u.TouchRequired,
		VerifyRequired:  o.Verify || u.VerifyRequired && ofType(q.Key, "sk-"),
		Env:             o.Env,
		AcceptEnv:       u.AcceptEnv,
		Logins:          uint32(u.Limits.Logins),
		Sessions:        uint32(u.Limits.Sessions), Idle: u.Limits.Idle, MaxSession: u.Limits.MaxSession,
		AttachTTL: u.KeepFor(), Persist: u.Persist,
		Until:        earlier(u.Expires, o.Expires),
		SecondFactor: u.TOTP, Record: u.Record,
		Agent: u.Allow.Agent && !o.NoAgentForwarding, X11: u.Allow.X11 && !o.NoX11Forwarding,
		Share: u.Allow.Share && !o.NoForward, Publish: u.Allow.Publish && !o.NoForward,
		LocalForward:  wire.Permits{User: u.forwards(u.Allow.LocalForward), Key: o.forwards(o.PermitOpen)},
		RemoteForward: wire.Permits{User: u.forwards(u.Allow.RemoteForward), Key: o.forwards(o.PermitListen)},
	}
	switch {
	case u.Command != "":
		g.Forced, g.Command = true, u.Command
		d.trace("%s: forced command %q", u.where("command"), u.Command)
	case o.Forced:
		g.Forced, g.Command = true, o.Command
		d.trace("%s: forced command %q", k.Source, o.Command)
	}
	if u.Record != wire.RecordOff {
		d.trace("%s: %s: sessions on a terminal are recorded", u.where("record"), RecordName(u.Record))
	}
	g.SFTP = grantSFTP(u, g.Forced, g.Command)
	d.trace("granted: shell %t, exec %t, pty %t, sftp %t, agent %t, x11 %t, share %t, publish %t, local forward %s, remote forward %s", g.Shell, g.Exec, g.PTY,
		g.SFTP.Allowed, g.Agent, g.X11, g.Share, g.Publish, permitsText(g.LocalForward), permitsText(g.RemoteForward))
	d.Grant = g
}

// earlier is the first whole second at which one of them has passed; zero is
// never. A key is good at its expiry-time still (sshd(8)), a user isn't.
func earlier(user, key time.Time) time.Time {
	if !user.IsZero() {
		user = user.Add(time.Second - 1).Truncate(time.Second)
	}
	if !key.IsZero() {
		key = key.Truncate(time.Second).Add(time.Second)
	}
	if user.IsZero() || !key.IsZero() && key.Before(user) {
		return key
	}
	return user
}

// where says where the key that decided stands.
func (u *User) where(key string) string {
	if v := u.origin[key]; v != nil {
		return position(v)
	}
	return position(u.table)
}

// fingerprint writes a key's hash as ssh-keygen -l does, without parsing it.
func fingerprint(blob []byte) string {
	sum := sha256.Sum256(blob)
	return "SHA256:" + base64.RawStdEncoding.EncodeToString(sum[:])
}

// newDummy returns the stand-in for users who don't exist. Its key is no key at
// all, of the usual length.
func newDummy() *User {
	return &User{Keys: []*Key{{Blob: make([]byte, 51)}}}
}
