package pid1

import (
	"net/netip"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// loopbacks are what localhost stands for, in the order in which they are tried.
// The name isn't looked up (RFC 6761 section 6.3): /etc/hosts may be anything.
func loopbacks() []netip.Addr {
	return []netip.Addr{netip.IPv6Loopback(), netip.AddrFrom4([4]byte{127, 0, 0, 1})}
}

// literal reads a host that has no need to be looked up; none: it has.
func literal(host string) []netip.Addr {
	if strings.EqualFold(strings.TrimSuffix(host, "."), "localhost") {
		return loopbacks()
	}
	if a, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{a.Unmap()}
	}
	return nil
}

// socketAddress is a as system calls want it, and its family.
func socketAddress(a netip.AddrPort) (unix.Sockaddr, int, error) {
	if a.Addr().Is4() {
		return &unix.SockaddrInet4{Port: int(a.Port()), Addr: a.Addr().As4()}, unix.AF_INET, nil
	}
	zone, err := device(a.Addr().Zone())
	return &unix.SockaddrInet6{Port: int(a.Port()), Addr: a.Addr().As16(), ZoneId: zone}, unix.AF_INET6, err
}

// device is the number of a network device of the cell's, for the zone of an address
// (RFC 4007 section 11.2), which is that number or a name; 0 if there is none.
func device(zone string) (uint32, error) {
	if zone == "" {
		return 0, nil
	}
	if n, err := strconv.ParseUint(zone, 10, 32); err == nil {
		return uint32(n), nil
	}
	ifr, err := unix.NewIfreq(zone)
	if err != nil {
		return 0, unix.ENODEV // longer than a name can be
	}
	s, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0) // any socket will do, see netdevice(7)
	if err != nil {
		return 0, err
	}
	defer unix.Close(s)
	err = unix.IoctlIfreq(s, unix.SIOCGIFINDEX, ifr)
	return ifr.Uint32(), err
}
