// Package egress is the host's half of network = "egress": a way out to the world
// for a cell, that is none to the host, to other cells, or to where the
// administrator doesn't want them.
//
//	cell, its own namespace          |  host
//	                                 |
//	lo    eth0 100.127.0.1/31  ------+-- jsh1a2b3-0 100.127.0.0/31 --- forward --- eth0 --- world
//	                                 |     filtered by the table       masquerade
//
// jailshd calls it: Attach between the clone of a cell's init and its first order,
// Detach when the cell has ended. Init then gives eth0 its address (jail/build, the
// step network). No thread changes its network namespace for it: the kernel puts
// the far end of a new pair where it is told to.
//
// # What an attacker can do
//
// A user in a cell sends what her programs send. She has no capability: no raw or
// packet socket, no device, address, route or neighbour can be made or changed,
// and the settings below /proc/sys are read-only. Were she root in there all the
// same, the table on the host's side would hold: it lets a device's packets pass
// with that device's address only. She can reach what anybody in the world can, as
// the host: what trusts the host's address trusts her, unless it is in egress_deny.
//
// Whoever is in the world sees the host's address. Nobody can call a cell.
//
// # What is guaranteed
//
// Nothing of the host's is reached, by what the host's routing says at that moment
// and not by a list of addresses: what isn't unicast to somebody else is refused
// before anybody's DNAT, and nothing from a cell is delivered on the host. Both
// are in the table `inet jailsh-XXXXX` (rules.go), made in one transaction before
// the first cell has its way out, and only then a device appears.
//
// The table belongs to a socket of jailshd's (NFT_TABLE_F_OWNER): `nft flush
// ruleset`, which reloading a firewall does, leaves it alone, and so it can't be
// lost while cells run. When jailshd is killed the cells die with it; the table
// stays on Linux 6.9 and newer (NFT_TABLE_F_PERSIST), and the next start removes
// it. An older kernel removes it with the socket, and in the milliseconds until
// init has seen the end of its own socket, a cell's packets aren't filtered.
//
// A failure ends the login, names its step, and leaves no device, no element of a
// set and no address taken. Devices go with the cell's namespace, whatever happens.
//
// # Decisions
//
// The settings of the host are never changed, but for those of its own devices: a
// host begins to forward between all its networks when net.ipv4.ip_forward is set,
// which is for its administrator to want.
//
// A cell has IPv6 if egress_addresses names an IPv6 network, and then masquerades
// it too: cells have no addresses that the world could route to. Without, it has
// none but its loopback's, and programs take IPv4 at once.
//
// Neighbours are told to both ends for good, so neither asks: no ARP, no neighbour
// discovery, and no exception from "nothing is delivered on the host".
//
// Why there is no library below it is said in internal/netlink.
//
// Lock order: Router.mu alone; it is held while the kernel changes the table, for
// some hundred microseconds.
package egress
