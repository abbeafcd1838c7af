package users

import (
	"crypto/subtle"
	"fmt"
	"slices"

	"github.com/jailsh/jailsh/internal/wire"
)

// Authority is a key that may sign certificates for a user.
type Authority struct {
	*Key
	Principals []string // a certificate must name one of them
}

// Authorities are those of trusted_ca, and of the cert-authority lines that the
// user has in users.toml.
func (t *Table) Authorities(u *User) []Authority { return t.authorities(u, u.Keys) }

func (t *Table) authorities(u *User, lines []*Key) []Authority {
	var all []Authority
	for _, ca := range t.cas {
		all = append(all, Authority{ca, u.principals()})
	}
	for _, k := range lines {
		if !k.Options.Authority {
			continue
		}
		principals := k.Options.Principals
		if principals == nil {
			principals = []string{u.Name}
		}
		all = append(all, Authority{k, principals})
	}
	return all
}

// principals is what a certificate of a trusted_ca must name one of.
func (u *User) principals() []string {
	if u.Principals == nil {
		return []string{u.Name}
	}
	return u.Principals
}

// certificate returns the first authority that has signed the certificate and
// whose rules hold, with the options that are left by its line and by the
// certificate, or the reason why there is none.
func (d *Decision) certificate(t *Table, u *User, lines []*Key, q Query) (*Key, string) {
	c := q.Certificate
	d.trace("certificate %q, serial %d: of the authority %s, for %q", c.KeyID, c.Serial, fingerprint(c.CA), c.Principals)
	var found *Key
	reason := "the certificate is of no authority that is trusted for the user"
	for _, a := range t.authorities(u, lines) {
		if subtle.ConstantTimeCompare(a.Blob, c.CA) != 1 || found != nil {
			continue
		}
		d.trace("%s: is the authority", a.Source)
		var options Options
		if options, reason = d.certified(t, &a, q); reason == "" {
			found = &Key{Source: a.Source, Options: options}
			if options.Forced && !a.Options.Forced {
				found.Source = "certificate"
			}
		}
	}
	return found, reason
}

// certified decides about a certificate of the authority.
func (d *Decision) certified(t *Table, a *Authority, q Query) (Options, string) {
	asked, reason := demands(q.Certificate)
	if reason == "" {
		reason = d.valid(t, q)
	}
	if reason == "" {
		reason = d.named(a, q.Certificate)
	}
	if reason == "" {
		reason = d.key(a.Key, q)
	}
	if reason == "" && asked.From != nil {
		reason = d.key(&Key{Source: "certificate", Options: Options{From: asked.From}}, q)
	}
	if reason != "" {
		return Options{}, reason
	}
	if !t.keepExpired {
		asked.Expires = lastSecond(q.Certificate)
	}
	return narrow(a.Options, asked)
}

// criticalOptions are those of PROTOCOL.certkeys, all that there are: another
// could say anything, and has the certificate refused.
var criticalOptions = map[string]func(o *Options, value string) error{
	"force-command": func(o *Options, value string) error {
		o.Forced, o.Command = true, value
		return nil
	},
	"source-address": func(o *Options, value string) error {
		var err error
		o.From, err = parseNetworks(value)
		return err
	},
	"verify-required": func(o *Options, _ string) error {
		o.Verify = true
		return nil
	},
}

// demands reads what the certificate asks for. It can only narrow: what isn't
// among its extensions is not permitted.
func demands(c *wire.Certificate) (Options, string) {
	lacks := func(name string) bool { return !slices.Contains(c.Extensions, name) }
	o := Options{
		NoPTY:             lacks("permit-pty"),
		NoForward:         lacks("permit-port-forwarding"),
		NoAgentForwarding: lacks("permit-agent-forwarding"),
		NoX11Forwarding:   lacks("permit-X11-forwarding"),
		NoTouch:           !lacks("no-touch-required"),
	}
	if c.Type != wire.CertificateUser {
		return o, "the certificate is a host's, or of an unknown kind"
	}
	seen := map[string]bool{}
	for _, option := range c.Critical {
		set, known := criticalOptions[option.Name]
		switch {
		case !known:
			return o, fmt.Sprintf("the certificate has the critical option %q, which is unknown here", clip(option.Name))
		case seen[option.Name]:
			return o, fmt.Sprintf("the certificate has the critical option %s twice", option.Name)
		}
		seen[option.Name] = true
		if err := set(&o, option.Value); err != nil {
			return o, fmt.Sprintf("the certificate's %s: %s", option.Name, err)
		}
	}
	return o, ""
}

// valid returns why the certificate isn't good now, or "". Of a login that is let
// in already, and that may outlive its certificate, it is then that counts.
func (d *Decision) valid(t *Table, q Query) string {
	c, at := q.Certificate, q.Now
	if t.keepExpired && !q.Since.IsZero() {
		at = q.Since
	}
	now := uint64(max(at.Unix(), 0))
	d.trace("certificate: valid from %s to %s", moment(c.ValidAfter), moment(c.ValidBefore))
	switch {
	case now < c.ValidAfter:
		return "the certificate is not valid yet"
	case now >= c.ValidBefore:
		return "the certificate has expired"
	}
	return ""
}

// named returns why none of the certificate's principals counts, or "". One
// without principals would be good for everybody (PROTOCOL.certkeys), and is good
// for nobody, as in sshd.
func (d *Decision) named(a *Authority, c *wire.Certificate) string {
	if len(c.Principals) == 0 {
		return "the certificate names no principal"
	}
	for _, p := range c.Principals {
		if p != "" && slices.Contains(a.Principals, p) {
			d.trace("certificate: the principal %q is one of %q", p, a.Principals)
			return ""
		}
	}
	d.trace("certificate: none of its principals is one of %q", a.Principals)
	return "the certificate is for none of the user's principals"
}

// narrow returns what is left when the line of an authority and a certificate of
// it both count.
func narrow(line, asked Options) (Options, string) {
	if line.Forced && asked.Forced && line.Command != asked.Command {
		return Options{}, "the authority's line and the certificate force different commands" // as sshd, which runs neither
	}
	o := line
	o.From, o.Principals = nil, nil // have been looked at
	if asked.Forced {
		o.Forced, o.Command = true, asked.Command
	}
	if o.Expires.IsZero() || !asked.Expires.IsZero() && asked.Expires.Before(o.Expires) {
		o.Expires = asked.Expires
	}
	o.NoPTY = line.NoPTY || asked.NoPTY
	o.NoForward = line.NoForward || asked.NoForward
	o.NoAgentForwarding = line.NoAgentForwarding || asked.NoAgentForwarding
	o.NoX11Forwarding = line.NoX11Forwarding || asked.NoX11Forwarding
	o.Verify = line.Verify || asked.Verify
	o.NoTouch = asked.NoTouch && (line.NoTouch || !line.Authority) // an authority of trusted_ca has no line
	return o, ""
}
