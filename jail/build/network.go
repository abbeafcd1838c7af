package build

import (
	"fmt"
	"net/netip"

	"github.com/jailsh/jailsh/internal/netlink"
	"github.com/jailsh/jailsh/internal/wire"
)

// raiseLink gives the cell's end of its way out its addresses, and sends
// everything by way of the host's end. Nobody in the cell can change it: that
// takes CAP_NET_ADMIN.
func (j *jail) raiseLink() error {
	if j.spec.Network.Kind != wire.NetworkEgress {
		return nil
	}
	route, err := netlink.DialRoute()
	if err != nil {
		return err
	}
	defer route.Close()
	return RaiseLink(route, &j.spec.Network.Link)
}

// RaiseLink does it in the network namespace of the socket. It is a step of every
// jail with a way out; tests of jail/egress call it without a jail.
func RaiseLink(route *netlink.Route, link *wire.Link) error {
	index, err := route.Index(link.Device)
	if err != nil {
		return err
	}
	if err := route.NoLinkLocal(index); err != nil {
		return err
	}
	for _, a := range link.Addresses {
		own, ok := netip.AddrFromSlice(a.Own)
		if !ok {
			return fmt.Errorf("%x is no address", a.Own)
		}
		if err := route.AddAddress(index, netip.PrefixFrom(own, own.BitLen()-1)); err != nil {
			return err
		}
	}
	if err := route.Up(index); err != nil {
		return err
	}
	for _, a := range link.Addresses {
		gateway, ok := netip.AddrFromSlice(a.Gateway)
		if !ok {
			return fmt.Errorf("%x is no address", a.Gateway)
		}
		if err := route.AddNeighbour(index, gateway, link.Gateway); err != nil {
			return err
		}
		if err := route.AddDefault(index, gateway); err != nil {
			return err
		}
	}
	return nil
}
