package egress

import (
	"encoding/binary"

	"github.com/jailsh/jailsh/internal/netlink"
	"golang.org/x/sys/unix"
)

// expression is one operation of a rule (linux/netfilter/nf_tables.h): it loads
// into a register, compares one and ends the rule if that is false, or says what
// becomes of the packet.
type expression struct {
	name  string
	attrs netlink.Body
}

// Registers hold 16 bytes each. A key of two parts lies in reg1 and what follows.
const (
	reg1     = 1  // NFT_REG_1
	reg2Part = 12 // NFT_REG32_04: the first four bytes of NFT_REG_2
)

func express(name string, fill func(*netlink.Body)) expression {
	e := expression{name: name}
	fill(&e.attrs)
	return e
}

func (e expression) write(to *netlink.Body, kind uint16) {
	to.Nest(kind, func(b *netlink.Body) {
		b.Text(unix.NFTA_EXPR_NAME, e.name)
		b.Attr(unix.NFTA_EXPR_DATA|unix.NLA_F_NESTED, e.attrs)
	})
}

func value(b *netlink.Body, kind uint16, data []byte) {
	b.Nest(kind, func(v *netlink.Body) { v.Attr(unix.NFTA_DATA_VALUE, data) })
}

// meta loads a fact about the packet, one of unix.NFT_META_*.
func meta(key, register uint32) expression {
	return express("meta", func(b *netlink.Body) {
		b.Big32(unix.NFTA_META_DREG, register)
		b.Big32(unix.NFTA_META_KEY, key)
	})
}

// is goes on if the register begins with data.
func is(register uint32, data []byte) expression { return compare(register, unix.NFT_CMP_EQ, data) }

func isNot(register uint32, data []byte) expression {
	return compare(register, unix.NFT_CMP_NEQ, data)
}

func compare(register, op uint32, data []byte) expression {
	return express("cmp", func(b *netlink.Body) {
		b.Big32(unix.NFTA_CMP_SREG, register)
		b.Big32(unix.NFTA_CMP_OP, op)
		value(b, unix.NFTA_CMP_DATA, data)
	})
}

// load takes bytes of a header: NFT_PAYLOAD_NETWORK_HEADER or _TRANSPORT_HEADER.
func load(base, offset, length, register uint32) expression {
	return express("payload", func(b *netlink.Body) {
		b.Big32(unix.NFTA_PAYLOAD_DREG, register)
		b.Big32(unix.NFTA_PAYLOAD_BASE, base)
		b.Big32(unix.NFTA_PAYLOAD_OFFSET, offset)
		b.Big32(unix.NFTA_PAYLOAD_LEN, length)
	})
}

// mask leaves the bits of the register that are set in bits.
func mask(register uint32, bits []byte) expression {
	return express("bitwise", func(b *netlink.Body) {
		b.Big32(unix.NFTA_BITWISE_SREG, register)
		b.Big32(unix.NFTA_BITWISE_DREG, register)
		b.Big32(unix.NFTA_BITWISE_LEN, uint32(len(bits)))
		value(b, unix.NFTA_BITWISE_MASK, bits)
		value(b, unix.NFTA_BITWISE_XOR, make([]byte, len(bits)))
	})
}

// in goes on if what begins at the register is in the set.
func in(set string, register uint32) expression { return lookup(set, register, 0) }

func notIn(set string, register uint32) expression {
	return lookup(set, register, unix.NFT_LOOKUP_F_INV)
}

func lookup(set string, register, flags uint32) expression {
	return express("lookup", func(b *netlink.Body) {
		b.Text(unix.NFTA_LOOKUP_SET, set)
		b.Big32(unix.NFTA_LOOKUP_SREG, register)
		b.Big32(unix.NFTA_LOOKUP_FLAGS, flags)
	})
}

// addressType loads what the host's routing tables say about the destination: an
// RTN_* number.
func addressType(register uint32) expression {
	return express("fib", func(b *netlink.Body) {
		b.Big32(unix.NFTA_FIB_DREG, register)
		b.Big32(unix.NFTA_FIB_RESULT, unix.NFT_FIB_RESULT_ADDRTYPE)
		b.Big32(unix.NFTA_FIB_FLAGS, unix.NFTA_FIB_F_DADDR)
	})
}

// Bits of a connection's state: NF_CT_STATE_BIT of nf_conntrack_common.h.
const (
	stateEstablished = 1 << 1
	stateRelated     = 1 << 2
	stateNew         = 1 << 3
)

// state goes on if the packet's connection is in one of the states, or, with
// none, if it is in none of them.
func state(bits uint32, none bool) []expression {
	op := isNot
	if none {
		op = is
	}
	return []expression{
		express("ct", func(b *netlink.Body) {
			b.Big32(unix.NFTA_CT_DREG, reg1)
			b.Big32(unix.NFTA_CT_KEY, unix.NFT_CT_STATE)
		}),
		mask(reg1, binary.NativeEndian.AppendUint32(nil, bits)),
		op(reg1, make([]byte, 4)),
	}
}

// connectionsOver goes on if the address in the register, which gets an entry in
// the set, has more than n connections.
func connectionsOver(set string, register, n uint32) expression {
	const (
		limit, flags = 1, 2 // NFTA_CONNLIMIT_*
		over         = 1    // NFT_CONNLIMIT_F_INV
	)
	return express("dynset", func(b *netlink.Body) {
		b.Text(unix.NFTA_DYNSET_SET_NAME, set)
		b.Big32(unix.NFTA_DYNSET_OP, unix.NFT_DYNSET_OP_ADD)
		b.Big32(unix.NFTA_DYNSET_SREG_KEY, register)
		express("connlimit", func(c *netlink.Body) {
			c.Big32(limit, n)
			c.Big32(flags, over)
		}).write(b, unix.NFTA_DYNSET_EXPR)
	})
}

// accept, drop and those that follow end a rule. NF_DROP and NF_ACCEPT are those
// of linux/netfilter.h.
func accept() expression { return verdict(1, "") }

func drop() expression { return verdict(0, "") }

// jump goes on in another chain, and comes back if nothing there decides.
func jump(chain string) expression { return verdict(unix.NFT_JUMP, chain) }

func verdict(code int32, chain string) expression {
	return express("immediate", func(b *netlink.Body) {
		b.Big32(unix.NFTA_IMMEDIATE_DREG, unix.NFT_REG_VERDICT)
		b.Nest(unix.NFTA_IMMEDIATE_DATA, func(d *netlink.Body) {
			d.Nest(unix.NFTA_DATA_VERDICT, func(v *netlink.Body) {
				v.Big32(unix.NFTA_VERDICT_CODE, uint32(code))
				if chain != "" {
					v.Text(unix.NFTA_VERDICT_CHAIN, chain)
				}
			})
		})
	})
}

// prohibit drops the packet and tells the sender: "administratively prohibited" of
// ICMP (RFC 1812) and ICMPv6 (RFC 4443).
func prohibit() expression {
	return express("reject", func(b *netlink.Body) {
		b.Big32(unix.NFTA_REJECT_TYPE, unix.NFT_REJECT_ICMPX_UNREACH)
		b.Attr(unix.NFTA_REJECT_ICMP_CODE, []byte{unix.NFT_REJECT_ICMPX_ADMIN_PROHIBITED})
	})
}

// reset drops the packet, of TCP, and ends the connection as its other end would.
func reset() expression {
	return express("reject", func(b *netlink.Body) { b.Big32(unix.NFTA_REJECT_TYPE, unix.NFT_REJECT_TCP_RST) })
}

// masquerade gives the packet, and with it its connection, the host's address on
// the way that it takes.
func masquerade() expression { return express("masq", func(*netlink.Body) {}) }
