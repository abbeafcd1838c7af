// Package totp is the second factor: codes of six digits that an app on the
// user's phone makes every 30 seconds (RFC 6238), and the folder of secrets that
// they are made from.
//
//	code.go    what a code is, and which ones are good now
//	store.go   the folder: a file for each user who is enrolled
//	entry.go   what is in such a file
//	uri.go     how a secret gets into an app
//
// # Callers
//
// jailshd verifies codes, jailsh enrols users, and package users asks who is
// enrolled. jailsh-net has no way to the folder.
//
// # Attackers
//
// Somebody who has a user's key, or has taken jailsh-net over, chooses the code.
// All codes that are good are computed and compared in constant time. How often he
// may guess is jailshd's to bound. A code that was seen on its way is worth
// nothing: the time step of the last one that was accepted is on disk before
// anybody is let in, and no code of that step or an earlier one is good again,
// over any number of connections at once and over restarts. If it can't be
// written, nobody is let in.
//
// The files are secret: one that others could read or could have written is
// refused. Names of users come from users.toml, where none can be a path.
//
// The package uses the standard library and x/sys/unix only.
package totp
