// Package options is how the sftp server is told what it may do: the options of
// sftp-server(8), as far as they mean something in a jail.
//
// Callers are the users' table, which makes them from users.toml and checks those
// of a forced command, and the server (package sftp), which is given them as
// arguments. Both ends are the same code, and the one between them, jailsh-net,
// passes them on unread.
package options
