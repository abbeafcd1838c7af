package egress

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"slices"

	"github.com/jailsh/jailsh/internal/netlink"
	"github.com/jailsh/jailsh/internal/wire"
	"golang.org/x/sys/unix"
)

// Wire is one cell's way out.
type Wire struct {
	Link wire.Link // what init has to know

	router  *Router
	number  uint32
	device  string
	own     []netip.Addr
	servers []netip.Addr

	listed, made bool // what Detach has to undo: the entries in the table, the device
}

// cellDevice is the name of the cell's end, in the cell.
const cellDevice = "eth0"

// Attach gives a way out to the cell whose init is the process pid, which the
// caller hasn't collected yet, so that the number can't be another's. servers
// are the name servers that the cell may ask whatever is denied. A failure names
// its step and leaves nothing behind.
func (r *Router) Attach(pid int, servers [][]byte) (*Wire, error) {
	n, err := r.pool.take()
	if err != nil {
		return nil, err
	}
	w := &Wire{router: r, number: n, device: fmt.Sprintf("%s%x", r.devices, n)}
	for _, s := range servers {
		if a, ok := netip.AddrFromSlice(s); ok && !slices.Contains(w.servers, a) {
			w.servers = append(w.servers, a)
		}
	}
	if err := w.build(pid); err != nil {
		return nil, errors.Join(fmt.Errorf("egress: %w%s", err, fix(err)), w.Detach())
	}
	return w, nil
}

// fix is what to do about what the kernel refuses.
func fix(err error) string {
	switch {
	case errors.Is(err, unix.EPERM), errors.Is(err, unix.EACCES):
		return " - run jailshd as root, with CAP_NET_ADMIN"
	case errors.Is(err, unix.ENOENT), errors.Is(err, unix.EOPNOTSUPP), errors.Is(err, unix.EPROTONOSUPPORT), errors.Is(err, unix.EAFNOSUPPORT):
		return " - see what the kernel lacks: jailsh check"
	}
	return ""
}

// hardware is the address of one end of wire n: one of those that are free for
// local use (IEEE 802, bit 1 of the first byte).
func hardware(n uint32, end byte) []byte {
	return []byte{0x02, 'j', 's', byte(n >> 8), byte(n), end}
}

// build makes the wire, the host's end of it, and the rules before either is up.
func (w *Wire) build(pid int) error {
	r := w.router
	pairs := r.pool.pairs(w.number)
	here := netlink.End{Name: w.device, Address: hardware(w.number, 0)}
	there := netlink.End{Name: cellDevice, Address: hardware(w.number, 1)}
	w.Link = wire.Link{Device: there.Name, Gateway: here.Address}
	for _, p := range pairs {
		w.own = append(w.own, p.own)
		w.Link.Addresses = append(w.Link.Addresses, wire.LinkAddress{Own: p.own.AsSlice(), Gateway: p.gateway.AsSlice()})
	}
	for _, n := range r.pool.networks {
		if err := forwarding(procSys, n); err != nil {
			return err
		}
	}
	namespace, err := os.Open(fmt.Sprintf("/proc/%d/ns/net", pid))
	if err != nil {
		return fmt.Errorf("the cell's network: %v - its init has ended: look for lines like `cell: its init says`", err)
	}
	defer namespace.Close()
	route, err := netlink.DialRoute()
	if err != nil {
		return err
	}
	defer route.Close()
	if err := r.free(route); err != nil {
		return err
	}
	if err := r.change(unix.NFT_MSG_NEWSETELEM, w); err != nil {
		return fmt.Errorf("table %s: %w", r.table, err)
	}
	w.listed = true
	if err := route.AddPair(here, there, int(namespace.Fd())); err != nil {
		return err
	}
	w.made = true
	index, err := route.Index(here.Name)
	if err != nil {
		return err
	}
	return raise(route, index, pairs, there.Address)
}

// Settings of the host's end, numbers of IPV4_DEVCONF_* in linux/ip.h. The host's
// own settings for new devices may be others; the table doesn't rely on these.
var settings = [...]netlink.Setting{
	{Number: 1, Value: 1},  // forwarding
	{Number: 3, Value: 0},  // proxy_arp
	{Number: 4, Value: 0},  // accept_redirects
	{Number: 6, Value: 0},  // send_redirects
	{Number: 8, Value: 1},  // rp_filter, strict (RFC 3704)
	{Number: 9, Value: 0},  // accept_source_route
	{Number: 23, Value: 0}, // accept_local
	{Number: 26, Value: 0}, // route_localnet
}

// raise gives the host's end its addresses, and to each the cell's behind it.
func raise(route *netlink.Route, index uint32, pairs []pair, cell []byte) error {
	if err := route.Configure(index, settings[:]); err != nil {
		return err
	}
	if err := route.NoLinkLocal(index); err != nil {
		return err
	}
	for _, p := range pairs {
		if err := route.AddAddress(index, netip.PrefixFrom(p.gateway, p.gateway.BitLen()-1)); err != nil {
			return err
		}
	}
	if err := route.Up(index); err != nil {
		return err
	}
	for _, p := range pairs {
		if err := route.AddNeighbour(index, p.own, cell); err != nil {
			return err
		}
	}
	return nil
}

// Detach takes the way out away, and frees its addresses. The cell may have ended,
// and the device with it.
func (w *Wire) Detach() error {
	err := w.removeDevice()
	if err == nil && w.listed {
		err = w.router.change(unix.NFT_MSG_DELSETELEM, w)
	}
	if err != nil {
		return fmt.Errorf("egress: %s: %w - its addresses stay taken until jailshd is started again", w.device, err)
	}
	w.router.pool.give(w.number)
	return nil
}

func (w *Wire) removeDevice() error {
	if !w.made {
		return nil
	}
	route, err := netlink.DialRoute()
	if err != nil {
		return err
	}
	defer route.Close()
	return route.Delete(w.device)
}
