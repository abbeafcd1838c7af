// Package config reads jailsh.toml, the configuration of the server.
//
// Callers are jailshd and jailsh, through internal/instance. The file is the
// administrator's; strict.ReadFile refuses one that anybody else could have
// written. Nothing of the network reaches this package.
//
// # Invariants
//
// A Config that Load returned is complete and in range: every path is absolute
// and without symbolic links in the part that leads to the file's folder, every
// number is one that its user can take without checking. A key that is not
// enforced is refused, never ignored.
package config
