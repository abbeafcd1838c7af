// Package jail is jailshd's side of the cells: what a user's jail consists of
// (Plan), and which jails run (Cells).
//
// A cell is one running jail: a process tree in namespaces of its own, whose
// PID 1 is jailsh-init. Cells takes a start, which is such a process before it is
// anybody's (start.go, spare.go), sends it the plan, waits until it says that the
// jail stands, and from then on only hands it sockets: who spawns what in there
// goes past jailshd.
//
// The plan comes from the configuration alone. A compromised jailsh-net names a
// user and gets a socket to her cell; it can't change what the cell is made of.
// A compromised init answers for its own user: its socket speaks internal/wire,
// with a time limit on every answer, and it is killed when it doesn't.
//
// Nothing is left behind when a cell ends, however it ends: its mounts are in
// its own mount namespace, its processes in its own PID namespace, and both go
// with PID 1. PID 1 goes with jailshd: it exits when its control socket closes.
//
// Lock order: slot.lock before Cells.mu. Only slot.lock is held while a cell is
// spoken to, and waiting for it can be given up.
package jail
