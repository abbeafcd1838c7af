package users

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/jailsh/jailsh/internal/strict"
	"github.com/jailsh/jailsh/internal/wire"
)

// maxPermit is the length of the longest pattern of forwards, in bytes. A path of
// a unix socket has 107 (unix(7)).
const maxPermit = 128

// anywhere permits every forward: "any" of PermitOpen and PermitListen in
// sshd_config(5).
func anywhere() []wire.Permit { return []wire.Permit{{Host: "*"}, {Path: "*"}} }

// parsePermit reads one pattern: host:port, [address]:port or the path of a unix
// socket, with * and ? as wildcards and * for any port. Where something listens,
// the port may stand alone (PermitListen).
func parsePermit(s string, listen bool) (wire.Permit, error) {
	bad := fmt.Errorf(`%q is no pattern of forwards - write it like "localhost:8080", "[::1]:*" or "/run/app.sock"`, clip(s))
	if len(s) > maxPermit || strings.ContainsAny(s, " \t\x00") {
		return wire.Permit{}, bad
	}
	if strings.HasPrefix(s, "/") {
		return wire.Permit{Path: s}, nil
	}
	host, port, both := "*", s, false
	if i := strings.LastIndexByte(s, ':'); i >= 0 {
		host, port, both = s[:i], s[i+1:], true
	}
	if !both && !listen {
		return wire.Permit{}, bad
	}
	if address, ok := strings.CutPrefix(host, "["); ok {
		address, ok = strings.CutSuffix(address, "]")
		if _, err := netip.ParseAddr(address); !ok || err != nil && !strings.ContainsAny(address, "*?") {
			return wire.Permit{}, bad
		}
		host = address
	} else if strings.ContainsAny(host, ":[]") {
		return wire.Permit{}, fmt.Errorf(`%q has an address without brackets - write it like "[::1]:8080"`, clip(s))
	}
	if host == "" {
		return wire.Permit{}, bad
	}
	p := wire.Permit{Host: host}
	if port != "*" {
		n, err := strconv.ParseUint(port, 10, 16)
		if err != nil || n == 0 {
			return wire.Permit{}, fmt.Errorf(`%q has no port - name one from 1 to 65535, or * for any`, clip(s))
		}
		p.Port = uint32(n)
	}
	return p, nil
}

// readPermits reads the list of local_forward or remote_forward. The empty list
// permits nothing, and so does "none".
func readPermits(listen bool) func(v *strict.Value) ([]wire.Permit, bool) {
	return func(v *strict.Value) ([]wire.Permit, bool) {
		list, ok := v.List(wire.MaxPermits - 1) // "any" is two
		if !ok {
			return nil, false
		}
		permits := []wire.Permit{}
		for _, e := range list {
			s, ok := e.Text(maxPermit)
			switch {
			case !ok:
			case s == "any":
				permits = append(permits, anywhere()...)
			case s == "none":
				if len(list) > 1 {
					e.Bad(`"none" stands beside others`, "remove it, or the others")
				}
			default:
				p, err := parsePermit(s, listen)
				if err != nil {
					e.Bad(splitFix(err))
					continue
				}
				permits = append(permits, p)
			}
		}
		return permits[:min(len(permits), wire.MaxPermits)], true
	}
}

// setPermit adds a pattern of permitopen or permitlisten. The first one ends that
// everything is permitted.
func setPermit(to func(*Options) *[]wire.Permit, listen bool) func(*Options, bool, string) error {
	return func(o *Options, _ bool, value string) error {
		p, err := parsePermit(value, listen)
		switch list := to(o); {
		case err != nil:
			return err
		case len(*list) >= wire.MaxPermits:
			return errors.New("given too often - shorten the list")
		default:
			*list = append(*list, p)
		}
		return nil
	}
}

// forwards is what a key lets through.
func (o *Options) forwards(permits []wire.Permit) []wire.Permit {
	switch {
	case o.NoForward:
		return nil
	case permits == nil:
		return anywhere()
	}
	return permits
}

// forwards is what a user may forward where users.toml doesn't say. With the
// host's network that is nothing: it would lead to all that listens on the host's
// loopback, past a forced command too.
func (u *User) forwards(permits []wire.Permit) []wire.Permit {
	switch {
	case permits != nil:
		return permits
	case u.Network == NetworkHost:
		return nil
	}
	return anywhere()
}

// permitsText is a list for the trace.
func permitsText(p wire.Permits) string {
	if len(p.User) == 0 || len(p.Key) == 0 {
		return "none"
	}
	text := listText(p.User)
	if key := listText(p.Key); key != "any" {
		text += " and by the key " + key
	}
	return text
}

func listText(permits []wire.Permit) string {
	var all []string
	for _, p := range permits {
		switch {
		case p.Path == "*":
		case p.Path != "":
			all = append(all, p.Path)
		case p.Host == "*" && p.Port == 0:
			return "any"
		default:
			all = append(all, permitText(p))
		}
	}
	return strings.Join(all, " ")
}

func permitText(p wire.Permit) string {
	host, port := p.Host, "*"
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if p.Port != 0 {
		port = strconv.FormatUint(uint64(p.Port), 10)
	}
	return host + ":" + port
}
