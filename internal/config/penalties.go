package config

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/jailsh/jailsh/internal/strict"
	"github.com/jailsh/jailsh/internal/wire"
)

// Sources is what is counted and refused by source before a login, as
// sshd_config(5) has it.
type Sources struct {
	Bits4, Bits6 int // PerSourceNetBlockSize: of an address, those that make a source
	Penalties    wire.Penalties
	Proxies      []netip.Prefix // whence a PROXY header comes first, and is believed
}

// sourcesDefaults are those of OpenSSH, but for IPv6: there one person has a network
// of 64 bits.
func sourcesDefaults() Sources {
	return Sources{
		Bits4: 32, Bits6: 64,
		Penalties: wire.Penalties{
			Crash: 90 * time.Second, AuthFail: 5 * time.Second, NoAuth: time.Second, GraceExceeded: 10 * time.Second,
			Min: 15 * time.Second, Max: 10 * time.Minute, MaxSources4: 65536, MaxSources6: 65536,
			Exempt: []netip.Prefix{},
		},
		Proxies: []netip.Prefix{},
	}
}

// maxPenalty is the longest time that can be set.
const maxPenalty = 24 * time.Hour

// penalties reads per_source_penalties: "no", or a table.
func penalties(v *strict.Value, to *wire.Penalties) {
	if v.Is("no") {
		*to = wire.Penalties{Exempt: to.Exempt}
		return
	}
	if _, text := v.Cut(""); text {
		v.Bad(`is a string, must be "no" or a table`, `write "no" to switch penalties off, or remove the key`)
		return
	}
	count := func(to *uint32) func(*strict.Value) {
		return func(v *strict.Value) {
			if n, ok := v.Int(1, 1<<20); ok {
				*to = uint32(n)
			}
		}
	}
	v.Fields([]strict.Field{
		{Name: "crash", Read: duration(&to.Crash, 0, maxPenalty)},
		{Name: "authfail", Read: duration(&to.AuthFail, 0, maxPenalty)},
		{Name: "noauth", Read: duration(&to.NoAuth, 0, maxPenalty)},
		{Name: "grace_exceeded", Read: duration(&to.GraceExceeded, 0, maxPenalty)},
		{Name: "min", Read: duration(&to.Min, 0, maxPenalty)},
		{Name: "max", Read: duration(&to.Max, time.Second, maxPenalty)},
		{Name: "max_sources4", Read: count(&to.MaxSources4)},
		{Name: "max_sources6", Read: count(&to.MaxSources6)},
		{Name: "overflow", Read: func(v *strict.Value) { overflow(v, &to.DenyAll4) }},
		{Name: "overflow6", Read: func(v *strict.Value) { overflow(v, &to.DenyAll6) }},
	})
	if v.Child("overflow6") == nil {
		to.DenyAll6 = to.DenyAll4
	}
	if to.Min > to.Max {
		v.Bad(fmt.Sprintf("min is %s, more than max, %s: nobody would be refused", to.Min, to.Max), `lower min, raise max, or write "no"`)
	}
}

func overflow(v *strict.Value, denyAll *bool) {
	s, ok := v.Text(wire.MaxName)
	switch {
	case !ok:
	case s == "permissive", s == "deny-all":
		*denyAll = s == "deny-all"
	default:
		v.Bad(fmt.Sprintf("%q is no way to go on when there are too many", s), `use "permissive" or "deny-all"`)
	}
}

// blockSize reads per_source_net_block_size, bits of IPv4:bits of IPv6.
func blockSize(v *strict.Value, to *Sources) {
	s, ok := v.Text(wire.MaxName)
	if !ok {
		return
	}
	var four, six int
	if n, err := fmt.Sscanf(s, "%d:%d", &four, &six); err != nil || n != 2 || fmt.Sprintf("%d:%d", four, six) != s {
		v.Bad(fmt.Sprintf("%q is not ipv4:ipv6", s), `write two numbers of bits, like "32:64"`)
		return
	}
	if four < 8 || four > 32 || six < 16 || six > 128 {
		v.Bad(fmt.Sprintf("%q is out of range", s), `choose from "8:16" to "32:128"`)
		return
	}
	to.Bits4, to.Bits6 = four, six
}

// proxies reads proxy_protocol_from.
func proxies(v *strict.Value, to *[]netip.Prefix) {
	found := []netip.Prefix{}
	networks(v, &found)
	for _, n := range found {
		if n.Bits() == 0 {
			v.Bad(fmt.Sprintf("%q is everybody: whoever connects could say that he comes from anywhere", n), "name the addresses of your proxies")
			return
		}
	}
	*to = found
}
