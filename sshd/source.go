package sshd

import (
	"net/netip"
	"slices"
)

// blockSize says how much of an address makes a source, for all that is counted by
// source (PerSourceNetBlockSize of sshd_config(5)).
type blockSize struct{ bits4, bits6 int }

// of is the network that counts as one source with a.
func (b blockSize) of(a netip.Addr) netip.Prefix {
	a = a.Unmap().WithZone("")
	bits := b.bits4
	if a.Is6() {
		bits = b.bits6
	}
	p, _ := a.Prefix(bits) // of an invalid address: the zero prefix, one source
	return p
}

// among reports whether a is in one of the networks.
func among(networks []netip.Prefix, a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	return slices.ContainsFunc(networks, func(n netip.Prefix) bool { return n.Contains(a) })
}
