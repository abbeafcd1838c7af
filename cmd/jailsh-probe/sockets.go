package main

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// socketAttacks reach for what isn't kept apart by a network namespace, or needs
// no network to be of use.
func socketAttacks() []attack {
	all := []attack{
		{name: "raw-socket", what: "raw(7): make packets by hand", try: sockets(
			socket{unix.AF_INET, unix.SOCK_RAW, unix.IPPROTO_ICMP}, socket{unix.AF_INET, unix.SOCK_RAW, unix.IPPROTO_RAW},
			socket{unix.AF_INET6, unix.SOCK_RAW, unix.IPPROTO_ICMPV6}, socket{unix.AF_INET, unix.SOCK_PACKET, 0x300})},
		{name: "packet-socket", what: "packet(7): read what others send (CVE-2020-14386)", try: sockets(
			socket{unix.AF_PACKET, unix.SOCK_RAW, 0}, socket{unix.AF_PACKET, unix.SOCK_DGRAM, 0})},
		{name: "netlink-route", what: "rtnetlink(7): the allowed one: change a device or a route with it", try: routes},
		{name: "loopback-down", what: "netdevice(7): take the loopback down", try: loopbackDown},
		{name: "other-families", what: "socket(2): any family beside unix, inet, inet6 and netlink", try: otherFamilies},
		{name: "host-abstract", what: "CVE-2020-15257: abstract unix sockets of the host or of another user", try: abstractSockets},
		{name: "host-loopback", what: "what listens on the host's loopback", try: hostLoopback},
		{name: "host-addresses", what: "what listens on other addresses of the host, or of another jail's way out", try: hostAddresses},
		{name: "host-path-socket", what: "unix(7): sockets with a path: docker.sock, systemd's, D-Bus's", try: pathSockets},
	}
	for _, f := range []struct {
		name, what string
		s          []socket
	}{
		{"vsock", "vsock(7): the host of the virtual machine; no namespace keeps it apart", []socket{{unix.AF_VSOCK, unix.SOCK_STREAM, 0}, {unix.AF_VSOCK, unix.SOCK_DGRAM, 0}}},
		{"alg-socket", "AF_ALG: the kernel's ciphers, and its loading of modules (CVE-2019-8912)", []socket{{unix.AF_ALG, unix.SOCK_SEQPACKET, 0}}},
		{"bluetooth-socket", "AF_BLUETOOTH (CVE-2021-3573)", []socket{{unix.AF_BLUETOOTH, unix.SOCK_RAW, 1}, {unix.AF_BLUETOOTH, unix.SOCK_STREAM, 3}}},
		{"xdp-socket", "AF_XDP: packets past the network stack", []socket{{unix.AF_XDP, unix.SOCK_RAW, 0}}},
		{"key-socket", "AF_KEY: IPsec's keys (CVE-2022-27666's kin)", []socket{{unix.AF_KEY, unix.SOCK_RAW, 2}}},
		{"can-socket", "AF_CAN (CVE-2021-3609)", []socket{{unix.AF_CAN, unix.SOCK_RAW, 1}, {unix.AF_CAN, unix.SOCK_DGRAM, 2}}},
		{"tipc-socket", "AF_TIPC (CVE-2021-43267)", []socket{{unix.AF_TIPC, unix.SOCK_STREAM, 0}}},
		{"rds-socket", "AF_RDS (CVE-2010-3904, CVE-2018-5333)", []socket{{unix.AF_RDS, unix.SOCK_SEQPACKET, 0}}},
		{"rare-protocols", "SCTP, DCCP (CVE-2017-6074), L2TP, UDP-Lite, MPTCP, SMC: loaded by being asked for", []socket{
			{unix.AF_INET, unix.SOCK_SEQPACKET, unix.IPPROTO_SCTP},
			{unix.AF_INET, unix.SOCK_STREAM, unix.IPPROTO_SCTP},
			{unix.AF_INET6, unix.SOCK_STREAM, unix.IPPROTO_SCTP},
			{unix.AF_INET, unix.SOCK_DCCP, unix.IPPROTO_DCCP},
			{unix.AF_INET, unix.SOCK_DGRAM, unix.IPPROTO_L2TP},
			{unix.AF_INET, unix.SOCK_DGRAM, unix.IPPROTO_UDPLITE},
			{unix.AF_INET, unix.SOCK_STREAM, unix.IPPROTO_MPTCP},
			{unix.AF_SMC, unix.SOCK_STREAM, 0},
		}},
		{"netlink-generic", "AF_NETLINK: generic families, and the loading of their modules", []socket{{unix.AF_NETLINK, unix.SOCK_RAW, unix.NETLINK_GENERIC}}},
		{"netlink-netfilter", "AF_NETLINK: nftables (CVE-2022-32250, CVE-2024-1086)", []socket{{unix.AF_NETLINK, unix.SOCK_RAW, unix.NETLINK_NETFILTER}}},
		{"netlink-audit", "AF_NETLINK: the audit log", []socket{{unix.AF_NETLINK, unix.SOCK_RAW, unix.NETLINK_AUDIT}}},
		{"netlink-uevent", "AF_NETLINK: what happens to the host's devices", []socket{{unix.AF_NETLINK, unix.SOCK_RAW, unix.NETLINK_KOBJECT_UEVENT}}},
		{"netlink-diag", "AF_NETLINK: everybody's sockets", []socket{{unix.AF_NETLINK, unix.SOCK_RAW, unix.NETLINK_SOCK_DIAG}}},
		{"netlink-xfrm", "AF_NETLINK: IPsec (CVE-2017-16939)", []socket{{unix.AF_NETLINK, unix.SOCK_RAW, unix.NETLINK_XFRM}}},
		{"netlink-connector", "AF_NETLINK: each fork and exec of the host", []socket{{unix.AF_NETLINK, unix.SOCK_DGRAM, unix.NETLINK_CONNECTOR}}},
		{"netlink-others", "AF_NETLINK: the other protocols", []socket{
			{unix.AF_NETLINK, unix.SOCK_RAW, unix.NETLINK_SELINUX},
			{unix.AF_NETLINK, unix.SOCK_RAW, unix.NETLINK_ISCSI},
			{unix.AF_NETLINK, unix.SOCK_RAW, unix.NETLINK_FIB_LOOKUP},
			{unix.AF_NETLINK, unix.SOCK_RAW, unix.NETLINK_SCSITRANSPORT},
			{unix.AF_NETLINK, unix.SOCK_RAW, unix.NETLINK_RDMA},
			{unix.AF_NETLINK, unix.SOCK_RAW, unix.NETLINK_CRYPTO},
			{unix.AF_NETLINK, unix.SOCK_RAW, unix.NETLINK_USERSOCK},
			{unix.AF_NETLINK, unix.SOCK_RAW, 31},
		}},
	} {
		all = append(all, attack{name: f.name, what: f.what, try: sockets(f.s...)})
	}
	return all
}

// socket is what socket(2) is asked for.
type socket struct{ family, kind, protocol int }

// sockets must not be given. That the kernel has no such family is its answer,
// and says that the filter has none, so another kernel may give one.
func sockets(wanted ...socket) func(*probe) outcome {
	return func(p *probe) outcome {
		var all []outcome
		for _, s := range wanted {
			fd, err := unix.Socket(s.family, s.kind|unix.SOCK_CLOEXEC, s.protocol)
			if err == nil {
				_ = unix.Close(fd)
			}
			what := fmt.Sprintf("socket(%d, %d, %d)", s.family, s.kind, s.protocol)
			if errors.Is(err, unix.EAFNOSUPPORT) || errors.Is(err, unix.EPROTONOSUPPORT) || errors.Is(err, unix.ESOCKTNOSUPPORT) || errors.Is(err, unix.EPROTOTYPE) {
				if p.filtered {
					all = append(all, held("%s: %v", what, err))
				} else {
					all = append(all, absent("%s: %v", what, err))
				}
				continue
			}
			all = append(all, p.refused(what, err))
		}
		return worst(all...)
	}
}

func otherFamilies(p *probe) outcome {
	var all []outcome
	for family := range 64 {
		switch family {
		case unix.AF_UNIX, unix.AF_INET, unix.AF_INET6, unix.AF_NETLINK:
			continue
		}
		for _, kind := range []int{unix.SOCK_STREAM, unix.SOCK_DGRAM, unix.SOCK_RAW, unix.SOCK_SEQPACKET} {
			all = append(all, sockets(socket{family, kind, 0})(p))
			pair, err := unix.Socketpair(family, kind, 0)
			if err == nil {
				_, _ = unix.Close(pair[0]), unix.Close(pair[1])
				all = append(all, broken("socketpair(%d, %d) worked", family, kind))
			}
		}
	}
	return worst(all...)
}

// routes asks for a new device and a new route.
func routes(p *probe) outcome {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_ROUTE)
	if err != nil {
		return held("socket: %v", err)
	}
	defer func() { _ = unix.Close(fd) }()
	if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: 2}); err != nil {
		return held("setsockopt: %v", err)
	}
	var all []outcome
	for _, m := range []struct {
		what string
		text []byte
	}{
		// nlmsghdr: length, type, NLM_F_REQUEST|NLM_F_ACK and more, sequence,
		// port; then ifinfomsg with IFLA_IFNAME, or rtmsg.
		{"a new device", append(header(16+16+12, unix.RTM_NEWLINK, 0x605), append(make([]byte, 16), 12, 0, 3, 0, 'p', 'r', 'o', 'b', 'e', 0, 0, 0)...)},
		{"a device less", append(header(16+16, unix.RTM_DELLINK, 0x5), []byte{0, 0, 0, 0, 0x7f, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}...)},
		{"a new route", append(header(16+12, unix.RTM_NEWROUTE, 0x605), []byte{2, 32, 0, 0, 254, 4, 0, 1, 0, 0, 0, 0}...)},
	} {
		if err := unix.Sendto(fd, m.text, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
			all = append(all, held("%s: send: %v", m.what, err))
			continue
		}
		b := make([]byte, 4096)
		n, err := unix.Read(fd, b)
		if err != nil || n < 20 {
			all = append(all, held("%s: no answer: %v", m.what, err))
			continue
		}
		code := int32(uint32(b[16]) | uint32(b[17])<<8 | uint32(b[18])<<16 | uint32(b[19])<<24)
		all = append(all, p.unreached(m.what, errnoOf(unix.Errno(-code))))
	}
	return worst(all...)
}

// header is a struct nlmsghdr, on little-endian machines.
func header(length uint32, kind, flags uint16) []byte {
	return []byte{
		byte(length), byte(length >> 8), 0, 0, byte(kind), byte(kind >> 8), byte(flags), byte(flags >> 8),
		1, 0, 0, 0, 0, 0, 0, 0,
	}
}

// loopbackDown sets the flags that the loopback has already: enough to be asked
// for the right to.
func loopbackDown(p *probe) outcome {
	s, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return held("socket: %v", err)
	}
	defer func() { _ = unix.Close(s) }()
	ifr, err := unix.NewIfreq("lo")
	if err != nil {
		return held("%v", err)
	}
	if err := unix.IoctlIfreq(s, unix.SIOCGIFFLAGS, ifr); err != nil {
		return held("SIOCGIFFLAGS: %v", err)
	}
	return p.unreached("SIOCSIFFLAGS", unix.IoctlIfreq(s, unix.SIOCSIFFLAGS, ifr))
}

const dialTime = 2 * time.Second

func (p *probe) dial(network, address string) outcome {
	c, err := net.DialTimeout(network, address, dialTime)
	if err == nil {
		c.Close()
	}
	return p.refused("connect to "+address, err)
}

func abstractSockets(p *probe) outcome {
	if p.victim["abstract"] == "" {
		return absent("the test has left none")
	}
	all := []outcome{p.dial("unix", "@"+p.victim["abstract"])}
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err == nil {
		err = unix.Sendto(fd, []byte("probe"), 0, &unix.SockaddrUnix{Name: "@" + p.victim["abstract"] + "-datagrams"})
		_ = unix.Close(fd)
		all = append(all, p.refused("send a datagram", err))
	}
	return worst(all...)
}

func hostLoopback(p *probe) outcome {
	if p.victim["port"] == "" {
		return absent("the test has left nothing to connect to")
	}
	if p.victim["network"] == "host" {
		return absent("the jail has the host's network")
	}
	all := []outcome{p.dial("tcp", "127.0.0.1:"+p.victim["port"]), p.dial("tcp", "[::1]:"+p.victim["port"])}
	return worst(all...)
}

// hostAddresses are those that the victim has found, and the gateway, which is the
// host's end of a way out.
func hostAddresses(p *probe) outcome {
	if p.victim["port"] == "" {
		return absent("the test has left nothing to connect to")
	}
	if p.victim["network"] == "host" {
		return absent("the jail has the host's network")
	}
	all := []outcome{absent("there are none")}
	for _, address := range append(gateways(), strings.Fields(p.victim["addresses"])...) {
		all = append(all, p.dial("tcp", net.JoinHostPort(address, p.victim["port"])))
	}
	return worst(all...)
}

// gateways are those of the routes over IPv4 (proc_pid_net(5), route: addresses are
// numbers of the machine's byte order).
func gateways() []string {
	var found []string
	for line := range strings.Lines(textOf("/proc/net/route")) {
		if f := strings.Fields(line); len(f) > 2 {
			if n, err := strconv.ParseUint(f[2], 16, 32); err == nil && n != 0 {
				found = append(found, net.IPv4(byte(n), byte(n>>8), byte(n>>16), byte(n>>24)).String())
			}
		}
	}
	return found
}

func pathSockets(p *probe) outcome {
	paths := []string{
		"/run/docker.sock", "/var/run/docker.sock", "/run/containerd/containerd.sock", "/run/systemd/private", "/run/dbus/system_bus_socket",
		"/run/systemd/notify", "/dev/log", "/run/udev/control", "/run/snapd.socket", "/run/jailsh/jailshd.sock",
	}
	if path := p.victim["socket"]; path != "" {
		paths = append(paths, path)
	}
	var all []outcome
	for _, path := range paths {
		all = append(all, p.dial("unix", path))
	}
	return worst(all...)
}
