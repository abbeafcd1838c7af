package egress

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"sync"

	"github.com/jailsh/jailsh/internal/netlink"
	"github.com/jailsh/jailsh/internal/wire"
	"golang.org/x/sys/unix"
)

// Policy is what the administrator says about all ways out.
type Policy struct {
	Addresses []netip.Prefix // pool for the wires: an IPv4 network, and an IPv6 one or none
	Deny      []netip.Prefix // where no cell may go
}

// Router is the host's side of the cells' ways out.
type Router struct {
	devices string // what the names of the devices begin with
	table   table
	pool    *pool
	without []string // the rules that a test leaves out

	mu     sync.Mutex
	policy Policy
	filter *netlink.Conn // owns the table; nil as long as no cell needs it
}

// New returns the router of an instance, which is known by its run_dir: that has
// one jailshd at a time. Nothing is made until the first Attach.
func New(runDir string, policy Policy) *Router {
	id := fmt.Sprintf("%x", sha256.Sum256([]byte(runDir)))[:5]
	return &Router{
		devices: "jsh" + id + "-", table: table("jailsh-" + id),
		pool: newPool(policy.Addresses), policy: policy,
	}
}

// Table is the name of the instance's table, in the family inet.
func (r *Router) Table() string { return string(r.table) }

// Devices is what the names of the instance's devices begin with, before a number.
func (r *Router) Devices() string { return r.devices }

// Sweep removes what a jailshd of this instance that was killed has left: devices
// whose cell isn't quite gone, and the table. It comes before the first Attach.
func (r *Router) Sweep() error {
	route, err := netlink.DialRoute()
	if err != nil {
		return fmt.Errorf("egress: %w", err)
	}
	defer route.Close()
	left, err := route.Devices(r.devices)
	if err != nil {
		return fmt.Errorf("egress: %w", err)
	}
	for _, name := range left {
		if err := route.Delete(name); err != nil {
			return fmt.Errorf("egress: %w - run: ip link delete %s", err, name)
		}
	}
	filter, err := netlink.Dial(unix.NETLINK_NETFILTER)
	if errors.Is(err, unix.EPROTONOSUPPORT) {
		return nil // a kernel without nf_tables has no table
	}
	if err != nil {
		return fmt.Errorf("egress: %w", err)
	}
	defer filter.Close()
	if r.table.has(filter) != nil { // looking needs no right that removing does
		return nil
	}
	if err := r.removeTable(filter); err != nil {
		return fmt.Errorf("egress: table %s: %w - run: nft delete table inet %s", r.table, err, r.table)
	}
	return nil
}

func (r *Router) removeTable(filter *netlink.Conn) error {
	err := filter.Batch(unix.NFNL_SUBSYS_NFTABLES, []*netlink.Message{r.table.remove()})
	if errors.Is(err, unix.ENOENT) {
		return nil
	}
	return err
}

// Wire is one cell's way out.
type Wire struct {
	Link wire.Link // what init has to know

	router  *Router
	number  uint32
	device  string
	own     []netip.Addr
	servers []netip.Addr
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
		if a, ok := netip.AddrFromSlice(s); ok {
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
		return fmt.Errorf("the cell's network: %w", err)
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
	if err := route.AddPair(here, there, int(namespace.Fd())); err != nil {
		return err
	}
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

// free refuses a pool that somebody else on this host uses: packets for a cell
// would go there.
func (r *Router) free(route *netlink.Route) error {
	own, err := route.Devices(r.devices)
	if err != nil {
		return err
	}
	var clash error
	err = route.Addresses(func(p netip.Prefix, index uint32) {
		for _, n := range r.pool.networks {
			if _, ours := own[index]; !ours && n.Overlaps(p.Masked()) && clash == nil {
				clash = fmt.Errorf("egress_addresses: %s: a device of this host has %s - choose another network", n, p)
			}
		}
	})
	return errors.Join(err, clash)
}

// change adds the wire to the table or takes it out, and makes the table first if
// there is none.
func (r *Router) change(kind uint16, w *Wire) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.filter == nil {
		if kind == unix.NFT_MSG_DELSETELEM {
			return nil
		}
		if err := r.open(); err != nil {
			return err
		}
	}
	// One element a batch: those that a failed Attach didn't add can't be removed.
	messages := r.table.cell(kind, w.device, w.own, w.servers)
	if kind == unix.NFT_MSG_NEWSETELEM {
		return r.filter.Batch(unix.NFNL_SUBSYS_NFTABLES, messages)
	}
	var problems []error
	for _, m := range messages {
		if err := r.filter.Batch(unix.NFNL_SUBSYS_NFTABLES, []*netlink.Message{m}); err != nil && !errors.Is(err, unix.ENOENT) {
			problems = append(problems, err)
		}
	}
	return errors.Join(problems...)
}

// open makes the table, and keeps the socket that owns it.
func (r *Router) open() error {
	filter, err := netlink.Dial(unix.NETLINK_NETFILTER)
	if err != nil {
		return err
	}
	if err := r.makeTable(filter); err != nil {
		filter.Close()
		return err
	}
	r.filter = filter
	return nil
}

func (r *Router) makeTable(filter *netlink.Conn) error {
	create := func(flags uint32) error {
		return filter.Batch(unix.NFNL_SUBSYS_NFTABLES, r.table.create(flags, r.devices, r.policy, r.without))
	}
	err := create(tableOwner | tablePersist)
	if errors.Is(err, unix.EOPNOTSUPP) { // before Linux 6.9, see doc.go
		err = create(tableOwner)
	}
	return err
}

// Deny replaces the networks that no cell may go to. It acts on connections that
// are there too.
func (r *Router) Deny(networks []netip.Prefix) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	policy := Policy{Addresses: r.policy.Addresses, Deny: networks}
	if r.filter != nil {
		if err := r.filter.Batch(unix.NFNL_SUBSYS_NFTABLES, r.table.deny(policy)); err != nil {
			return fmt.Errorf("egress: table %s: %w%s", r.table, err, fix(err))
		}
	}
	r.policy = policy
	return nil
}

// Detach takes the way out away, and frees its addresses. The cell may have ended,
// and the device with it.
func (w *Wire) Detach() error {
	route, err := netlink.DialRoute()
	if err == nil {
		err = route.Delete(w.device)
		route.Close()
	}
	if err == nil {
		err = w.router.change(unix.NFT_MSG_DELSETELEM, w)
	}
	if err != nil {
		return fmt.Errorf("egress: %s: %w - its addresses stay taken until jailshd is started again", w.device, err)
	}
	w.router.pool.give(w.number)
	return nil
}

// Close removes the table. The cells have ended.
func (r *Router) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.filter == nil {
		return nil
	}
	err := errors.Join(r.removeTable(r.filter), r.filter.Close())
	r.filter = nil
	return err
}
