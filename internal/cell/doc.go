// Package cell is the client of a cell's init: it asks for processes in a
// running jail and hands out the descriptors that lead to them. jailsh-net uses
// it for every session, and `jailsh run` for its command.
//
// The init at the other end runs as the jail's user and is believed nothing
// beyond her own session: each descriptor that it sends is checked for what it
// is before anything is done with it, so that it can't hand over a file, a
// device or a socket in place of a pipe or a terminal.
package cell
