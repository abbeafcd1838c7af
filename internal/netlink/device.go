package netlink

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/sys/unix"
)

// Route is a Conn for devices, addresses and routes.
type Route struct{ *Conn }

// DialRoute opens it in the network namespace of the calling thread.
func DialRoute() (*Route, error) {
	c, err := Dial(unix.NETLINK_ROUTE)
	if err != nil {
		return nil, err
	}
	return &Route{c}, nil
}

// device is the fixed part of messages about devices, struct ifinfomsg.
func device(index, flags, change uint32) Body {
	b := make(Body, 4, unix.SizeofIfInfomsg) // family, padding, type: any
	b = binary.NativeEndian.AppendUint32(b, index)
	b = binary.NativeEndian.AppendUint32(b, flags)
	return binary.NativeEndian.AppendUint32(b, change)
}

// End is one end of a veth(4) pair.
type End struct {
	Name    string
	Address []byte // hardware address, 6 bytes
}

// vethPeer is VETH_INFO_PEER of linux/veth.h.
const vethPeer = 1

// AddPair makes two devices that are wired to each other: one here, the other in
// the network namespace that fd stands for, where nothing of it was before.
func (r *Route) AddPair(here, there End, fd int) error {
	m := &Message{Type: unix.RTM_NEWLINK, Flags: unix.NLM_F_CREATE | unix.NLM_F_EXCL, Body: device(0, 0, 0)}
	m.Body.Text(unix.IFLA_IFNAME, here.Name)
	m.Body.Attr(unix.IFLA_ADDRESS, here.Address)
	m.Body.Nest(unix.IFLA_LINKINFO, func(info *Body) {
		info.Text(unix.IFLA_INFO_KIND, "veth")
		info.Nest(unix.IFLA_INFO_DATA, func(data *Body) {
			peer := device(0, 0, 0)
			peer.Text(unix.IFLA_IFNAME, there.Name)
			peer.Attr(unix.IFLA_ADDRESS, there.Address)
			peer.Uint32(unix.IFLA_NET_NS_FD, uint32(fd))
			data.Attr(vethPeer|unix.NLA_F_NESTED, peer)
		})
	})
	return wrap("add the pair "+here.Name, r.Do(m))
}

// Delete removes a device, and the other end of a pair with it. One that is gone
// is no error.
func (r *Route) Delete(name string) error {
	m := &Message{Type: unix.RTM_DELLINK, Body: device(0, 0, 0)}
	m.Body.Text(unix.IFLA_IFNAME, name)
	err := r.Do(m)
	if errors.Is(err, unix.ENODEV) {
		return nil
	}
	return wrap("delete "+name, err)
}

// Devices lists the devices whose name begins with prefix, by their number.
func (r *Route) Devices(prefix string) (map[uint32]string, error) {
	found := map[uint32]string{}
	err := r.List(&Message{Type: unix.RTM_GETLINK, Body: device(0, 0, 0)}, func(b Body) error {
		return b.Attributes(unix.SizeofIfInfomsg, func(kind uint16, value []byte) bool {
			if name := strings.TrimRight(string(value), "\x00"); kind == unix.IFLA_IFNAME && strings.HasPrefix(name, prefix) {
				found[binary.NativeEndian.Uint32(b[4:])] = name
			}
			return true
		})
	})
	return found, wrap("list the devices", err)
}

// Index is the number of a device.
func (r *Route) Index(name string) (uint32, error) {
	ifr, err := unix.NewIfreq(name)
	if err != nil {
		return 0, wrap("device "+name, err)
	}
	s, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0, wrap("socket", err)
	}
	defer unix.Close(s)
	if err := unix.IoctlIfreq(s, unix.SIOCGIFINDEX, ifr); err != nil {
		return 0, wrap("device "+name, err)
	}
	return ifr.Uint32(), nil
}

// Setting is an entry of /proc/sys/net/ipv4/conf/DEVICE: an IPV4_DEVCONF number
// of linux/ip.h, and its value.
type Setting struct {
	Number uint16
	Value  uint32
}

// Configure sets a device's IPv4 settings.
func (r *Route) Configure(index uint32, settings []Setting) error {
	m := &Message{Type: unix.RTM_SETLINK, Body: device(index, 0, 0)}
	m.Body.Nest(unix.IFLA_AF_SPEC, func(spec *Body) {
		spec.Nest(unix.AF_INET, func(inet *Body) {
			inet.Nest(unix.IFLA_INET_CONF, func(conf *Body) {
				for _, s := range settings {
					conf.Uint32(s.Number, s.Value)
				}
			})
		})
	})
	return wrap("configure", r.Do(m))
}

// addrGenModeNone is IN6_ADDR_GEN_MODE_NONE of linux/if_link.h.
const addrGenModeNone = 1

// NoLinkLocal keeps a device from giving itself an IPv6 address when it goes up. A
// kernel without IPv6 has none to give.
func (r *Route) NoLinkLocal(index uint32) error {
	m := &Message{Type: unix.RTM_SETLINK, Body: device(index, 0, 0)}
	m.Body.Nest(unix.IFLA_AF_SPEC, func(spec *Body) {
		spec.Nest(unix.AF_INET6, func(inet *Body) { inet.Attr(unix.IFLA_INET6_ADDR_GEN_MODE, []byte{addrGenModeNone}) })
	})
	err := r.Do(m)
	if errors.Is(err, unix.EAFNOSUPPORT) {
		return nil
	}
	return wrap("addr_gen_mode", err)
}

// Up raises a device.
func (r *Route) Up(index uint32) error {
	return wrap("up", r.Do(&Message{Type: unix.RTM_SETLINK, Body: device(index, unix.IFF_UP, unix.IFF_UP)}))
}

func wrap(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}
