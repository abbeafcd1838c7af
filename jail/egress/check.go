package egress

import (
	"errors"
	"fmt"
	"os"

	"github.com/jailsh/jailsh/internal/netlink"
	"github.com/jailsh/jailsh/internal/thread"
	"golang.org/x/sys/unix"
)

// Check is what keeps this host from giving cells a way out, each with its fix.
// It tries the table and a pair of devices in a network namespace that ends with
// it, and changes nothing of the host. It needs root.
func (r *Router) Check() []error {
	var found []error
	add := func(err error) {
		if err != nil {
			found = append(found, err)
		}
	}
	for _, n := range r.pool.networks {
		add(forwarding(procSys, n))
	}
	add(r.clash())
	add(thread.Apart(r.try))
	return found
}

// clash looks for somebody else on this host who has addresses of the pool.
func (r *Router) clash() error {
	route, err := netlink.DialRoute()
	if err != nil {
		return err
	}
	defer route.Close()
	return r.free(route)
}

// try makes what Attach makes, in a network namespace of the calling thread's.
func (r *Router) try() error {
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		return fmt.Errorf("unshare(CLONE_NEWNET): %w - run: jailsh check", err)
	}
	filter, err := netlink.Dial(unix.NETLINK_NETFILTER)
	if err != nil {
		return fmt.Errorf("nf_tables: %w - boot a kernel with CONFIG_NF_TABLES", err)
	}
	defer filter.Close()
	if err := r.makeTable(filter); err != nil {
		return lacking("nf_tables", err, "NF_TABLES_INET, NFT_CT, NFT_CONNLIMIT, NFT_FIB_INET, NFT_MASQ, NFT_REJECT_INET")
	}
	route, err := netlink.DialRoute()
	if err != nil {
		return err
	}
	defer route.Close()
	here, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		return err
	}
	defer here.Close()
	err = route.AddPair(netlink.End{Name: r.devices + "0", Address: hardware(0, 0)},
		netlink.End{Name: cellDevice, Address: hardware(0, 1)}, int(here.Fd()))
	return lacking("veth", err, "VETH")
}

func lacking(what string, err error, options string) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, unix.EPERM):
		return fmt.Errorf("%s: %w - run jailshd with CAP_NET_ADMIN", what, err)
	}
	return fmt.Errorf("%s: %w - boot a kernel of 5.12 or newer, with these of its options: %s", what, err, options)
}
