// Package sftp is a server of files for one client: version 3 of the protocol
// (draft-ietf-secsh-filexfer-02) with the extensions of OpenSSH's PROTOCOL. It is
// the applet `sftp` of jailsh-applet, which PID 1 of a jail runs as the user, in
// her jail, with her limits: any template has it, and it can reach what she can.
//
//	main.go, pipe.go, calls.go                  the process, and how it calls the kernel
//	packets.go, request.go, reply.go            packets in and out
//	server.go, protocol.go, status.go           which requests there are
//	handles.go, files.go, folders.go, paths.go,
//	attrs.go, realpath.go, extended.go          what they do
//	longname.go, accounts.go                    names of users and groups
//	report.go                                   what is told of transfers
//
// # Why an own server
//
// pkg/sftp answers extended packets that it doesn't know by itself, and exports
// neither its packets nor its open files: fsync, copy-data, limits and the like
// can't be added to it, nor can requests be refused one by one. A server of the
// one version that clients speak is small, and one that answers its only client
// from one goroutine needs no locks and no order of replies.
//
// # Who can do what
//
// The client is the user, or whoever holds one of her keys. She can have done here
// what the kernel lets her process do, and nothing else stands in her way than
// the options that jailshd has set: read-only and refused requests keep an account
// for files alone from doing more, as with sftp-server(8). They are no boundary
// for somebody who has a shell too. Each field has a cap, and what is held for a
// client is bounded by one packet, the replies to it, and her handles.
//
// What the process says of transfers is hers to say: jailsh-net bounds it and
// records it as such.
//
// # Invariants
//
// The server never waits but for its client: files are opened without waiting,
// and a copy that takes long looks out for the client's end. A request that was
// cut off isn't carried out; one that was carried out isn't undone.
package sftp
