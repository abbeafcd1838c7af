package wire

import "fmt"

// NetworkKind says which network a cell is in.
type NetworkKind uint8

// The kinds, with the names that they have in users.toml.
const (
	NetworkPrivate NetworkKind = iota + 1 // its own, with a loopback and nothing else
	NetworkHost                           // the host's
	NetworkEgress                         // its own, with a way out to the world
)

var networkNames = [...]string{NetworkPrivate: "private", NetworkHost: "host", NetworkEgress: "egress"}

func (k NetworkKind) String() string {
	if k >= NetworkPrivate && int(k) < len(networkNames) {
		return networkNames[k]
	}
	return fmt.Sprintf("network %d", uint8(k))
}

// Network is the network of a cell.
type Network struct {
	Kind    NetworkKind
	Servers [][]byte // egress: name servers that it may ask, 4 or 16 bytes each
	Link    Link     // egress: set when jailshd has made it, before init builds
}

// Link is a cell's end of its way out. The device is in the cell's network
// namespace already; init gives it its addresses and raises it.
type Link struct {
	Device    string // its name in the cell
	Gateway   []byte // hardware address of the host's end, 6 bytes
	Addresses []LinkAddress
}

// LinkAddress is one end-to-end pair: 4 bytes each, in a /31 (RFC 3021), or 16,
// in a /127 (RFC 6164).
type LinkAddress struct{ Own, Gateway []byte }

func (m *Network) fields(c *codec) {
	c.u8((*uint8)(&m.Kind))
	list(c, &m.Servers, MaxServers, func(c *codec, s *[]byte) { c.bytes(s, MaxAddress) })
	c.str(&m.Link.Device, MaxName)
	c.bytes(&m.Link.Gateway, MaxAddress)
	list(c, &m.Link.Addresses, MaxAddresses, func(c *codec, a *LinkAddress) {
		c.bytes(&a.Own, MaxAddress)
		c.bytes(&a.Gateway, MaxAddress)
	})
}
