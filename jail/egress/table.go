package egress

import (
	"net/netip"
	"slices"

	"github.com/jailsh/jailsh/internal/netlink"
	"golang.org/x/sys/unix"
)

// table is the name of a table of nf_tables, in the family inet, which sees IPv4
// and IPv6 alike. Its methods make the messages that change it.
type table string

// message is one change; kind is one of unix.NFT_MSG_*.
func (t table) message(kind, flags uint16, name uint16, fill func(*netlink.Body)) *netlink.Message {
	m := &netlink.Message{Type: unix.NFNL_SUBSYS_NFTABLES<<8 | kind, Flags: flags, Body: netlink.Filter(unix.NFPROTO_INET, 0)}
	m.Body.Text(name, string(t))
	fill(&m.Body)
	return m
}

func (t table) add(kind uint16, name uint16, fill func(*netlink.Body)) *netlink.Message {
	return t.message(kind, unix.NLM_F_CREATE|unix.NLM_F_EXCL, name, fill)
}

// Flags of a table (linux/netfilter/nf_tables.h). owner, since Linux 5.12: only the
// socket that made it can change it, and `nft flush ruleset` leaves it alone.
// persist, since 6.9: it outlives that socket.
const (
	tableOwner   = 2
	tablePersist = 4
)

// remove removes the table with all that is in it.
func (t table) remove() *netlink.Message {
	return t.message(unix.NFT_MSG_DELTABLE, 0, unix.NFTA_TABLE_NAME, func(*netlink.Body) {})
}

// create is the table with its sets, chains and rules, without those called
// without.
func (t table) create(flags uint32, devices string, policy Policy, without []string) []*netlink.Message {
	all := []*netlink.Message{t.add(unix.NFT_MSG_NEWTABLE, unix.NFTA_TABLE_NAME, func(b *netlink.Body) {
		b.Big32(unix.NFTA_TABLE_FLAGS, flags)
	})}
	id := uint32(0)
	for _, p := range protocols() {
		for _, s := range []struct {
			name          string
			kind, length  uint32
			flags, amount uint32
		}{
			{"sources", typeName<<typeBits | p.kind(), unix.IFNAMSIZ + p.length, 0, 0},
			{"servers", typeName<<typeBits | p.kind(), unix.IFNAMSIZ + p.length, 0, 0},
			{"connections", p.kind(), p.length, unix.NFT_SET_EVAL, maxCells},
		} {
			id++
			all = append(all, t.add(unix.NFT_MSG_NEWSET, unix.NFTA_SET_TABLE, func(b *netlink.Body) {
				b.Text(unix.NFTA_SET_NAME, s.name+p.suffix)
				b.Big32(unix.NFTA_SET_FLAGS, s.flags)
				b.Big32(unix.NFTA_SET_KEY_TYPE, s.kind)
				b.Big32(unix.NFTA_SET_KEY_LEN, s.length)
				b.Big32(unix.NFTA_SET_ID, id)
				if s.amount > 0 {
					b.Nest(unix.NFTA_SET_DESC, func(d *netlink.Body) { d.Big32(unix.NFTA_SET_DESC_SIZE, s.amount) })
				}
			}))
		}
	}
	for _, c := range chains() {
		all = append(all, t.add(unix.NFT_MSG_NEWCHAIN, unix.NFTA_CHAIN_TABLE, func(b *netlink.Body) {
			b.Text(unix.NFTA_CHAIN_NAME, c.name)
			if c.kind == "" {
				return
			}
			b.Nest(unix.NFTA_CHAIN_HOOK, func(h *netlink.Body) {
				h.Big32(unix.NFTA_HOOK_HOOKNUM, c.hook)
				h.Big32(unix.NFTA_HOOK_PRIORITY, uint32(c.priority))
			})
			b.Text(unix.NFTA_CHAIN_TYPE, c.kind)
		}))
	}
	for _, r := range append(rules(devices, policy), denials(policy)...) {
		if !slices.Contains(without, r.name) {
			all = append(all, t.rule(r))
		}
	}
	return all
}

// The numbers that nft(8) gives to types, for whoever lists the table; the kernel
// only keeps them. A key of two parts has the types of both.
const (
	typeName = 41
	typeBits = 6
)

func (p protocol) kind() uint32 {
	if p.length == 4 {
		return 7
	}
	return 8
}

// rule appends a rule to its chain.
func (t table) rule(r rule) *netlink.Message {
	return t.message(unix.NFT_MSG_NEWRULE, unix.NLM_F_CREATE|unix.NLM_F_APPEND, unix.NFTA_RULE_TABLE, func(b *netlink.Body) {
		b.Text(unix.NFTA_RULE_CHAIN, r.chain)
		b.Nest(unix.NFTA_RULE_EXPRESSIONS, func(list *netlink.Body) {
			for _, e := range append(r.match[:len(r.match):len(r.match)], r.then) {
				e.write(list, unix.NFTA_LIST_ELEM)
			}
		})
	})
}

// deny replaces the chain of what is denied.
func (t table) deny(policy Policy) []*netlink.Message {
	all := []*netlink.Message{t.message(unix.NFT_MSG_DELRULE, 0, unix.NFTA_RULE_TABLE, func(b *netlink.Body) {
		b.Text(unix.NFTA_RULE_CHAIN, "deny")
	})}
	for _, r := range denials(policy) {
		all = append(all, t.rule(r))
	}
	return all
}

// cell adds or removes what the table knows of one cell: its device with its
// addresses, and with the name servers that it may ask.
func (t table) cell(kind uint16, device string, own, servers []netip.Addr) []*netlink.Message {
	flags := uint16(0)
	if kind == unix.NFT_MSG_NEWSETELEM {
		flags = unix.NLM_F_CREATE
	}
	var all []*netlink.Message
	for _, s := range []struct {
		name      string
		addresses []netip.Addr
	}{{"sources", own}, {"servers", servers}} {
		for _, a := range s.addresses {
			key := make([]byte, unix.IFNAMSIZ, 2*unix.IFNAMSIZ)
			copy(key, device)
			key = append(key, a.AsSlice()...)
			all = append(all, t.message(kind, flags, unix.NFTA_SET_ELEM_LIST_TABLE, func(b *netlink.Body) {
				b.Text(unix.NFTA_SET_ELEM_LIST_SET, s.name+of(a).suffix)
				b.Nest(unix.NFTA_SET_ELEM_LIST_ELEMENTS, func(list *netlink.Body) {
					list.Nest(unix.NFTA_LIST_ELEM, func(e *netlink.Body) { value(e, unix.NFTA_SET_ELEM_KEY, key) })
				})
			}))
		}
	}
	return all
}

// has asks whether the table is there.
func (t table) has(c *netlink.Conn) error {
	return c.Do(t.message(unix.NFT_MSG_GETTABLE, 0, unix.NFTA_TABLE_NAME, func(*netlink.Body) {}))
}
