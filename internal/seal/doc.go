// Package seal makes changes of a recording visible. Each line of the file enters a
// chain of SHA-256; from time to time, and at the end, the chain's head is signed with
// the host key. A seal is such a signature, and the seals of FILE are the lines of
// FILE.seals.
//
// The files:
//
//	chain.go    lines to heads
//	seal.go     what is signed, and the line that it is written as
//	sshsig.go   the signature: SSHSIG, as of ssh-keygen -Y sign
//	check.go    whether a file is what was sealed
//
// # Callers
//
// sshd keeps the chain of what it writes, and tells jailshd its head. jailshd signs:
// the user, the file's name and the time are its own. jailsh checks.
//
// # Attackers
//
// jailsh-net has the head from the bytes that it writes; one that was taken over can
// write what it likes, and have that sealed. What has been sealed it can't change any
// more, since it can't sign by itself: a signature never leaves jailshd but to
// FILE.seals, and SSHSIG with the namespace of recordings is taken for nothing else,
// neither a key exchange nor a login.
//
// Whoever reads the files, changes them, cuts them or adds to them has to show a
// signature of the host key's. What can be done without it is to take away: the
// latest seals, with or without the latest lines, which leaves a recording that looks
// unfinished; or a whole recording. The audit log has the name and the last head of each.
package seal
