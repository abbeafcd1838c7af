package users

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"github.com/jailsh/jailsh/internal/environ"
)

// parseNetwork reads an address or a CIDR block. If it can't, it says why and
// what to do.
func parseNetwork(s string) (p netip.Prefix, why, fix string) {
	if a, err := netip.ParseAddr(s); err == nil && a.Zone() == "" {
		if a.Is4In6() {
			return p, fmt.Sprintf("%q never matches: such clients have an IPv4 address here", s), "write " + a.Unmap().String()
		}
		return netip.PrefixFrom(a, a.BitLen()), "", ""
	}
	p, err := netip.ParsePrefix(s)
	switch {
	case err != nil:
		return p, fmt.Sprintf("%q is no network", s), `write an address or a block, like "192.0.2.7" or "10.0.0.0/8"`
	case p.Addr().Is4In6():
		return p, fmt.Sprintf("%q never matches: such clients have an IPv4 address here", s), "write the IPv4 network"
	case p.Masked() != p:
		return p, fmt.Sprintf("%q has bits set behind its length", s), fmt.Sprintf("did you mean %q?", p.Masked().String())
	}
	return p, "", ""
}

// Addresses is the pattern list of a from="..." (sshd(8), PATTERNS of
// ssh_config(5)): addresses, CIDR blocks, and wildcards on an address as text;
// a leading ! negates. Host names are refused: whoever answers for the reverse
// zone of a client's address could be any host.
type Addresses struct {
	text  string
	rules []addressRule
}

type addressRule struct {
	negated bool
	prefix  netip.Prefix // valid, or
	pattern string       // a pattern with wildcards, lower case
}

func parseAddresses(s string) (*Addresses, error) {
	a := &Addresses{text: s}
	positive := false
	for part := range strings.SplitSeq(s, ",") {
		text, negated := strings.CutPrefix(part, "!")
		r := addressRule{negated: negated}
		switch p, why, fix := parseNetwork(text); {
		case text == "":
			return nil, errors.New("has an empty pattern - remove the comma or the ! of it")
		case why == "":
			r.prefix = p
		case wildcard(text):
			r.pattern = strings.ToLower(text)
		case strings.ContainsAny(text, " \t"):
			return nil, fmt.Errorf("%q has a blank in it - remove it", text)
		case strings.Contains(text, "/") || looksNumeric(text):
			return nil, fmt.Errorf("%s - %s", why, fix)
		default:
			return nil, fmt.Errorf("%q is a host name, which could be forged - write addresses", text)
		}
		positive = positive || !negated
		a.rules = append(a.rules, r)
	}
	if !positive {
		return nil, fmt.Errorf("%q lets nobody in - add what it should match, like \"*\"", s)
	}
	return a, nil
}

// parseNetworks reads the value of a certificate's source-address: addresses and
// CIDR blocks, without wildcards or negation.
func parseNetworks(s string) (*Addresses, error) {
	a := &Addresses{text: s}
	for part := range strings.SplitSeq(s, ",") {
		p, why, fix := parseNetwork(part)
		if why != "" {
			return nil, fmt.Errorf("%s - %s", why, fix)
		}
		a.rules = append(a.rules, addressRule{prefix: p})
	}
	return a, nil
}

// wildcard reports whether s has a wildcard and otherwise only what addresses
// are written with.
func wildcard(s string) bool {
	if !strings.ContainsAny(s, "*?") {
		return false
	}
	rest := strings.NewReplacer("*", "", "?", "").Replace(s)
	if strings.Trim(rest, "0123456789.") == "" { // IPv4, or IPv6's without letters
		return true
	}
	return strings.Trim(strings.ToLower(rest), "0123456789abcdef:") == ""
}

func looksNumeric(s string) bool {
	return strings.Trim(s, "0123456789.") == "" || strings.Contains(s, ":")
}

// Allow reports whether a client with the address ip may use the key: a pattern
// matches it and no negated one does.
func (a *Addresses) Allow(ip netip.Addr) bool {
	ip = ip.Unmap().WithZone("")
	if !ip.IsValid() {
		return false
	}
	allowed := false
	for _, r := range a.rules {
		hit := r.prefix.IsValid() && r.prefix.Contains(ip) || r.pattern != "" && environ.Match(r.pattern, ip.String())
		if hit && r.negated {
			return false
		}
		allowed = allowed || hit
	}
	return allowed
}

func (a *Addresses) String() string { return a.text }
