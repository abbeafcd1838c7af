package egress

import (
	"encoding/binary"
	"net/netip"

	"golang.org/x/sys/unix"
)

// rule is one line of the table. Its name is for tests, which leave one out.
type rule struct {
	chain, name string
	match       []expression
	then        expression
}

// chain is one list of rules. Those with a hook see packets; the others are jumped
// to.
type chain struct {
	name, kind string // kind: "filter", "nat", or "" without a hook
	hook       uint32
	priority   int32 // the lower, the earlier
}

// chains are all that the table has. prerouting comes after packets were put
// together from their fragments (-400), and before connections are tracked (-200)
// and anybody's DNAT (-100): it sees where the cell really wanted to.
func chains() []chain {
	return []chain{
		{"refused", "", 0, 0},
		{"asked", "", 0, 0},
		{"deny", "", 0, 0},
		{"counted", "", 0, 0},
		{"out", "", 0, 0},
		{"in", "", 0, 0},
		{"prerouting", "filter", unix.NF_INET_PRE_ROUTING, -310},
		{"input", "filter", unix.NF_INET_LOCAL_IN, -10},
		{"forward", "filter", unix.NF_INET_FORWARD, -10},
		{"postrouting", "nat", unix.NF_INET_POST_ROUTING, 100},
	}
}

// maxConnections is how many connections one cell may have at a time, of all
// protocols. The host's table of connections is shared by all, and has room for
// 65536 on a host of 4 GiB (nf_conntrack_max).
const maxConnections = 1024

// protocol is what differs between IPv4 and IPv6.
type protocol struct {
	suffix              string // of the names of sets
	family, icmp        byte   // NFPROTO_*, IPPROTO_*
	length              uint32 // of an address, bytes
	source, destination uint32 // offsets in the header (RFC 791, RFC 8200)
}

func protocols() []protocol {
	return []protocol{
		{"4", unix.NFPROTO_IPV4, unix.IPPROTO_ICMP, 4, 12, 16},
		{"6", unix.NFPROTO_IPV6, unix.IPPROTO_ICMPV6, 16, 8, 24},
	}
}

func of(a netip.Addr) protocol {
	if a.Is4() {
		return protocols()[0]
	}
	return protocols()[1]
}

// match goes on for packets of the protocol.
func (p protocol) match() []expression {
	return []expression{meta(unix.NFT_META_NFPROTO, reg1), is(reg1, []byte{p.family})}
}

func (p protocol) load(offset, register uint32) expression {
	return load(unix.NFT_PAYLOAD_NETWORK_HEADER, offset, p.length, register)
}

// devicePair loads a device's name and one of the packet's addresses, as the sets
// have them.
func (p protocol) devicePair(offset uint32) []expression {
	return append(p.match(), meta(unix.NFT_META_IIFNAME, reg1), p.load(offset, reg2Part))
}

// within goes on for packets whose destination is in the network.
func within(n netip.Prefix) []expression {
	p := of(n.Addr())
	bits := make([]byte, p.length)
	for i := range n.Bits() {
		bits[i/8] |= 0x80 >> (i % 8)
	}
	return append(p.match(), p.load(p.destination, reg1), mask(reg1, bits), is(reg1, n.Masked().Addr().AsSlice()))
}

// rules is the whole of what the table says, in order. devices is what the names
// of the cells' devices begin with.
func rules(devices string, policy Policy) []rule {
	from := []expression{meta(unix.NFT_META_IIFNAME, reg1), is(reg1, []byte(devices))}
	to := []expression{meta(unix.NFT_META_OIFNAME, reg1), is(reg1, []byte(devices))}
	unicast := binary.NativeEndian.AppendUint32(nil, unix.RTN_UNICAST)

	all := []rule{
		// Whatever the host does with its packets afterwards: a cell has no other
		// address than its own, and none of the host's is there for it, those that are
		// added tomorrow included. Nor is a broadcast or a multicast one.
		{"prerouting", "from a cell", from, jump("asked")},
	}
	for _, p := range protocols() {
		all = append(all, rule{"asked", "source" + p.suffix, append(p.devicePair(p.source), notIn("sources"+p.suffix, reg1)), drop()})
	}
	all = append(all, []rule{
		{"asked", "own addresses", []expression{addressType(reg1), isNot(reg1, unicast)}, refuse()},

		// A second lock on the same door: nothing from a cell is delivered on the host.
		{"input", "to the host", from, drop()},

		{"forward", "from a cell", from, jump("out")},
		{"forward", "to a cell", to, jump("in")},
	}...)
	for _, n := range policy.Addresses { // the rest of a connection of a cell that has ended
		all = append(all, rule{"forward", "to nobody", within(n), drop()})
	}
	all = append(all, []rule{
		{"out", "other cells", to, refuse()},
		// What belongs to no connection isn't masqueraded.
		{"out", "no connection", state(stateNew|stateEstablished|stateRelated, true), drop()},
	}...)
	for _, p := range protocols() {
		for _, transport := range []byte{unix.IPPROTO_TCP, unix.IPPROTO_UDP} {
			match := append(p.devicePair(p.destination), in("servers"+p.suffix, reg1),
				meta(unix.NFT_META_L4PROTO, reg1), is(reg1, []byte{transport}),
				load(unix.NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2, reg1), is(reg1, []byte{0, 53}))
			all = append(all, rule{"out", "name servers", match, jump("counted")})
		}
	}
	all = append(all,
		rule{"out", "denied", nil, jump("deny")},
		rule{"out", "the world", nil, jump("counted")})
	for _, p := range protocols() {
		match := append(p.match(), state(stateNew, false)...)
		match = append(match, p.load(p.source, reg1), connectionsOver("connections"+p.suffix, reg1, maxConnections))
		all = append(all, rule{"counted", "limit" + p.suffix, match, refuse()})
	}
	all = append(all, []rule{
		{"counted", "the rest", nil, accept()},

		{"in", "answers", state(stateEstablished, false), accept()},
	}...)
	for _, p := range protocols() {
		match := append(state(stateRelated, false), p.match()...)
		match = append(match, meta(unix.NFT_META_L4PROTO, reg1), is(reg1, []byte{p.icmp}))
		all = append(all, rule{"in", "errors", match, accept()})
	}
	return append(all, []rule{
		{"in", "uncalled", nil, drop()},

		// TCP is reset: while a program connects, its socket takes no notice of an ICMP
		// error that comes from so near, and a connection that is there none at all.
		{"refused", "TCP", []expression{meta(unix.NFT_META_L4PROTO, reg1), is(reg1, []byte{unix.IPPROTO_TCP})}, reset()},
		{"refused", "others", nil, prohibit()},

		{"postrouting", "masquerade", from, masquerade()},
	}...)
}

// refuse drops a packet so that the program that sent it fails at once.
func refuse() expression { return jump("refused") }

// denials are the rules of the chain deny. The pool is always among them: who
// isn't in it any more is nobody, and who is, is another cell.
func denials(policy Policy) []rule {
	var all []rule
	for _, n := range append(policy.Addresses[:len(policy.Addresses):len(policy.Addresses)], policy.Deny...) {
		all = append(all, rule{"deny", n.String(), within(n), refuse()})
	}
	return all
}
