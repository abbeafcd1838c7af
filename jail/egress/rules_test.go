package egress

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jailsh/jailsh/internal/netlink"
	"github.com/jailsh/jailsh/internal/netlink/space"
	"github.com/jailsh/jailsh/jail/build"
	"golang.org/x/sys/unix"
)

// bed is a host with a network on its other side, on which there are the world
// and a private range.
type bed struct {
	host, world *space.Space
	deny        []netip.Prefix
	routers     int
}

const (
	worldIP, worldIP6     = "192.0.2.2", "2001:db8::2"
	privateIP, privateIP6 = "10.9.9.2", "fd00:9::2"
)

// hostIPs are the host's own addresses, but for the one on the wire to the cell.
func hostIPs() []string {
	return []string{"192.0.2.1", "10.9.9.1", "2001:db8::1", "fd00:9::1", "172.30.0.1"}
}

func newBed(t *testing.T) *bed {
	t.Helper()
	b := &bed{host: space.New(t), world: space.New(t), deny: prefixes("10.0.0.0/8", "172.16.0.0/12", "fc00::/7")}
	b.host.Wire(b.world)
	b.host.Sysctl("net/ipv4/ip_forward", "1")
	b.host.Sysctl("net/ipv6/conf/all/forwarding", "1")
	b.host.Address("eth0", "192.0.2.1/24", "10.9.9.1/24", "2001:db8::1/64", "fd00:9::1/64")
	b.host.Address("lo", "172.30.0.1/32") // as of a service that is meant for the host alone
	b.world.Address("eth0", worldIP+"/24", privateIP+"/24", worldIP6+"/64", privateIP6+"/64")
	b.world.Route(func(r *netlink.Route) error { // and so it could call a cell
		index, err := r.Index("eth0")
		if err != nil {
			return err
		}
		return errors.Join(r.AddDefault(index, netip.MustParseAddr("192.0.2.1")), r.AddDefault(index, netip.MustParseAddr("2001:db8::1")))
	})
	for _, s := range []*space.Space{b.host, b.world} {
		s.Serve(80)
		s.Serve(53)
	}
	return b
}

func prefixes(all ...string) (found []netip.Prefix) {
	for _, p := range all {
		found = append(found, netip.MustParsePrefix(p))
	}
	return found
}

// cell is a network namespace with a way out.
type cell struct {
	*space.Space
	wire *Wire
}

func (c cell) own(n int) string { return c.wire.own[n].String() }

func (c cell) gateway(n int) string {
	a, _ := netip.AddrFromSlice(c.wire.Link.Addresses[n].Gateway)
	return a.String()
}

// router is one of another instance each time, without some of the rules.
func (b *bed) router(t *testing.T, without ...string) *Router {
	t.Helper()
	b.routers++
	addresses := prefixes(fmt.Sprintf("100.127.%d.0/24", b.routers), fmt.Sprintf("fd6a:73:%d::/112", b.routers))
	r := New(t.TempDir(), Policy{Addresses: addresses, Deny: b.deny})
	r.without = without
	t.Cleanup(func() { b.host.Must(r.Close) })
	return r
}

func (b *bed) cell(t *testing.T, r *Router, servers ...string) cell {
	t.Helper()
	c := cell{Space: space.New(t)}
	var raw [][]byte
	for _, s := range servers {
		raw = append(raw, netip.MustParseAddr(s).AsSlice())
	}
	b.host.Must(func() (err error) {
		c.wire, err = r.Attach(c.Pid, raw)
		return err
	})
	t.Cleanup(func() { b.host.Must(c.wire.Detach) })
	c.Route(func(route *netlink.Route) error { return build.RaiseLink(route, &c.wire.Link) })
	return c
}

func at(ip string, port int) string { return net.JoinHostPort(ip, fmt.Sprint(port)) }

func (c cell) reaches(t *testing.T, ip string, port int) {
	t.Helper()
	if _, err := c.Dial(at(ip, port)); err != nil {
		t.Errorf("doesn't reach %s port %d: %v", ip, port, err)
	}
}

// isRefused tries a port on which somebody listens.
func (c cell) isRefused(t *testing.T, ip string, port int) {
	t.Helper()
	if said, err := c.Dial(at(ip, port)); !errors.Is(err, unix.ECONNREFUSED) {
		t.Errorf("%s port %d: %q, %v", ip, port, said, err)
	}
}

// arrives waits for a datagram, and returns who sent it.
func arrives(t *testing.T, inbox *net.UDPConn, text string) string {
	t.Helper()
	from, ok := receive(t, inbox, space.Patience, text, "")
	if !ok {
		t.Errorf("%q doesn't arrive", text)
	}
	return from
}

// arrivesAtLast sends until it arrives. The kernel drops what goes to all nodes while
// it isn't sure yet that the sender's link-local address is its own (RFC 4862 section
// 5.4), which takes as long as the machine is busy.
func arrivesAtLast(t *testing.T, inbox *net.UDPConn, text string, send func()) {
	t.Helper()
	const tries = 40
	for range tries {
		send()
		if _, ok := receive(t, inbox, space.Patience/tries, text, ""); ok {
			return
		}
	}
	t.Errorf("%q doesn't arrive", text)
}

// missing sends a second datagram from where the inbox is, and waits for that.
func missing(t *testing.T, s *space.Space, inbox *net.UDPConn, text string) {
	t.Helper()
	here := inbox.LocalAddr().(*net.UDPAddr)
	loopback := "127.0.0.1"
	if here.IP.To4() == nil {
		loopback = "::1"
	}
	s.Send("", at(loopback, here.Port), "the end")
	if from, ok := receive(t, inbox, space.Patience, text, "the end"); ok {
		t.Errorf("%q arrives, from %s", text, from)
	}
}

func receive(t *testing.T, inbox *net.UDPConn, patience time.Duration, text, end string) (from string, ok bool) {
	t.Helper()
	if err := inbox.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	for b := make([]byte, 1000); ; {
		n, addr, err := inbox.ReadFromUDPAddrPort(b)
		if err != nil {
			return "", false
		}
		switch string(b[:n]) {
		case text:
			return addr.Addr().Unmap().String(), true
		case end:
			return "", false
		}
	}
}

// The world is reached, from the host's address; answers and errors come back.
func TestOutToTheWorld(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	c := b.cell(t, b.router(t))
	for _, way := range []struct{ to, as string }{{worldIP, "::ffff:192.0.2.1"}, {worldIP6, "2001:db8::1"}} {
		if said, err := c.Dial(at(way.to, 80)); said != strings.TrimPrefix(way.as, "::ffff:") {
			t.Errorf("%s: %q, %v", way.to, said, err)
		}
		if _, err := c.Dial(at(way.to, 81)); !errors.Is(err, unix.ECONNREFUSED) {
			t.Errorf("%s: a port where nobody listens: %v", way.to, err)
		}
		if err := c.icmpError(way.to); !errors.Is(err, unix.ECONNREFUSED) {
			t.Errorf("%s: the ICMP error for a datagram: %v", way.to, err)
		}
	}
	plain := b.cell(t, b.router(t, "masquerade"))
	inbox := b.world.Inbox(7)
	plain.Send("", at(worldIP, 7), "as myself")
	if from := arrives(t, inbox, "as myself"); from != plain.own(0) {
		t.Errorf("without masquerade it comes from %s", from)
	}
}

// icmpError is what a datagram to a closed port comes back as.
func (c cell) icmpError(ip string) error {
	return c.Do(func() error {
		conn, err := net.Dial("udp", at(ip, 82))
		if err != nil {
			return err
		}
		defer conn.Close()
		if _, err := conn.Write([]byte("anybody?")); err != nil {
			return err
		}
		if err := conn.SetReadDeadline(time.Now().Add(space.Patience)); err != nil {
			return err
		}
		_, err = conn.Read(make([]byte, 10))
		return err
	})
}

func TestDeniedNetworks(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	r := b.router(t)
	c := b.cell(t, r)
	c.isRefused(t, privateIP, 80)
	c.isRefused(t, privateIP6, 80)
	open := b.cell(t, b.router(t, "denied"))
	open.reaches(t, privateIP, 80)
	open.reaches(t, privateIP6, 80)

	// A change acts on cells that are there.
	b.host.Must(func() error { return r.Deny(prefixes("192.0.2.0/24", "2001:db8::/32")) })
	for _, ip := range []string{worldIP, worldIP6} {
		c.isRefused(t, ip, 80)
	}
	c.reaches(t, privateIP, 80)
	c.reaches(t, privateIP6, 80)
}

// No address of the host's is there for a cell: not the one on its wire, nor any
// other, nor one that comes later.
func TestTheHostIsNotThere(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	b.deny = nil
	c := b.cell(t, b.router(t))
	asked := b.cell(t, b.router(t, "to the host"))
	open := b.cell(t, b.router(t, "own addresses", "to the host"))
	input := b.cell(t, b.router(t, "own addresses"))
	b.host.Address("lo", "203.0.113.7/32", "2001:db8:7::7/128")
	inbox := b.host.Inbox(7)
	for _, ip := range append(hostIPs(), "203.0.113.7", "2001:db8:7::7", c.gateway(0), c.gateway(1)) {
		c.isRefused(t, ip, 80)
		asked.isRefused(t, ip, 80)
		open.reaches(t, ip, 80)
		input.Send("", at(ip, 7), "input "+ip)
		open.Send("", at(ip, 7), "open "+ip)
		missing(t, b.host, inbox, "input "+ip)
		open.Send("", at(ip, 7), "again "+ip)
		arrives(t, inbox, "again "+ip)
	}
}

// To everybody is to the host too.
func TestBroadcastAndMulticast(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	b.deny = nil
	c := b.cell(t, b.router(t))
	open := b.cell(t, b.router(t, "own addresses", "to the host"))
	for ip, inbox := range map[string]*net.UDPConn{
		"224.0.0.1": b.host.Listen("udp4", 7), "255.255.255.255": b.host.Listen("udp4", 8), "ff02::1": b.host.Listen("udp6", 7),
	} {
		port := inbox.LocalAddr().(*net.UDPAddr).Port
		c.Send("", at(c.scoped(ip), port), "closed "+ip)
		missing(t, b.host, inbox, "closed "+ip)
		arrivesAtLast(t, inbox, "open "+ip, func() { open.Send("", at(open.scoped(ip), port), "open "+ip) })
	}
}

// scoped adds the number of eth0 to an address of IPv6. Its name would be looked up
// in a cache that knows nothing of namespaces.
func (c cell) scoped(ip string) string {
	if !strings.Contains(ip, ":") {
		return ip
	}
	var index uint32
	c.Route(func(r *netlink.Route) (err error) {
		index, err = r.Index(cellDevice)
		return err
	})
	return fmt.Sprintf("%s%%%d", ip, index)
}

// The host's loopback isn't reached by sending to it through the wire, as a host
// with route_localnet would let it.
func TestLocalnetIsNotRouted(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	c := b.cell(t, b.router(t))
	open := b.cell(t, b.router(t, "own addresses", "to the host", "source4"))
	inbox := b.host.Inbox(7)
	b.host.Sysctl("net/ipv4/conf/all/route_localnet", "1")
	for _, cell := range []cell{c, open} {
		cell.Must(func() error { return os.WriteFile("/proc/sys/net/ipv4/conf/all/route_localnet", []byte("1"), 0) })
		cell.sendThroughWire(t, "127.0.0.1:7", "to localhost")
		if cell == c {
			missing(t, b.host, inbox, "to localhost")
		} else {
			arrives(t, inbox, "to localhost")
		}
	}
}

// sendThroughWire sends by eth0 whatever the routes say, which takes no right
// (SO_BINDTODEVICE, since Linux 5.7).
func (c cell) sendThroughWire(t *testing.T, to, text string) {
	t.Helper()
	c.Must(func() error {
		d := net.Dialer{Control: func(_, _ string, raw syscall.RawConn) error {
			var err error
			if e := raw.Control(func(fd uintptr) { err = unix.BindToDevice(int(fd), cellDevice) }); e != nil {
				return e
			}
			return err
		}}
		conn, err := d.Dial("udp4", to)
		if err != nil {
			return err
		}
		defer conn.Close()
		_, err = conn.Write([]byte(text))
		return err
	})
}

func TestOtherCells(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	for _, without := range [][]string{nil, {"denied"}, {"other cells"}, {"denied", "other cells", "masquerade"}} {
		r := b.router(t, without...)
		c, other := b.cell(t, r), b.cell(t, r)
		other.Serve(80)
		for n := range 2 {
			if len(without) == 3 {
				c.reaches(t, other.own(n), 80)
			} else {
				c.isRefused(t, other.own(n), 80)
			}
		}
	}
	// A cell of another instance is no way around it.
	b.deny = nil
	neighbour := b.cell(t, b.router(t))
	neighbour.Serve(80)
	inbox := neighbour.Inbox(7)
	c := b.cell(t, b.router(t))
	c.Send("", at(neighbour.own(0), 7), "hello")
	missing(t, neighbour.Space, inbox, "hello")
}

// A cell has the address that it was given and no other, even for root in there.
func TestSpoofedSources(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	inbox := b.world.Inbox(7)
	for _, without := range []string{"", "source"} {
		r := b.router(t, without+"4", without+"6")
		c, other := b.cell(t, r), b.cell(t, r)
		b.host.Sysctl("net/ipv4/conf/"+c.wire.device+"/rp_filter", "0") // the table alone is on trial
		for n, to := range []string{worldIP, worldIP6} {
			for _, from := range []string{other.own(n), []string{"198.51.100.1", "2001:db8:5::5"}[n]} {
				c.Address(cellDevice, from+[]string{"/32", "/128"}[n])
				text := "from " + from + without
				c.Send(from, at(to, 7), text)
				if without == "" {
					missing(t, b.world, inbox, text)
				} else {
					arrives(t, inbox, text)
				}
			}
		}
	}
}

// Nobody calls a cell: not the world, which has a route to it here, nor the host.
func TestNobodyCallsACell(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	c := b.cell(t, b.router(t))
	open := b.cell(t, b.router(t, "uncalled", "to nobody"))
	closed, opened := c.Inbox(7), open.Inbox(7)
	for n := range 2 {
		b.world.Send("", at(c.own(n), 7), "hello")
		missing(t, c.Space, closed, "hello")
		b.world.Send("", at(open.own(n), 7), "hello")
		arrives(t, opened, "hello")
	}
}

// Name servers are reached wherever they are, and nothing else there.
func TestNameServers(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	r := b.router(t)
	c, other := b.cell(t, r, privateIP, privateIP6), b.cell(t, r)
	without := b.cell(t, b.router(t, "name servers"), privateIP, privateIP6)
	inbox := b.world.Inbox(53)
	for _, ip := range []string{privateIP, privateIP6} {
		c.reaches(t, ip, 53)
		c.Send("", at(ip, 53), "who is "+ip)
		arrives(t, inbox, "who is "+ip)
		c.isRefused(t, ip, 80)
		other.isRefused(t, ip, 53) // it is another's
		without.isRefused(t, ip, 53)
	}
}

// One cell can't use up the host's table of connections.
func TestConnectionsAreLimited(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	r := b.router(t)
	c, other := b.cell(t, r), b.cell(t, r)
	open := b.cell(t, b.router(t, "limit4", "limit6"))
	for _, ip := range []string{worldIP, worldIP6} {
		for _, cell := range []cell{c, open} {
			cell.reaches(t, ip, 80)
			cell.crowd(t, ip)
		}
		c.isRefused(t, ip, 80)
		open.reaches(t, ip, 80)
		other.reaches(t, ip, 80)
	}
}

// crowd makes as many connections as a cell may have.
func (c cell) crowd(t *testing.T, ip string) {
	t.Helper()
	c.Must(func() error {
		for range maxConnections {
			conn, err := net.Dial("udp", at(ip, 9))
			if err != nil {
				return err
			}
			t.Cleanup(func() { conn.Close() }) // each has a port of its own as long as it is open
			if _, err := conn.Write([]byte("x")); err != nil {
				return err
			}
		}
		return nil
	})
}

// What belongs to no connection would leave as it is, with the cell's address.
func TestWhatIsNoConnectionStays(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	var seen *os.File
	b.world.Must(func() error {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.IPPROTO_TCP)
		if err != nil {
			return err
		}
		if err := unix.SetNonblock(fd, true); err != nil {
			return err
		}
		seen = os.NewFile(uintptr(fd), "raw")
		return nil
	})
	defer seen.Close()
	inbox := b.world.Inbox(7)
	for _, without := range []string{"", "no connection"} {
		c := b.cell(t, b.router(t, without))
		c.Must(func() error {
			fd, err := unix.Socket(unix.AF_INET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.IPPROTO_TCP)
			if err != nil {
				return err
			}
			defer unix.Close(fd)
			segment := make([]byte, 20) // the checksum is wrong: to conntrack it is INVALID
			segment[12] = 5 << 4
			return unix.Sendto(fd, segment, 0, &unix.SockaddrInet4{Addr: [4]byte{192, 0, 2, 2}})
		})
		c.Send("", at(worldIP, 7), "after it")
		arrives(t, inbox, "after it")
		if err := seen.SetReadDeadline(time.Now().Add(map[bool]time.Duration{true: time.Millisecond, false: space.Patience}[without == ""])); err != nil {
			t.Fatal(err)
		}
		if n, err := seen.Read(make([]byte, 100)); (err == nil) != (without != "") {
			t.Errorf("without %q: %d bytes, %v", without, n, err)
		}
	}
}

// What the docs say to do about another firewall names the devices as they are.
func TestNamesAreOfTheInstance(t *testing.T) {
	t.Parallel()
	one, two := New("/run/jailsh", Policy{Addresses: prefixes("100.127.0.0/16")}), New("/srv/other/run", Policy{Addresses: prefixes("100.127.0.0/16")})
	if one.Table() == two.Table() || one.Devices() == two.Devices() {
		t.Errorf("two instances share %s or %s", one.Table(), one.Devices())
	}
	if name := one.Devices() + "ffff"; len(name) >= unix.IFNAMSIZ || !strings.HasPrefix(name, "jsh") {
		t.Errorf("%s is no name for a device", name)
	}
	if !strings.HasPrefix(filepath.Base(one.Table()), "jailsh-") {
		t.Error(one.Table())
	}
}
