// Package wire is the contract between the processes of jailsh: which messages
// exist, who may send them, and how large each field may be.
//
//	jailsh-net  --- broker --->  jailshd       lookup, open, sign, record
//	            <--- broker ---                reload, sessions, kill, watch, stop
//	jailsh-net  ---  cell  --->  jailsh-init   spawn, signal, dial, listen,
//	                                           keep, release, terminals, adopt
//	jailshd     --- control -->  jailsh-init   build, attach, stop
//	jailsh      ---  admin --->  jailshd       open, status, sessions, kill, watch
//
// Every arrow is a unix SOCK_SEQPACKET socket: one packet is one message plus
// the descriptors that belong to it. The caller of an arrow sends requests; the
// other side answers each one, and may send notices of its own.
//
// # Trust
//
// jailsh-net reads the network and is assumed to be compromised one day: jailshd
// treats each packet from it as hostile. A cell's init runs as the user and is
// assumed to be hers: nobody believes it anything beyond that user's session.
// Decoding therefore allocates nothing before its size was checked, each field
// has a cap named beside it, trailing bytes are an error, and a packet that
// can't be decoded ends the connection it came on.
//
// # Invariants
//
// A message has one fields method that both encodes and decodes it, so the two
// can't disagree. Descriptors are received with MSG_CMSG_CLOEXEC and closed
// unless a handler takes them. A Peer owns the goroutines of its handlers: Wait
// returns when the last of them has.
//
// The package uses the standard library, x/sys/unix and internal/nonblock only: it
// is linked into PID 1 of every jail.
package wire
