// Package admin is the client of jailshd's admin socket, RunDir/jailshd.sock: it
// opens the cell of a user as a login does, without ssh, lists what users have open,
// ends it, and shows a terminal. `jailsh run`, `check`, `sessions`, `kill` and `watch`
// use it.
//
// The socket speaks internal/wire. It answers to root and to the user that jailshd
// runs as (SO_PEERCRED), who could enter every jail anyway; what comes back is
// checked all the same, so that a jailshd of another version is told from a cell.
package admin
