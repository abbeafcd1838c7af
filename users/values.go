package users

import (
	"fmt"
	"net/netip"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jailsh/jailsh/internal/environ"
	"github.com/jailsh/jailsh/internal/strict"
	"github.com/jailsh/jailsh/internal/wire"
)

const (
	// maxLinger is the longest linger. A cell that should stay needs a process in it.
	maxLinger = 30 * 24 * time.Hour

	// maxAttachTTL is the longest attach_ttl, and defaultAttachTTL brings whoever went
	// home in the evening back to her work in the morning.
	maxAttachTTL     = 30 * 24 * time.Hour
	defaultAttachTTL = 24 * time.Hour
)

func readTemplate(v *strict.Value) (string, bool) {
	s, ok := v.Text(64)
	if ok && badName(s) != "" {
		v.Bad(fmt.Sprintf("%q is no name for a template: %s", s, badName(s)), "see the names with: jailsh template list")
		return "", false
	}
	return s, ok
}

func readShell(v *strict.Value) (string, bool) {
	s, ok := v.Text(wire.MaxPath)
	if ok && (!path.IsAbs(s) || path.Clean(s) != s || s == "/") {
		v.Bad(fmt.Sprintf("%q is no path of a program in the jail", s), `write it from the root, like "/bin/bash"`)
		return "", false
	}
	return s, ok
}

// readHostname reads a host name of RFC 1123: labels of letters, digits and
// hyphens; 64 bytes are the kernel's limit (HOST_NAME_MAX).
func readHostname(v *strict.Value) (string, bool) {
	s, ok := v.Text(64)
	if !ok {
		return "", false
	}
	for label := range strings.SplitSeq(s, ".") {
		good := label != "" && len(label) <= 63 && label[0] != '-' && label[len(label)-1] != '-'
		for _, c := range []byte(label) {
			good = good && (c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-')
		}
		if !good {
			v.Bad(fmt.Sprintf("%q is no host name", s), "use letters, digits and hyphens, in parts between dots")
			return "", false
		}
	}
	return s, true
}

// readUmask reads octal digits in a string: TOML has no numbers with a leading
// zero, and 22 without one would silently be something else.
func readUmask(v *strict.Value) (uint32, bool) {
	s, ok := v.Text(8)
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseUint(s, 8, 32)
	if err != nil || n > 0o777 || len(s) < 3 || len(s) > 4 {
		v.Bad(fmt.Sprintf("%q is no umask", s), `write three octal digits in quotes, like "022"`)
		return 0, false
	}
	return uint32(n), true
}

func readNetwork(v *strict.Value) (string, bool) {
	s, ok := v.Text(maxName)
	if !ok {
		return "", false
	}
	switch s {
	case NetworkPrivate, NetworkEgress, NetworkHost:
		return s, true
	default:
		v.Bad(fmt.Sprintf("%q is no kind of network", s), `use "private", "egress" or "host"`)
	}
	return "", false
}

func readLinger(v *strict.Value) (time.Duration, bool) { return v.Duration(0, maxLinger) }

func setLinger(u *User, d time.Duration) { u.Linger = d }

func readAttachTTL(v *strict.Value) (time.Duration, bool) { return v.Duration(0, maxAttachTTL) }

func setAttachTTL(u *User, d time.Duration) { u.AttachTTL = d }

func setExpires(u *User, t time.Time) { u.Expires = t }

// reserved are the variables that the jail sets for each session.
var reserved = [...]string{"HOME", "USER", "LOGNAME", "SHELL", "SSH_*", "JAILSH*"}

// Half of what a message carries: the jail and the session add their own.
const (
	maxEnv    = wire.MaxEnv / 2
	maxEnvAll = wire.MaxEnvAll / 2
)

// readEnv reads {NAME = "value"}.
func readEnv(v *strict.Value) ([]string, bool) {
	keys, ok := v.Keys(maxEnv)
	if !ok {
		return nil, false
	}
	var env []string
	total := 0
	for _, k := range keys {
		if !environ.ValidName(k.Name()) {
			k.Bad(fmt.Sprintf("%q is no name for a variable", k.Name()), "use letters, digits and _")
			continue
		}
		if slices.ContainsFunc(reserved[:], func(p string) bool { return environ.Match(p, k.Name()) }) {
			k.Bad("is set by jailsh itself", "remove it")
			continue
		}
		if s, ok := k.Text(wire.MaxEnvLen - len(k.Name()) - 1); ok {
			env = append(env, k.Name()+"="+s)
			total += len(env[len(env)-1])
		}
	}
	if total > maxEnvAll {
		v.Bad(fmt.Sprintf("has %d bytes, more than the %d allowed", total, maxEnvAll), "shorten it")
		return nil, false
	}
	return env, true
}

// addEnv adds variables to those of the layers above; one of the same name is
// replaced.
func addEnv(u *User, env []string) {
	merged := slices.Clone(u.Env)
	for _, e := range env {
		name, _, _ := strings.Cut(e, "=")
		i := slices.IndexFunc(merged, func(o string) bool { return strings.HasPrefix(o, name+"=") })
		if i >= 0 {
			merged[i] = e
		} else {
			merged = append(merged, e)
		}
	}
	u.Env = merged
}

// addGroups adds groups to those of the layers above; one of the same name is
// replaced.
func addGroups(u *User, groups []wire.Group) {
	merged := slices.Clone(u.Groups)
	for _, g := range groups {
		i := slices.IndexFunc(merged, func(o wire.Group) bool { return o.Name == g.Name })
		if i >= 0 {
			merged[i] = g
		} else {
			merged = append(merged, g)
		}
	}
	u.Groups = merged
}

// maxPattern is the length of the longest pattern, which is that of a name.
const maxPattern = 128

func readAcceptEnv(v *strict.Value) ([]string, bool) {
	list, ok := v.List(maxEnv)
	if !ok {
		return nil, false
	}
	patterns := []string{}
	for _, e := range list {
		s, ok := e.Text(maxPattern)
		if !ok {
			continue
		}
		if !environ.ValidName(strings.NewReplacer("*", "_", "?", "_").Replace(s)) {
			e.Bad(fmt.Sprintf("%q is no pattern of names", s), `use letters, digits, _ and the wildcards * and ?, like "LC_*"`)
			continue
		}
		if environ.Never(s) {
			e.Bad(fmt.Sprintf("%q is never accepted: it could make a program run something else", s), "remove it")
			continue
		}
		patterns = append(patterns, s)
	}
	return patterns, true
}

// readFrom reads a list of networks.
func readFrom(v *strict.Value) ([]netip.Prefix, bool) {
	list, ok := v.List(256)
	if !ok {
		return nil, false
	}
	if len(list) == 0 {
		v.Bad("is empty: nobody could log in", "list networks, or remove the key, or set disabled = true")
		return nil, false
	}
	var nets []netip.Prefix
	for _, e := range list {
		s, ok := e.Text(wire.MaxName)
		if !ok {
			continue
		}
		p, why, fix := parseNetwork(s)
		if why != "" {
			e.Bad(why, fix)
			continue
		}
		nets = append(nets, p)
	}
	return nets, true
}

func setFrom(u *User, nets []netip.Prefix) { u.From = nets }
