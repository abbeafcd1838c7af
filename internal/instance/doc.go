// Package instance is one installation of jailsh: a jailsh.toml and everything
// that it names. It is the one place where the configuration, the user table and
// the templates come together, so that what `jailsh explain` says is what jailshd
// does.
//
// Callers are cmd/jailshd, as root and for as long as it runs, and cmd/jailsh.
// Nothing here reads the network. The files belong to the administrator: each
// one is refused when anybody else could have written it (internal/strict), a
// host key also when anybody else could have read it.
//
// # Invariants
//
// An Instance doesn't change after Load: a reload makes another one. A path that
// Account returns is absolute; whether a symbolic link is in it is for the jail
// to refuse, since it may change after every check made here.
package instance
