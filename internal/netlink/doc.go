// Package netlink asks the kernel for devices, addresses, routes and packet
// filters: netlink(7), as much of rtnetlink(7) and nfnetlink as a cell's way out
// to the world needs.
//
// jailshd calls it for the host's end of the way (package jail/egress), and
// jailsh-init, still root, for the cell's end (package jail/build). The other side
// is the kernel of this host; nothing of the network or of a user is decoded
// here. What is decoded is bounded all the same, and a message that isn't whole
// is an error.
//
// # Why by hand
//
// Weighed were google/nftables 0.3 over mdlayher/netlink, and vishvananda/netlink.
// The first two come to 13 packages and 14,000 lines in a process that is root,
// with an unreleased version of the one below the other; PID 1 of every jail,
// which gives its end of the way an address, may not have any of it. It needs the
// message format then, and that is most of the work: the filter on top is a list
// of expressions, which look the same with a library and without. So it is one
// format, written once, for an auditor to read in a quarter of an hour.
//
// # Invariants
//
// Every request asks for an answer, and its error is returned. A batch is all or
// nothing. A Conn is used by one goroutine at a time.
package netlink
