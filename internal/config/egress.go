package config

import (
	"fmt"
	"net/netip"

	"github.com/jailsh/jailsh/internal/strict"
	"github.com/jailsh/jailsh/internal/wire"
)

// Egress is what holds for every user with network = "egress".
type Egress struct {
	Addresses []netip.Prefix // an IPv4 network for the cells, and an IPv6 one or none
	Deny      []netip.Prefix // where no cell may go
	DNS       []netip.Addr   // name servers of the cells; none: those of the host
}

// maxDeny is how many networks may be denied: each packet is compared with all.
const maxDeny = 256

// How many addresses a pool has: /30 is two cells; and what is larger than these
// is more than there can be cells.
const (
	largestPool4, smallestPool4 = 8, 30
	largestPool6, smallestPool6 = 32, 126
)

// egressDefaults leave out everything that isn't the world's: what is private,
// local to a link, to a provider, or to a test (RFC 6890 and IANA's registries of
// special-purpose addresses), the cloud's metadata at 169.254.169.254, and the
// networks whose addresses have an IPv4 address in them, which could be any of
// these (RFC 6052, RFC 3056).
func egressDefaults() Egress {
	e := Egress{Addresses: []netip.Prefix{netip.MustParsePrefix("100.127.0.0/16")}}
	for _, n := range []string{
		"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
		"192.0.0.0/24", "192.168.0.0/16", "198.18.0.0/15", "224.0.0.0/4", "240.0.0.0/4",
		"::/8", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2002::/16", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8",
	} {
		e.Deny = append(e.Deny, netip.MustParsePrefix(n))
	}
	return e
}

// pools reads egress_addresses.
func pools(v *strict.Value, to *[]netip.Prefix) {
	list, ok := v.List(wire.MaxAddresses)
	if !ok {
		return
	}
	var found []netip.Prefix
	for _, e := range list {
		n, ok := network(e)
		if !ok {
			continue
		}
		largest, smallest := largestPool4, smallestPool4
		if n.Addr().Is6() {
			largest, smallest = largestPool6, smallestPool6
		}
		if n.Bits() < largest || n.Bits() > smallest {
			e.Bad(fmt.Sprintf("%q has a length that is out of range", n), fmt.Sprintf("choose one from /%d to /%d; a cell takes two addresses", largest, smallest))
			continue
		}
		found = append(found, n)
	}
	switch {
	case len(found) < len(list):
		return // told already
	case len(found) == 0 || !found[0].Addr().Is4():
		v.Bad("has no IPv4 network in the first place", `write it like ["100.127.0.0/16"], or with an IPv6 one behind it`)
	case len(found) > 1 && !found[1].Addr().Is6():
		v.Bad("has two IPv4 networks", "name one large enough, and an IPv6 one or none behind it")
	default:
		*to = found
	}
}

// networks reads a list of networks, which may be empty.
func networks(v *strict.Value, to *[]netip.Prefix) {
	list, ok := v.List(maxDeny)
	if !ok {
		return
	}
	*to = []netip.Prefix{}
	for _, e := range list {
		if n, ok := network(e); ok {
			*to = append(*to, n)
		}
	}
}

// network reads an address or a block.
func network(v *strict.Value) (netip.Prefix, bool) {
	s, ok := v.Text(wire.MaxName)
	if !ok {
		return netip.Prefix{}, false
	}
	n, err := netip.ParsePrefix(s)
	if a, addrErr := netip.ParseAddr(s); addrErr == nil && a.Zone() == "" {
		n, err = netip.PrefixFrom(a, a.BitLen()), nil
	}
	switch {
	case err != nil:
		v.Bad(fmt.Sprintf("%q is no network", s), `write a block or an address, like "10.0.0.0/8" or "192.0.2.7"`)
	case n.Addr().Is4In6():
		v.Bad(fmt.Sprintf("%q is IPv4 written as IPv6", s), "write the IPv4 network")
	case n.Masked() != n:
		v.Bad(fmt.Sprintf("%q has bits set behind its length", s), fmt.Sprintf("did you mean %q?", n.Masked()))
	default:
		return n, true
	}
	return netip.Prefix{}, false
}

// maxServers is how many name servers a program asks (resolv.conf(5)).
const maxServers = 3

// servers reads egress_dns.
func servers(v *strict.Value, to *[]netip.Addr) {
	list, ok := v.List(maxServers)
	if !ok {
		return
	}
	*to = nil
	for _, e := range list {
		s, ok := e.Text(wire.MaxName)
		if !ok {
			continue
		}
		a, err := netip.ParseAddr(s)
		if err != nil || a.Zone() != "" || a.IsLoopback() || a.IsUnspecified() || a.Is4In6() {
			e.Bad(fmt.Sprintf("%q is no address of a name server that a jail could reach", s), `write one like "9.9.9.9"`)
			continue
		}
		*to = append(*to, a)
	}
}
