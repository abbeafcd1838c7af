package instance

import (
	"errors"
	"fmt"
	"strings"

	"github.com/jailsh/jailsh/internal/config"
	"github.com/jailsh/jailsh/internal/credential"
	"github.com/jailsh/jailsh/internal/revoked"
	"github.com/jailsh/jailsh/internal/strict"
	"github.com/jailsh/jailsh/users"
)

// Base is what a table of this configuration is checked against, and whom it
// trusts: the files that trusted_ca and revoked_keys name are read. One that can't
// be read, or not in all it says, is a problem: without it, somebody who should be
// kept out would be let in.
func Base(cfg *config.Config) (users.Base, strict.Problems) {
	b := users.Base{Homes: cfg.Homes, TOTP: cfg.TOTP, NetUID: cfg.NetUID, KeepExpired: !cfg.DisconnectExpiredCert}
	var problems strict.Problems
	for _, a := range cfg.TrustedCA {
		keys, found := authorities(cfg.File, a)
		b.Authorities = append(b.Authorities, keys...)
		problems = append(problems, found...)
	}
	if cfg.RevokedKeys != "" {
		src, err := strict.ReadUpTo(cfg.RevokedKeys, revoked.MaxFile)
		if err == nil {
			b.Revoked, err = revoked.Parse(cfg.RevokedKeys, src)
		}
		problems = append(problems, lost(err, "revoked_keys")...)
	}
	return b, problems
}

// lost adds to what is wrong with a file which key of jailsh.toml has named it.
func lost(err error, key string) strict.Problems {
	problems := Problems(err)
	for _, p := range problems {
		p.Key = key
	}
	return problems
}

// authorities reads one of trusted_ca.
func authorities(file string, a config.Authority) (keys []*users.Key, problems strict.Problems) {
	if a.Key != "" {
		k, what, fix := authority(a.Key)
		if what != "" {
			return nil, strict.Problems{{File: file, Line: a.Line, Key: a.Name, What: what, Fix: fix}}
		}
		k.Source = fmt.Sprintf("%s:%d: %s", file, a.Line, a.Name)
		return []*users.Key{k}, nil
	}
	src, err := strict.ReadFile(a.File)
	if err != nil {
		return nil, lost(err, "trusted_ca")
	}
	for n, line := range credential.Lines(src) {
		k, what, fix := authority(line)
		if what != "" {
			problems = append(problems, &strict.Problem{File: a.File, Line: n, Key: "trusted_ca", What: what, Fix: fix})
			if len(problems) == maxProblems {
				break
			}
			continue
		}
		k.Source = fmt.Sprintf("%s:%d", a.File, n)
		keys = append(keys, k)
	}
	if len(keys) == 0 && len(problems) == 0 {
		problems = strict.Problems{{File: a.File, Key: "trusted_ca", What: "has no public key in it", Fix: "put the .pub file of the authority there, or remove its name from trusted_ca"}}
	}
	return keys, problems
}

// maxProblems is how many lines of a file are complained of.
const maxProblems = 20

// authority reads a public key, or says what is wrong and what to do.
func authority(line string) (k *users.Key, what, fix string) {
	k, err := users.ParseKey(line)
	if err == nil && !k.Plain {
		err = errors.New("has options in front of the key, which trusted_ca doesn't know - write the line with cert-authority into keys of a user, or remove the options")
	}
	if err == nil {
		return k, "", ""
	}
	what, fix, _ = strings.Cut(err.Error(), " - ")
	return nil, what, fix
}
