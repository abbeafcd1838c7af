// Package pid1 is what jailsh-init does once the jail stands: as the user,
// without any privilege, it is PID 1 of her cell. It starts her processes when
// asked to over a socket, passes their terminals and pipes out, collects every
// orphan, and ends the cell when nothing is left to do.
//
// # Who talks to it
//
// jailshd over the control socket (descriptor 3): build, attach, stop. When that
// socket closes jailshd is gone, and PID 1 exits; the kernel then kills all of
// the PID namespace. jailsh-net and `jailsh run` over sockets that attach
// brought: spawn and signal, dial and listen, and, for terminals that outlive whoever
// has them (terminal.go), keep, release, terminals and adopt.
//
// # What an attacker can do
//
// A hostile client socket can start processes as the user, which is what it is
// for, and take over a terminal of hers that nobody has. It hands over no descriptor:
// what is held is what was made here, and a bounded number is kept. The user herself can kill the cell she is in, and slow it down; she can't
// trace PID 1, read its memory or its descriptors (it isn't dumpable), and there
// is nothing in it to gain: it has her own rights.
//
// # Invariants
//
// Every fork happens under cell.mu, and so does the decision that there is
// nothing left to wait for: the cell doesn't end between an attach and its first
// process. Only reap calls wait4. Of the requests one at a time is in system calls,
// and the threads for that are there before the user can be at her process limit
// (threads.go).
package pid1
