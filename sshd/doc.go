// Package sshd is all of jailsh that speaks SSH. jailsh-net runs one Server; it
// accepts connections, lets in whom jailshd knows, and hands bytes to and fro
// between channels and programs in cells.
//
// The files, in the order of a login:
//
//	server.go, settings.go, listener.go,
//	accept.go, source.go, startups.go, drops.go   accept, limits
//	penalty.go, penaltytable.go                   who is refused for what he did
//	proxy.go, proxyheader.go                      who is behind a proxy
//	conn.go, gate.go, link.go, socket.go,
//	flood.go, quickack.go, drain.go               one connection and its socket
//	ahead.go, gather.go, turnstile.go             the same, for those who send or fetch a lot
//	identification.go, greeting.go,
//	algorithms.go, hostkey.go                     handshake
//	auth.go, delay.go, identity.go, expiry.go,
//	device.go, code.go                            key offered, verified, a code asked for
//	place.go                                      whether there is room
//	channel.go, global.go, keepalive.go,
//	denied.go, rotation.go, rekey.go              what a connection may ask for
//	session.go, requests.go, payload.go,
//	ptyreq.go, modes.go, signal.go, env.go        what a session may ask for
//	policy.go                                     what it gets
//	program.go, open.go, stream.go, pump.go,
//	pipe.go                                       open, spawn, pump
//	sftp.go, transfers.go                         files
//	recording.go, recordwriter.go, typed.go       what a terminal shows, to a file
//	answers.go, permit.go, forward.go,
//	resolve.go, relay.go, remote.go,
//	acceptor.go, sharedport.go, beside.go, agent.go, x11.go,
//	telling.go                                    forwards, with or without a session
//	words.go, live.go, shareword.go, approve.go,
//	ask.go, publish.go, publication.go, published.go,
//	streamsize.go, view.go, guest.go               terminals that are shared
//	keep.go, kept.go, seat.go, attach.go,
//	detach.go, terminals.go                       terminals that outlive their connection
//	listed.go, kill.go, watch.go                  what the administrator sees of all, and ends
//	clock.go, tally.go, notice.go                 limits of sessions, and what they say
//	exit.go, sentence.go                          exit status, EOF, close
//	record.go, recheck.go, shutdown.go            audit, reload, the end
//
// # Callers
//
// cmd/jailsh-net gives a Server its configuration, its listeners and a Broker,
// whose methods are the verbs of jailshd. The package knows nothing of users,
// keys or jails beyond a wire.Grant and a Cell.
//
// # Attackers
//
// The network before login: anybody. What one source or all together can hold
// is bounded by number (startups.go) and by time (the login grace); a source that
// misbehaves is refused (penalty.go). A name that doesn't exist, a wrong key and a
// disabled account get the same answers after the same time (delay.go).
//
// A user who is logged in: her sessions, channels, requests, environment and
// all that she sends are bounded; what she doesn't read stops her own programs,
// and nobody else's. Of an error she learns a sentence and a reference, never a
// path, an address or an errno of the host.
//
// The init of a user's cell, which is hers: its descriptors come checked (see
// internal/cell), its silence costs its own user's session, and its exit status
// is believed since nobody else sees it.
//
// # Invariants
//
// Who somebody is comes from the Permissions of the ssh.ServerConn, which only a
// verified signature fills (CVE-2024-45337); neither the library's context nor
// the name of an earlier attempt is ever asked.
//
// Every goroutine is waited for: those of a session by the session, those of a
// connection by its gate, those of the server by Shutdown. Each runs under
// protect: a panic ends one session or one connection. A panic in a goroutine of
// x/crypto can't be caught and ends jailsh-net; jailshd starts it again, and the
// programs live on in their cells.
//
// Requests of a channel and of a connection are always read, and reading them
// waits for nothing but the client's socket. No lock is held across I/O, nor two
// of them at once, except that Recheck holds its own throughout, that a session's
// stderr is held while it is written to, that a clock tells its session, that a kept
// terminal and a publication tell their screen and the hub, and that a new publication
// is made under the lock of all.
//
// A session that jailsh refuses or can't go on with has a sentence on its
// standard error and exit status 254 (ssh itself uses 255).
package sshd
