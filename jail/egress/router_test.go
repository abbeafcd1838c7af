package egress

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/jailsh/jailsh/internal/netlink"
	"github.com/jailsh/jailsh/internal/netlink/space"
	"golang.org/x/sys/unix"
)

// state is what a way out could leave on the host: devices, addresses, tables and
// what is in the sets of the router's.
func (b *bed) state(t *testing.T, r *Router) string {
	t.Helper()
	var all []string
	b.host.Route(func(route *netlink.Route) error {
		devices, err := route.Devices("")
		for n, name := range devices {
			all = append(all, fmt.Sprintf("device %d %s", n, name))
		}
		return errors.Join(err, route.Addresses(func(p netip.Prefix, n uint32) {
			if !p.Addr().IsLinkLocalUnicast() { // the kernel gives them in its own time
				all = append(all, fmt.Sprintf("address %s of %d", p, n))
			}
		}))
	})
	for _, name := range b.tables() {
		all = append(all, "table "+name)
		for _, set := range []string{"sources4", "sources6", "servers4", "servers6"} {
			if name == r.Table() {
				all = append(all, fmt.Sprintf("%s %d", set, b.elements(table(name), set)))
			}
		}
	}
	all = append(all, fmt.Sprintf("%d addresses taken", len(r.pool.taken)))
	slices.Sort(all)
	return strings.Join(all, "\n")
}

// filter runs f with a socket of the host's that owns nothing.
func (b *bed) filter(f func(*netlink.Conn) error) {
	b.host.Must(func() error {
		c, err := netlink.Dial(unix.NETLINK_NETFILTER)
		if err != nil {
			return err
		}
		defer c.Close()
		return f(c)
	})
}

func (b *bed) tables() (names []string) {
	b.filter(func(c *netlink.Conn) error {
		list := &netlink.Message{Type: unix.NFNL_SUBSYS_NFTABLES<<8 | unix.NFT_MSG_GETTABLE, Body: netlink.Filter(unix.NFPROTO_INET, 0)}
		return c.List(list, func(body netlink.Body) error {
			return body.Attributes(4, func(kind uint16, value []byte) bool {
				if kind == unix.NFTA_TABLE_NAME {
					names = append(names, strings.TrimRight(string(value), "\x00"))
				}
				return true
			})
		})
	})
	return names
}

func (b *bed) elements(name table, set string) (n int) {
	list := name.message(unix.NFT_MSG_GETSETELEM, 0, unix.NFTA_SET_ELEM_LIST_TABLE, func(body *netlink.Body) {
		body.Text(unix.NFTA_SET_ELEM_LIST_SET, set)
	})
	b.filter(func(c *netlink.Conn) error {
		return c.List(list, func(body netlink.Body) error {
			return body.Attributes(4, func(kind uint16, value []byte) bool {
				if kind == unix.NFTA_SET_ELEM_LIST_ELEMENTS {
					_ = netlink.Body(value).Attributes(0, func(uint16, []byte) bool { n++; return true })
				}
				return true
			})
		})
	})
	return n
}

// Whatever goes wrong has a name and, where there is one, a fix; and the host is as
// before.
func TestAFailedAttachLeavesNothing(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spoil func(t *testing.T, b *bed, r *Router, c *space.Space) // what is wrong
		want  string
	}{
		"forwarding": {
			func(_ *testing.T, b *bed, _ *Router, _ *space.Space) { b.host.Sysctl("net/ipv4/ip_forward", "0") },
			"egress: net.ipv4.ip_forward is 0: this host forwards nothing - run: sysctl -w net.ipv4.ip_forward=1",
		},
		"forwarding of IPv6": {func(_ *testing.T, b *bed, _ *Router, _ *space.Space) {
			b.host.Sysctl("net/ipv6/conf/all/forwarding", "0")
		}, "egress: net.ipv6.conf.all.forwarding is 0"},
		"addresses of another": {
			func(_ *testing.T, b *bed, _ *Router, _ *space.Space) { b.host.Address("lo", "100.127.1.9/32") },
			"egress: egress_addresses: 100.127.1.0/24: a device of this host has 100.127.1.9/32 - choose another network",
		},
		"a network around": {
			func(_ *testing.T, b *bed, _ *Router, _ *space.Space) { b.host.Address("lo", "100.126.0.1/15") },
			"egress: egress_addresses: 100.127.1.0/24: a device of this host has 100.126.0.1/15 - choose another network",
		},
		"a cell with such a device": {
			func(t *testing.T, _ *bed, _ *Router, c *space.Space) { c.Wire(space.New(t)) },
			"egress: add the pair jsh",
		},
		"a host with such a device": {func(t *testing.T, b *bed, r *Router, _ *space.Space) {
			other := space.New(t)
			b.host.Route(func(route *netlink.Route) error {
				f, err := os.Open(fmt.Sprintf("/proc/%d/ns/net", other.Pid))
				if err != nil {
					return err
				}
				defer f.Close()
				r.pool.next = 0
				return route.AddPair(netlink.End{Name: r.devices + "0", Address: hardware(7, 0)}, netlink.End{Name: "eth0", Address: hardware(7, 1)}, int(f.Fd()))
			})
		}, "egress: add the pair jsh"},
		"a table of another's": {func(t *testing.T, b *bed, r *Router, _ *space.Space) {
			second := &Router{devices: r.devices, table: r.table, policy: r.policy}
			b.host.Must(second.open)
			t.Cleanup(func() { b.host.Must(second.Close) })
		}, "egress: table jailsh-"},
		unprivileged: {nil, "operation not permitted - run jailshd as root, with CAP_NET_ADMIN"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBed(t)
			r := b.router(t)
			victim := space.New(t)
			if c.spoil != nil {
				c.spoil(t, b, r, victim)
			}
			before := b.state(t, r)
			var err error
			b.host.Must(func() error {
				if name == unprivileged {
					defer netAdmin(t, netAdmin(t, 0))
				}
				_, err = r.Attach(victim.Pid, [][]byte{{10, 9, 9, 2}})
				return nil
			})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %s", err, c.want)
			}
			// An empty table stays for the next cell.
			empty := strings.NewReplacer("\ntable "+r.Table(), "", "\nsources4 0", "", "\nsources6 0", "", "\nservers4 0", "", "\nservers6 0", "")
			before, after := empty.Replace(before), empty.Replace(b.state(t, r))
			if after != before {
				t.Errorf("left behind:\n%s\nbefore:\n%s", after, before)
			}
		})
	}
}

const unprivileged = "no right to"

// netAdmin gives this thread the capability, or takes it, and returns what it had.
func netAdmin(t *testing.T, now uint32) (before uint32) {
	const bit = 1 << unix.CAP_NET_ADMIN
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if err := unix.Capget(&header, &data[0]); err != nil {
		t.Error(err)
	}
	before = data[0].Effective & bit
	data[0].Effective = data[0].Effective&^bit | now
	if err := unix.Capset(&header, &data[0]); err != nil {
		t.Error(err)
	}
	return before
}

// A cell that is gone takes its device along; Detach removes the rest, and can't
// fail for that.
func TestDetach(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	r := b.router(t)
	first := b.cell(t, r) // makes the table
	before := b.state(t, r)
	for range 3 {
		c := space.New(t)
		var w *Wire
		b.host.Must(func() (err error) {
			w, err = r.Attach(c.Pid, [][]byte{{10, 9, 9, 2}, netip.MustParseAddr(privateIP6).AsSlice()})
			return err
		})
		if now := b.elements(r.table, "sources4"); now != 2 {
			t.Errorf("%d cells are known, want 2", now)
		}
		b.host.Must(w.Detach)
		if after := b.state(t, r); after != before {
			t.Errorf("left behind:\n%s\nbefore:\n%s", after, before)
		}
	}
	first.reaches(t, worldIP, 80)
}

// A reload of the host's firewall begins with `flush ruleset`; other tables go by
// it, and the router's stays. So it does when its owner is killed, and the next
// start removes it.
func TestTheTableCantBeFlushed(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	r := New("/run/flush", Policy{Addresses: prefixes("100.127.0.0/16", "fd6a:73::/112"), Deny: b.deny})
	c := b.cell(t, r)
	other := table("other")
	flush := &netlink.Message{Type: unix.NFNL_SUBSYS_NFTABLES<<8 | unix.NFT_MSG_DELTABLE, Body: netlink.Filter(unix.AF_UNSPEC, 0)}
	b.filter(func(conn *netlink.Conn) error {
		made := other.add(unix.NFT_MSG_NEWTABLE, unix.NFTA_TABLE_NAME, func(body *netlink.Body) { body.Big32(unix.NFTA_TABLE_FLAGS, 0) })
		if err := conn.Batch(unix.NFNL_SUBSYS_NFTABLES, []*netlink.Message{made}); err != nil {
			return err
		}
		if err := conn.Batch(unix.NFNL_SUBSYS_NFTABLES, []*netlink.Message{flush}); err != nil {
			return err
		}
		if err := conn.Batch(unix.NFNL_SUBSYS_NFTABLES, []*netlink.Message{r.table.remove()}); !errors.Is(err, unix.EPERM) {
			t.Errorf("another may remove the table: %v", err)
		}
		return nil
	})
	if now := b.tables(); !slices.Equal(now, []string{r.Table()}) {
		t.Errorf("after a flush there are the tables %v", now)
	}
	c.isRefused(t, privateIP, 80)
	c.isRefused(t, "192.0.2.1", 80)

	// As the end of a process closes it. What a cell sends until its own end, if
	// anything, is dropped as before.
	b.host.Must(r.filter.Close)
	r.filter, c.wire.listed = nil, false
	if b.persistence() {
		c.isRefused(t, "192.0.2.1", 80)
	}
	next := New("/run/flush", r.policy)
	b.host.Must(next.Sweep)
	if now := b.state(t, next); strings.Contains(now, "jsh") || strings.Contains(now, "table") {
		t.Errorf("left after the next start:\n%s", now)
	}
	b.host.Must(next.Sweep) // of nothing
}

// persistence tells whether the kernel has it, which it does since Linux 6.9.
func (b *bed) persistence() (has bool) {
	b.filter(func(c *netlink.Conn) error {
		made := table("persistent").add(unix.NFT_MSG_NEWTABLE, unix.NFTA_TABLE_NAME, func(body *netlink.Body) {
			body.Big32(unix.NFTA_TABLE_FLAGS, tableOwner|tablePersist)
		})
		if has = c.Batch(unix.NFNL_SUBSYS_NFTABLES, []*netlink.Message{made}) == nil; !has {
			return nil
		}
		return c.Batch(unix.NFNL_SUBSYS_NFTABLES, []*netlink.Message{table("persistent").remove()})
	})
	return has
}

func TestPool(t *testing.T) {
	t.Parallel()
	p := newPool(prefixes("100.127.3.0/29", "fd00::/112"))
	p.next = 0
	for n := range uint32(4) {
		if got, err := p.take(); got != n || err != nil {
			t.Errorf("%d, %v", got, err)
		}
	}
	if _, err := p.take(); !errors.Is(err, errPoolEmpty) {
		t.Error(err)
	}
	p.give(2)
	p.give(1)
	for _, want := range []uint32{1, 2} {
		if got, err := p.take(); got != want || err != nil {
			t.Errorf("%d, %v", got, err)
		}
	}
	for n, want := range []string{"100.127.3.6 100.127.3.7", "fd00::6 fd00::7"} {
		if pair := p.pairs(3)[n]; pair.gateway.String()+" "+pair.own.String() != want {
			t.Errorf("%v, want %s", pair, want)
		}
	}
	// One that was given back comes after all others.
	p = newPool(prefixes("100.127.0.0/16"))
	first, _ := p.take()
	p.give(first)
	for n := range uint32(1<<15 - 1) {
		if got, _ := p.take(); got == first {
			t.Fatalf("dealt out again after %d", n)
		}
	}
}

// A host that is as it should be has no problem, and is as before.
func TestCheck(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	r := b.router(t)
	before := b.state(t, r)
	b.host.Must(func() error { return errors.Join(r.Check()...) })
	if after := b.state(t, r); after != before {
		t.Errorf("left behind:\n%s\nbefore:\n%s", after, before)
	}
	b.host.Sysctl("net/ipv4/ip_forward", "0")
	b.host.Address("lo", "100.127.1.9/32")
	var found []error
	b.host.Must(func() error {
		found = r.Check()
		return nil
	})
	if len(found) != 2 || !strings.Contains(found[0].Error(), "ip_forward") || !strings.Contains(found[1].Error(), "100.127.1.9/32") {
		t.Errorf("%v", found)
	}
}
