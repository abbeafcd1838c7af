// Package revoked reads lists of keys and certificates that are good for nothing
// any more: OpenSSH's key revocation lists (PROTOCOL.krl, made by ssh-keygen -k),
// and files with a public key on each line.
//
//	list.go    what is revoked
//	krl.go     the binary format
//	reader.go  its strings and numbers
//	text.go    a key on each line
//
// Callers are internal/instance, which reads the file that revoked_keys of
// jailsh.toml names, and users, which asks for every key that is offered.
//
// # Who can do what
//
// The file is the administrator's, but it may have been made elsewhere and
// fetched: nothing in it may make the parser take more memory than a few times
// its size, or panic. What is asked comes from clients: it is compared, by hashes
// and numbers, and never parsed.
//
// # Invariants
//
// A list that can't be understood in all it says is refused as a whole: half of
// it would let in whom the other half keeps out. A List doesn't change.
package revoked
