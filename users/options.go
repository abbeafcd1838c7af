package users

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jailsh/jailsh/internal/environ"
	"github.com/jailsh/jailsh/internal/wire"
	"github.com/jailsh/jailsh/sftp/options"
)

// Options is what the options of a key line ask for.
type Options struct {
	From    *Addresses // nil: from anywhere
	Expires time.Time  // zero: never
	Forced  bool
	Command string // the forced command
	Env     []string
	NoPTY   bool
	NoTouch bool // sk keys: a signature without touch is good

	NoForward                          bool
	NoAgentForwarding, NoX11Forwarding bool
	PermitOpen, PermitListen           []wire.Permit // empty: everything
	Verify                             bool          // sk keys: the signature must say that the device knew its user, by a PIN or a finger

	Authority  bool     // the line isn't a key to log in with, but one that signs certificates
	Principals []string // of an authority's certificates, one must be among these; nil: the user's name
}

// optionsEnd returns where the options at the start of line end: at the first
// blank outside quotes, in which \" stands for a quote.
func optionsEnd(line string) (int, error) {
	quoted := false
	i := 0
	for ; i < len(line) && (quoted || line[i] != ' ' && line[i] != '\t'); i++ {
		switch {
		case line[i] == '\\' && i+1 < len(line) && line[i+1] == '"':
			i++
		case line[i] == '"':
			quoted = !quoted
		}
	}
	if quoted {
		return 0, errors.New("a quote in the options is not closed - add the missing \"")
	}
	return i, nil
}

// option is one key option. A flag has no value; only some may be negated by
// no-, and set gets whether it was.
type option struct {
	name   string
	flag   bool
	negate bool
	set    func(o *Options, on bool, value string) error
}

// optionTable has every option of sshd(8). Names are compared without regard to
// case, as sshd does.
var optionTable = [...]option{
	{name: "restrict", flag: true, set: func(o *Options, _ bool, _ string) error {
		o.NoPTY, o.NoForward, o.NoAgentForwarding, o.NoX11Forwarding = true, true, true, true
		return nil
	}},
	{name: "pty", flag: true, negate: true, set: func(o *Options, on bool, _ string) error { o.NoPTY = !on; return nil }},
	{name: "touch-required", flag: true, negate: true, set: func(o *Options, on bool, _ string) error { o.NoTouch = !on; return nil }},
	{name: "port-forwarding", flag: true, negate: true, set: func(o *Options, on bool, _ string) error { o.NoForward = !on; return nil }},
	{name: "agent-forwarding", flag: true, negate: true, set: func(o *Options, on bool, _ string) error { o.NoAgentForwarding = !on; return nil }},
	{name: "x11-forwarding", flag: true, negate: true, set: func(o *Options, on bool, _ string) error { o.NoX11Forwarding = !on; return nil }},
	{name: "user-rc", flag: true, negate: true, set: onlyOff("~/.ssh/rc is not run here")},
	{name: "verify-required", flag: true, negate: true, set: func(o *Options, on bool, _ string) error { o.Verify = on; return nil }},
	{name: "cert-authority", flag: true, set: func(o *Options, _ bool, _ string) error { o.Authority = true; return nil }},
	{name: "from", set: setKeyFrom},
	{name: "expiry-time", set: setKeyExpiry},
	{name: "command", set: setKeyCommand},
	{name: "environment", set: setKeyEnvironment},
	{name: "principals", set: setKeyPrincipals},
	{name: "permitopen", set: setPermit(func(o *Options) *[]wire.Permit { return &o.PermitOpen }, false)},
	{name: "permitlisten", set: setPermit(func(o *Options) *[]wire.Permit { return &o.PermitListen }, true)},
	{name: "tunnel", set: refuse("not supported: jails have no tun devices")},
}

func refuse(why string) func(*Options, bool, string) error {
	return func(*Options, bool, string) error { return errors.New(why + " - remove the option") }
}

func onlyOff(why string) func(*Options, bool, string) error {
	return func(_ *Options, on bool, _ string) error {
		if on {
			return errors.New(why + " - remove the option")
		}
		return nil
	}
}

// parseOptions reads the comma-separated options before a key.
func parseOptions(s string) (Options, error) {
	var o Options
	rest := s
	for {
		opt, on, value, after, err := nextOption(rest)
		if err != nil {
			return o, err
		}
		if err := opt.set(&o, on, value); err != nil {
			return o, fmt.Errorf("option %s: %w", opt.name, err)
		}
		if after == "" {
			return o, nil
		}
		if after[0] != ',' {
			return o, fmt.Errorf("option %s: %q follows it - separate options with a comma", opt.name, clip(after))
		}
		if rest = after[1:]; rest == "" {
			return o, errors.New("the options end with a comma - remove it")
		}
	}
}

// nextOption reads the option that s starts with.
func nextOption(s string) (opt *option, on bool, value, rest string, err error) {
	end := strings.IndexAny(s, `,=" `+"\t")
	if end < 0 {
		end = len(s)
	}
	word := strings.ToLower(s[:end])
	name, negated := strings.CutPrefix(word, "no-")
	for _, o := range optionTable {
		switch {
		case o.flag && (word == o.name || o.negate && negated && name == o.name):
			return &o, word == o.name, "", s[end:], nil
		case !o.flag && word == o.name:
			if end == len(s) || s[end] != '=' {
				return nil, false, "", "", fmt.Errorf(`option %s has no value - write %s="..."`, o.name, o.name)
			}
			value, rest, err = dequote(s[end+1:])
			if err != nil {
				err = fmt.Errorf("option %s: %w", o.name, err)
			}
			return &o, true, value, rest, err
		}
	}
	if strings.HasPrefix(s, "AAAA") {
		return nil, false, "", "", errors.New("the type in front of the key is missing - paste the whole line of the .pub file")
	}
	return nil, false, "", "", fmt.Errorf("%q is neither a key type nor an option - see AUTHORIZED_KEYS FILE FORMAT in man 8 sshd", clip(s[:end]))
}

// dequote reads a value in quotes, in which \" stands for a quote and any other
// backslash for itself.
func dequote(s string) (value, rest string, err error) {
	if s == "" || s[0] != '"' {
		return "", "", errors.New(`the value is not in quotes - write it as "..."`)
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '"':
			return b.String(), s[i+1:], nil
		case s[i] == '\\' && i+1 < len(s) && s[i+1] == '"':
			i++
		}
		b.WriteByte(s[i])
	}
	return "", "", errors.New(`the value has no closing quote - add the missing "`)
}

func setKeyFrom(o *Options, _ bool, value string) error {
	if o.From != nil {
		return errors.New("given twice - join the two with a comma")
	}
	a, err := parseAddresses(value)
	o.From = a
	return err
}

// setKeyExpiry keeps the earliest of several times, as sshd does.
func setKeyExpiry(o *Options, _ bool, value string) error {
	t, err := parseExpiry(value, time.Local)
	if err != nil {
		return err
	}
	if o.Expires.IsZero() || t.Before(o.Expires) {
		o.Expires = t
	}
	return nil
}

func setKeyCommand(o *Options, _ bool, value string) error {
	if o.Forced {
		return errors.New("given twice - remove one of them")
	}
	if _, _, err := options.Command(value); err != nil {
		return fmt.Errorf("%s: %w", options.Internal, err)
	}
	o.Forced, o.Command = true, value
	return nil
}

// setKeyPrincipals takes names with commas between them.
func setKeyPrincipals(o *Options, _ bool, value string) error {
	if o.Principals != nil {
		return errors.New("given twice - join the two with a comma")
	}
	for name := range strings.SplitSeq(value, ",") {
		if why := badPrincipal(name); why != "" {
			return fmt.Errorf("%q %s", clip(name), why)
		}
		o.Principals = append(o.Principals, name)
	}
	if len(o.Principals) > wire.MaxPrincipals {
		return fmt.Errorf("has more than the %d principals allowed - shorten it", wire.MaxPrincipals)
	}
	return nil
}

// setKeyEnvironment takes NAME=value. Names that could lead out of a forced
// command are refused: the file of the line may be the user's own.
func setKeyEnvironment(o *Options, _ bool, value string) error {
	name, val, ok := strings.Cut(value, "=")
	switch {
	case !ok || !environ.ValidName(name):
		return fmt.Errorf("%q is not NAME=value - write environment=\"NAME=value\"", clip(value))
	case environ.Never(name) || !environ.ValidValue(val):
		return fmt.Errorf("%s could make a program run something else - put it into the user's env", name)
	case len(value) > wire.MaxEnvLen || len(o.Env) >= maxEnv:
		return errors.New("too much environment - shorten it")
	}
	for _, e := range o.Env {
		if strings.HasPrefix(e, name+"=") {
			return nil // the first one counts, as in sshd
		}
	}
	o.Env = append(o.Env, value)
	return nil
}
