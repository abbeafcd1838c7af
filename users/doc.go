// Package users is the table of who may log in: users.toml, its rules, and the
// decision about one key.
//
// Callers are jailshd, which asks Authorize for every key that jailsh-net was
// offered, and jailsh, which checks, explains and edits the file.
//
// # Who can do what
//
// The file is the administrator's: strict.ReadFile refuses one that anybody else
// could have written. A client, and a jailsh-net that was taken over, choose
// everything in a Query: the name is only looked up, the key only compared, byte
// by byte, in constant time and against every key of the user; neither is
// parsed, nor is a certificate, whose facts come one by one (certificate.go). A
// name that isn't in the table takes the same way as one whose keys don't match.
// A user may own the file of her authorized_keys: it is opened without following
// a link anywhere, has a size limit, and no option in it can widen what users.toml
// allows.
//
// # Invariants
//
// A Table never changes: a reload makes a new one. What is refused at load is
// never seen by Authorize. A key of the file that isn't enforced yet, and an
// option of a key line that isn't honoured, is refused, never ignored. All
// problems of the file are found at once, in file order. An edit leaves every
// line that it doesn't have to change as it is, to the byte.
package users
