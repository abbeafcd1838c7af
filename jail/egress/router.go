package egress

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"net/netip"
	"sync"

	"github.com/jailsh/jailsh/internal/netlink"
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
		if err := r.open(); err != nil {
			return err
		}
	}
	return r.filter.Batch(unix.NFNL_SUBSYS_NFTABLES, r.table.cell(kind, w.device, w.own, w.servers))
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
	if errors.Is(err, unix.EOPNOTSUPP) || errors.Is(err, unix.EINVAL) { // before Linux 6.9, see doc.go
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
