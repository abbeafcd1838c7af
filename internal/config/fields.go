package config

import (
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net"
	"net/netip"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/jailsh/jailsh/internal/credential"
	"github.com/jailsh/jailsh/internal/strict"
	"github.com/jailsh/jailsh/internal/wire"
)

// fields is the list of keys that jailsh.toml may have. Relative paths count
// from dir.
func (c *Config) fields(dir string) []strict.Field {
	return []strict.Field{
		{Name: "listen", Read: func(v *strict.Value) { addresses(v, &c.Listen) }},
		{Name: "host_keys", Read: func(v *strict.Value) { paths(v, dir, &c.HostKeys) }},
		{Name: "host_certificates", Read: func(v *strict.Value) { certificates(v, dir, &c.HostCertificates) }},
		{Name: "users", Read: path(dir, &c.Users)},
		{Name: "homes", Read: path(dir, &c.Homes)},
		{Name: "templates", Read: path(dir, &c.Templates)},
		{Name: "totp", Read: path(dir, &c.TOTP)},
		{Name: "run_dir", Read: path(dir, &c.RunDir)},
		{Name: "logs", Read: path(dir, &c.Logs)},
		{Name: "net_uid", Read: func(v *strict.Value) {
			if n, ok := v.Int(1, 65533); ok {
				c.NetUID = uint32(n)
			}
		}},
		{Name: "login_grace", Read: duration(&c.LoginGrace, time.Second, time.Hour)},
		{Name: "max_auth_tries", Read: number(&c.MaxAuthTries, 1, 100)},
		{Name: "max_startups", Read: func(v *strict.Value) { startups(v, &c.MaxStartups) }},
		{Name: "max_startups_per_source", Read: number(&c.MaxStartupsPerSource, 1, 10000)},
		{Name: "per_source_net_block_size", Read: func(v *strict.Value) { blockSize(v, &c.Sources) }},
		{Name: "per_source_penalties", Read: func(v *strict.Value) { penalties(v, &c.Sources.Penalties) }},
		{Name: "per_source_penalty_exempt_list", Read: func(v *strict.Value) { networks(v, &c.Sources.Penalties.Exempt) }},
		{Name: "proxy_protocol_from", Read: func(v *strict.Value) { proxies(v, &c.Sources.Proxies) }},
		{Name: "rekey_limit", Read: func(v *strict.Value) {
			if v.Is("default") {
				c.RekeyLimit = 0
			} else if n, ok := v.Size(16, 1<<40); ok {
				c.RekeyLimit = n
			}
		}},
		{Name: "rekey_interval", Read: duration(&c.RekeyInterval, 0, 7*24*time.Hour)},
		{Name: "client_alive_interval", Read: duration(&c.AliveInterval, 0, 24*time.Hour)},
		{Name: "client_alive_count_max", Read: number(&c.AliveCountMax, 1, 1000)},
		{Name: "max_connections_per_source", Read: number(&c.ConnectionsPerSource, 1, 100000)},
		{Name: "max_channels", Read: number(&c.MaxChannels, 1, 10000)},
		{Name: "max_sessions", Read: number(&c.MaxSessions, 1, 1000)},
		{Name: "trusted_ca", Read: func(v *strict.Value) { authorities(v, dir, &c.TrustedCA) }},
		{Name: "disconnect_expired_cert", Read: flag(&c.DisconnectExpiredCert)},
		{Name: "revoked_keys", Read: optionalPath(dir, &c.RevokedKeys)},
		{Name: "pubkey_algorithms", Read: func(v *strict.Value) { algorithms(v, &c.PublicKeys.Algorithms) }},
		{Name: "required_rsa_size", Read: number(&c.PublicKeys.RSABits, credential.MinRSABits, credential.MaxRSABits)},
		{Name: "egress_addresses", Read: func(v *strict.Value) { pools(v, &c.Egress.Addresses) }},
		{Name: "egress_deny", Read: func(v *strict.Value) { networks(v, &c.Egress.Deny) }},
		{Name: "egress_dns", Read: func(v *strict.Value) { servers(v, &c.Egress.DNS) }},
		{Name: "record_format", Read: func(v *strict.Value) { format(v, &c.Recordings.Version) }},
		{Name: "record_input", Read: flag(&c.Recordings.Input)},
		{Name: "record_max_file", Read: func(v *strict.Value) {
			if n, ok := v.Size(1<<20, 1<<40); ok {
				c.Recordings.MaxFile = n
			}
		}},
		{Name: "record_max_size", Read: func(v *strict.Value) { unlimitedSize(v, &c.Recordings.MaxSize) }},
		{Name: "record_max_age", Read: duration(&c.Recordings.MaxAge, 0, 100*365*24*time.Hour)},
		{Name: "share_address", Read: func(v *strict.Value) { reachable(v, &c.ShareAddress) }},
		{Name: "watch", Read: func(v *strict.Value) { watch(v, &c.Watch) }},
		{Name: "banner", Read: func(v *strict.Value) {
			if s, ok := v.Text(wire.MaxBanner); ok {
				c.Banner = s
			}
		}},
		{Name: "log_level", Read: func(v *strict.Value) { level(v, &c.LogLevel) }},

		{Name: "web"},
		{Name: "metrics"},
	}
}

func number(to *int, min, max int64) func(*strict.Value) {
	return func(v *strict.Value) {
		if n, ok := v.Int(min, max); ok {
			*to = int(n)
		}
	}
}

func flag(to *bool) func(*strict.Value) {
	return func(v *strict.Value) {
		if b, ok := v.Bool(); ok {
			*to = b
		}
	}
}

func duration(to *time.Duration, min, max time.Duration) func(*strict.Value) {
	return func(v *strict.Value) {
		if d, ok := v.Duration(min, max); ok {
			*to = d
		}
	}
}

func path(dir string, to *string) func(*strict.Value) {
	return func(v *strict.Value) {
		s, ok := v.Text(wire.MaxPath)
		if !ok {
			return
		}
		if s == "" {
			v.Bad("is empty", "name a file or a folder")
			return
		}
		if !filepath.IsAbs(s) {
			s = filepath.Join(dir, s)
		}
		*to = filepath.Clean(s)
	}
}

// optionalPath is path, and "" names none.
func optionalPath(dir string, to *string) func(*strict.Value) {
	return func(v *strict.Value) {
		switch s, ok := v.Text(wire.MaxPath); {
		case !ok:
		case s == "":
			*to = ""
		default:
			path(dir, to)(v)
		}
	}
}

// paths reads a list of at least one path.
func paths(v *strict.Value, dir string, to *[]string) {
	list, ok := v.List(wire.MaxFiles)
	if !ok {
		return
	}
	if len(list) == 0 {
		v.Bad("is empty", "list at least one")
		return
	}
	seen := map[string]int{}
	*to = nil
	for _, e := range list {
		var p string
		path(dir, &p)(e)
		if first, twice := seen[p]; twice && p != "" {
			e.Bad(fmt.Sprintf("%q is on line %d already", p, first), "remove one of them")
			continue
		}
		seen[p] = e.Line()
		*to = append(*to, p)
	}
}

// addresses reads a list of at least one host:port.
func addresses(v *strict.Value, to *[]string) {
	list, ok := v.List(wire.MaxFiles)
	if !ok {
		return
	}
	if len(list) == 0 {
		v.Bad("is empty: nobody could connect", `list at least one, like "127.0.0.1:2222"`)
		return
	}
	seen := map[string]int{}
	*to = nil
	for _, e := range list {
		s, ok := e.Text(wire.MaxName)
		if !ok {
			continue
		}
		if why := badAddress(s); why != "" {
			e.Bad(fmt.Sprintf("%q is no address: %s", s, why), `write host:port, like "127.0.0.1:2222" or "[::]:22"`)
			continue
		}
		if first, twice := seen[s]; twice {
			e.Bad(fmt.Sprintf("%q is on line %d already", s, first), "remove one of them")
			continue
		}
		seen[s] = e.Line()
		*to = append(*to, s)
	}
}

// badAddress returns why s is no host:port, or "". A host name is looked up when
// jailshd starts.
func badAddress(s string) string {
	host, port, err := net.SplitHostPort(s)
	if ae := (*net.AddrError)(nil); errors.As(err, &ae) {
		return ae.Err
	}
	if _, err := netip.ParseAddr(host); err != nil && !hostForm.MatchString(host) {
		return fmt.Sprintf("%q is neither an IP address nor a host name", host)
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil {
		return fmt.Sprintf("port %q is not a number from 0 to %d", port, math.MaxUint16)
	} else if strconv.FormatUint(n, 10) != port {
		return fmt.Sprintf("port %q is written in an unusual way", port)
	}
	return ""
}

// hostForm is a host name, or nothing: every address of the host.
var hostForm = regexp.MustCompile(`^([A-Za-z0-9_]([A-Za-z0-9_.-]{0,252}))?$`)

// reachable reads a host:port that others connect to; "" names none.
func reachable(v *strict.Value, to *string) {
	s, ok := v.Text(wire.MaxName)
	if !ok {
		return
	}
	if s != "" {
		host, port, _ := net.SplitHostPort(s)
		why := badAddress(s)
		switch {
		case why != "":
		case host == "":
			why = "the host is missing"
		case port == "0":
			why = "port 0 is none"
		}
		if why != "" {
			v.Bad(fmt.Sprintf("%q is no address: %s", s, why), `write host:port, like "jump.example.org:2222"`)
			return
		}
	}
	*to = s
}

// startups reads start:rate:full, or a number N, which is N:100:N.
func startups(v *strict.Value, to *Startups) {
	s, ok := v.Text(wire.MaxName)
	if !ok {
		return
	}
	m := startupsForm.FindStringSubmatch(s)
	if m == nil {
		v.Bad(fmt.Sprintf("%q is not start:rate:full", s), `write it like "100:30:400"`)
		return
	}
	var n Startups
	n.Begin, _ = strconv.Atoi(m[1])
	n.Rate, _ = strconv.Atoi(m[2])
	n.Full, _ = strconv.Atoi(m[3])
	switch {
	case n.Begin < 1 || n.Full < n.Begin || n.Full > 100000:
		v.Bad(fmt.Sprintf("%q is out of range", s), "choose 1 <= start <= full <= 100000")
	case n.Rate < 1 || n.Rate > 100:
		v.Bad(fmt.Sprintf("%q is out of range: the rate is in percent", s), "choose a rate from 1 to 100")
	default:
		*to = n
	}
}

var startupsForm = regexp.MustCompile(`^([0-9]{1,6}):([0-9]{1,3}):([0-9]{1,6})$`)

func level(v *strict.Value, to *slog.Level) {
	s, ok := v.Text(wire.MaxName)
	if !ok {
		return
	}
	levels := map[string]slog.Level{"debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError}
	l, ok := levels[s]
	if !ok {
		v.Bad(fmt.Sprintf("%q is no log level", s), "choose one of "+strings.Join([]string{"debug", "info", "warn", "error"}, ", "))
		return
	}
	*to = l
}
