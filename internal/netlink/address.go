package netlink

import (
	"encoding/binary"
	"net/netip"

	"golang.org/x/sys/unix"
)

func family(a netip.Addr) uint8 {
	if a.Is4() {
		return unix.AF_INET
	}
	return unix.AF_INET6
}

// AddAddress gives a device an address and the network around it. IPv6's search
// for somebody who has it already (RFC 4862, section 5.4) is left out: nobody else
// is on the wire.
func (r *Route) AddAddress(index uint32, p netip.Prefix) error {
	m := &Message{Type: unix.RTM_NEWADDR, Flags: unix.NLM_F_CREATE | unix.NLM_F_EXCL}
	m.Body = Body{family(p.Addr()), uint8(p.Bits()), 0, unix.RT_SCOPE_UNIVERSE}
	m.Body = binary.NativeEndian.AppendUint32(m.Body, index)
	m.Body.Attr(unix.IFA_LOCAL, p.Addr().AsSlice())
	m.Body.Attr(unix.IFA_ADDRESS, p.Addr().AsSlice())
	m.Body.Uint32(unix.IFA_FLAGS, unix.IFA_F_NODAD)
	return wrap("address "+p.String(), r.Do(m))
}

// AddNeighbour says for good which hardware address is behind an address, so that
// neither side has to ask for it (ARP, RFC 4861).
func (r *Route) AddNeighbour(index uint32, a netip.Addr, hardware []byte) error {
	m := &Message{Type: unix.RTM_NEWNEIGH, Flags: unix.NLM_F_CREATE | unix.NLM_F_REPLACE}
	m.Body = Body{family(a), 0, 0, 0}
	m.Body = binary.NativeEndian.AppendUint32(m.Body, index)
	m.Body = binary.NativeEndian.AppendUint16(m.Body, unix.NUD_PERMANENT)
	m.Body = append(m.Body, 0, unix.RTN_UNICAST)
	m.Body.Attr(unix.NDA_DST, a.AsSlice())
	m.Body.Attr(unix.NDA_LLADDR, hardware)
	return wrap("neighbour "+a.String(), r.Do(m))
}

// AddDefault sends everything that has no better route by way of gateway.
func (r *Route) AddDefault(index uint32, gateway netip.Addr) error {
	m := &Message{Type: unix.RTM_NEWROUTE, Flags: unix.NLM_F_CREATE | unix.NLM_F_EXCL}
	m.Body = Body{family(gateway), 0, 0, 0, unix.RT_TABLE_MAIN, unix.RTPROT_STATIC, unix.RT_SCOPE_UNIVERSE, unix.RTN_UNICAST, 0, 0, 0, 0}
	m.Body.Attr(unix.RTA_GATEWAY, gateway.AsSlice())
	m.Body.Uint32(unix.RTA_OIF, index)
	return wrap("default route by "+gateway.String(), r.Do(m))
}

// Addresses calls each with every address of this network namespace, the network
// around it, and the number of its device.
func (r *Route) Addresses(each func(p netip.Prefix, index uint32)) error {
	any := make(Body, unix.SizeofIfAddrmsg)
	return wrap("list the addresses", r.List(&Message{Type: unix.RTM_GETADDR, Body: any}, func(b Body) error {
		var local, address netip.Addr
		err := b.Attributes(unix.SizeofIfAddrmsg, func(kind uint16, value []byte) bool {
			switch kind {
			case unix.IFA_LOCAL: // of IPv4, where IFA_ADDRESS is the other end's
				local, _ = netip.AddrFromSlice(value)
			case unix.IFA_ADDRESS:
				address, _ = netip.AddrFromSlice(value)
			}
			return true
		})
		if err != nil {
			return err
		}
		if !local.IsValid() {
			local = address
		}
		if local.IsValid() {
			each(netip.PrefixFrom(local, int(b[1])), binary.NativeEndian.Uint32(b[4:]))
		}
		return nil
	}))
}
