// Package recordings is the folder of recordings: DIR/USER/TIME-REFERENCE-SESSION.cast,
// each with its seals beside it.
//
// The files:
//
//	store.go    making a recording, and opening one
//	list.go     which there are
//	sweep.go    retention
//
// # Callers
//
// jailshd makes recordings and removes them; jailsh lists and opens them.
//
// # Attackers
//
// The folders are root's, mode 0700, the files 0600; each is opened from the
// descriptor of the one above it, without following a link, and is new. jailsh-net
// writes into files that it is given and names none: the user is one of the table, the
// reference is checked for what it is.
//
// # Invariants
//
// Whoever writes a recording has its file of seals locked (flock(2)); the kernel
// unlocks it whatever ends that process. What is locked is never removed.
package recordings
