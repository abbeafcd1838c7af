// Package credential is about what clients offer to log in with: which kinds of
// keys may be used (pubkey_algorithms and required_rsa_size of jailsh.toml), what
// a certificate says, and whether its authority has signed it.
//
// Callers are sshd, in jailsh-net, and cmd/jailsh, which explains what would
// happen; internal/config and internal/instance have the names of algorithms from
// it. Who reads a file of public keys has its lines from it, and never what follows
// the start of a private key. What it looks at comes from clients, and was parsed by x/crypto in the
// process that asks. jailshd gets the facts of a certificate in a message, and
// decides by these.
//
// A certificate is of a kind of its own, and both the key in it and that of its
// authority have to be large enough. The signatures of authorities are not
// configured: none of Signatures is weak.
package credential
