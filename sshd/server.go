package sshd

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/jailsh/jailsh/internal/wire"
	"github.com/jailsh/jailsh/share"
	"golang.org/x/crypto/ssh"
)

// Broker is jailshd, as far as this package needs it. Its methods are called
// from many goroutines.
type Broker interface {
	// Lookup asks whether a key is good for a user, and for what. A refusal is a
	// Grant that isn't Accepted; an error means that nobody knows.
	Lookup(context.Context, *wire.Lookup) (*wire.Grant, error)
	// Verify asks whether a code is good. A refusal is a Verified that isn't
	// Accepted; an error means that nobody knows.
	Verify(context.Context, *wire.Verify) (*wire.Verified, error)
	// Sign asks for a signature of a host key.
	Sign(context.Context, *wire.Sign) (*wire.Signature, error)
	// Open asks for a way into a user's cell, which is started if it isn't
	// running.
	Open(context.Context, *wire.Open) (Cell, error)
	// Recording asks for a file to record a session in, which is to be appended to.
	Recording(context.Context, *wire.Recording) (*wire.Recorded, *os.File, error)
	// Seal asks for a signature over what a recording holds.
	Seal(context.Context, *wire.Seal) error
	// Record writes an event to the log. It is called from one goroutine, and may
	// take its time.
	Record(*wire.Record)
}

// Cell is a way into a running cell. Its methods are called from many
// goroutines; values must be comparable with ==.
type Cell interface {
	// Spawn starts a program. An error that is wire.ErrClosed means that the cell
	// has ended meanwhile, and is worth another Open.
	Spawn(context.Context, *wire.Spawn) (*Process, error)
	// Dial connects to an address in the cell. The socket is non-blocking, pollable,
	// and the caller's to close. Of the errors a *wire.Failure says why it can't be
	// reached.
	Dial(context.Context, *wire.Dial) (*os.File, error)
	// Listen listens at an address in the cell. Its sockets are as that of Dial; the
	// port is that of TCP.
	Listen(context.Context, *wire.Listen) (sockets []*os.File, port uint32, err error)
	// Terminals lists the terminals that the cell keeps.
	Terminals(context.Context) ([]wire.Terminal, error)
	// Adopt takes one of them that nobody has, by its process.
	Adopt(ctx context.Context, pid uint32) (*Process, error)
	// Done is closed when the cell has ended.
	Done() <-chan struct{}
	// Close gives the way up; programs live on.
	Close() error
}

// Process is a running program. It has either PTY or the other three, which are
// non-blocking, pollable, and from now on the session's to close.
type Process struct {
	PTY                   *os.File // master
	Stdin, Stdout, Stderr *os.File
	TTY                   string   // the terminal's name in the jail, for the log
	Agent, X11, Words     *os.File // listening sockets, if they were asked for
	Without               string   // why there are none; empty: there are
	Waiting               int      // terminals that the cell keeps and nobody has
	Control

	held bool // the cell holds its terminal too, until Release
}

// Control is what can be done to a running program.
type Control interface {
	// Exit yields how the program ended. It is closed without a value when the
	// cell ended first.
	Exit() <-chan wire.Exit
	// Signal sends a signal to the program's process group.
	Signal(context.Context, uint32) error
	// Keep has the cell keep the terminal of a program that was spawned with Hold if
	// this way into it ends without a Release.
	Keep(ctx context.Context, name string) error
	// Release has the cell give up a terminal. It may wait for the cell.
	Release()
	// Resize sets the terminal's size. It doesn't block.
	Resize(wire.Size) error
}

// Version is all that a client is told of the server's software. OpenSSH's client
// sends eow@openssh.com and no-more-sessions@openssh.com to versions that begin with
// OpenSSH alone (its compat.c); this isn't one, and who looks for OpenSSH's flaws by
// the version must not find them here.
const version = "SSH-2.0-jailsh"

// greeting is the version as it is sent, RFC 4253 section 4.2.
const greeting = version + "\r\n"

// Server serves SSH on any number of listeners.
type Server struct {
	keys      []ssh.Signer
	settings  atomic.Pointer[settings] // replaced by Configure
	broker    Broker
	startups  startups
	drops     drops
	penalties penalties
	users     tally[string]       // sessions of a user, over all her connections
	logins    tally[string]       // connections of a user
	sources   tally[netip.Prefix] // connections of a source that are logged in
	forwards  tally[string]       // connections that are forwarded for a user
	remotes   tally[string]       // listeners of a user in her cell
	guests    tally[string]       // connections of others to what a user shares
	kept      keptTerminals
	records   *recorder
	chunks    chunks
	hub       *share.Hub
	published publications
	owners    sync.Map      // the sessions of live terminals: *share.Live to *session
	secret    []byte        // of refusalTime
	epoch     atomic.Uint64 // counts calls of Recheck

	ctx    context.Context // ends with Shutdown
	cancel context.CancelFunc
	work   sync.WaitGroup // connections

	recheck sync.Mutex // one Recheck at a time; before mu

	mu        sync.Mutex
	conns     map[*connection]struct{}
	listeners map[net.Listener]struct{}
	closed    bool

	recorderDone chan struct{}
	stopRecorder context.CancelFunc
}

// New returns a Server that has yet to be given listeners with Serve. It must be
// ended with Shutdown. The host keys of cfg must be ed25519 or RSA.
func New(cfg *wire.NetConfig, b Broker) (*Server, error) {
	s := &Server{
		broker: b, records: newRecorder(), hub: share.NewHub(),
		conns: map[*connection]struct{}{}, listeners: map[net.Listener]struct{}{},
		startups: startups{random: random},
		secret:   make([]byte, 32), recorderDone: make(chan struct{}),
	}
	keys, err := s.hostKeys(cfg.HostKeys)
	if err != nil {
		return nil, fmt.Errorf("sshd: %w", err)
	}
	s.keys = keys
	if s.chunks.turnstile, err = newTurnstile(); err != nil {
		return nil, fmt.Errorf("sshd: %w", err)
	}
	s.Configure(cfg)
	_, _ = rand.Read(s.secret) // never fails
	s.ctx, s.cancel = context.WithCancel(context.Background())
	ctx, stop := context.WithCancel(context.Background())
	s.stopRecorder = stop
	go func() {
		defer close(s.recorderDone)
		for s.protect("", "record", func() { s.records.run(ctx, b.Record) }) {
		}
	}()
	return s, nil
}

// sshConfig is what all connections that go by these settings have in common.
func (s *Server) sshConfig(now *settings) *ssh.ServerConfig {
	cfg := &ssh.ServerConfig{
		Config:                  ssh.Config{KeyExchanges: keyExchanges(), Ciphers: ciphers(), MACs: macs(), RekeyThreshold: now.RekeyLimit},
		PublicKeyAuthAlgorithms: now.keys.Signatures(),
		MaxAuthTries:            int(now.MaxAuthTries),
		ServerVersion:           version,
	}
	if banner := now.Banner; banner != "" {
		cfg.BannerCallback = func(ssh.ConnMetadata) string { return banner }
	}
	for _, k := range slices.Backward(s.keys) { // of each type the last one added is used: the first of the list, as by OpenSSH
		cfg.AddHostKey(k)
	}
	for _, k := range s.certified(now.HostCertificates) {
		cfg.AddHostKey(k)
	}
	return cfg
}

// reference makes the 8 hex digits under which a connection is in the log.
func (s *Server) reference() string {
	var b [4]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// random is uniform enough for chances in percent.
func random(below int) int {
	var b [4]byte
	_, _ = rand.Read(b[:]) // never fails
	return int(uint32(b[0])<<24|uint32(b[1])<<16|uint32(b[2])<<8|uint32(b[3])) % below
}
