package pid1

import (
	"errors"
	"net/netip"
	"strings"

	"golang.org/x/sys/unix"
)

// loopbacks are what localhost stands for, in the order in which they are tried.
// The name isn't looked up (RFC 6761 section 6.3): /etc/hosts may be anything.
func loopbacks() []netip.Addr {
	return []netip.Addr{netip.IPv6Loopback(), netip.AddrFrom4([4]byte{127, 0, 0, 1})}
}

// literal reads a host that has no need to be looked up; none: it has.
func literal(host string) ([]netip.Addr, error) {
	if strings.EqualFold(strings.TrimSuffix(host, "."), "localhost") {
		return loopbacks(), nil
	}
	if a, err := netip.ParseAddr(host); err == nil {
		if a.Zone() != "" {
			return nil, errors.New("addresses with a zone are not supported")
		}
		return []netip.Addr{a.Unmap()}, nil
	}
	return nil, nil
}

// socketAddress is a as system calls want it, and its family.
func socketAddress(a netip.AddrPort) (unix.Sockaddr, int) {
	if a.Addr().Is4() {
		return &unix.SockaddrInet4{Port: int(a.Port()), Addr: a.Addr().As4()}, unix.AF_INET
	}
	return &unix.SockaddrInet6{Port: int(a.Port()), Addr: a.Addr().As16()}, unix.AF_INET6
}
