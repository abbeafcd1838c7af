package sshd

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	library "github.com/gliderlabs/ssh"
	"github.com/jailsh/jailsh/internal/wire"
	"golang.org/x/crypto/ssh"
)

// connection is one client, from accept to the end of the last goroutine that
// works for it. Everything that a client can reach hangs on it; nothing of it is
// shared with another.
type connection struct {
	server    *Server
	settings  *settings // those of when it began
	ref       string    // under which both the client and the log know it
	link      *link
	addresses addresses
	from      netip.Addr   // the client's, or its proxy's until that has said whose
	source    netip.Prefix // of from, under which startups counted it in; zero for a proxy

	behindProxy bool        // its first bytes are a PROXY header
	attempts    int         // to log in, that were refused
	proven      bool        // a key was verified; whether that is enough or not
	excused     atomic.Bool // jailshd didn't say whether something is good: that is our fault
	tooLate     atomic.Bool // the login grace has passed
	guessed     bool        // a token that isn't one

	ctx     context.Context // ends with the connection; its cause may be a refusal
	cancel  context.CancelCauseFunc
	work    gate
	flood   flood
	meta    library.Context // set before the handshake; holds the ssh.ServerConn after it
	packets <-chan []byte   // see drain.go; nil before authentication
	ciphers []string        // to be offered

	requestKex chan<- struct{} // see rekey.go; nil before authentication
	rekey      *time.Timer     // guarded by mu
	macs       []string        // likewise

	grace    *time.Timer // closes the connection unless somebody logs in
	parting  *time.Timer // closes it after a farewell; guarded by mu
	expiry   *time.Timer // of the grant; guarded by mu
	counted  atomic.Bool // still counted by startups
	setUp    sync.Once   // ends the set-up that serve has begun
	told     sync.Once   // of the host keys
	proved   bool        // of them; of answer alone
	login    atomic.Pointer[identity]
	place    *identity                  // who it is counted for, see place.go
	policy   atomic.Pointer[wire.Grant] // for new sessions; newer than the login's after a reload
	alive    keepalive
	cells    cells
	answers  answers
	forwards forwards
	remotes  remotes
	tellings tellings

	mu       sync.Mutex
	open     map[*session]struct{}
	sessions int       // open now, or about to be
	opened   uint32    // ever
	channels int       // open now, or about to be, of any type
	refusals int       // of requests, ever
	noMore   time.Time // when the client said that it opens no more
}

func (s *Server) newConnection(nc net.Conn, source netip.Prefix) *connection {
	c := &connection{open: map[*session]struct{}{}, server: s, settings: s.settings.Load(), ref: s.reference(), source: source, addresses: addressesOf(nc)}
	c.from = addrPort(nc.RemoteAddr()).Addr()
	c.behindProxy = c.settings.fromProxy(c.from)
	c.ctx, c.cancel = context.WithCancelCause(s.ctx)
	c.link = newLink(nc, &c.flood, &s.chunks)
	c.counted.Store(true)
	return c
}

// serve runs the connection from its first byte to its end.
func (c *connection) serve() {
	defer c.end()
	if !c.introduced() {
		return
	}
	if d := c.settings.LoginGrace; d > 0 {
		c.grace = time.AfterFunc(d, c.late)
	}
	c.link.quick.begin() // until the first session has its program
	panicked := c.server.protect(c.ref, "connection", func() {
		c.greet()
		c.library().HandleConn(c.link)
	})
	c.penalise(panicked)
}

// library is what is used of gliderlabs/ssh: its order of calls around
// ssh.NewServerConn, and nothing that decides. All its handlers of
// authentication and sessions stay nil; the maps have one entry for everything,
// since HandleConn alone doesn't fill in the defaults, which would answer by
// themselves.
func (c *connection) library() *library.Server {
	return &library.Server{
		ConnCallback: func(ctx library.Context, nc net.Conn) net.Conn {
			c.meta = ctx
			return nc
		},
		ServerConfigCallback: func(library.Context) *ssh.ServerConfig {
			cfg := *c.settings.ssh
			cfg.Ciphers, cfg.MACs = c.ciphers, c.macs
			c.authentication(&cfg)
			return &cfg
		},
		ConnectionFailedCallback: func(_ net.Conn, err error) {
			c.record(levelDebug, "no login", "", "reason", err.Error())
		},
		ChannelHandlers: map[string]library.ChannelHandler{
			"default": func(_ *library.Server, sc *ssh.ServerConn, nc ssh.NewChannel, _ library.Context) { c.channel(sc, nc) },
		},
		RequestHandlers: map[string]library.RequestHandler{
			"default": func(_ library.Context, _ *library.Server, r *ssh.Request) (bool, []byte) {
				c.asked(r)
				return false, nil
			},
		},
	}
}

// conn is the connection after the handshake, and nil before.
func (c *connection) conn() *ssh.ServerConn {
	if c.meta == nil {
		return nil
	}
	sc, _ := c.meta.Value(library.ContextKeyConn).(*ssh.ServerConn)
	return sc
}

// late ends a connection of which the login grace has passed.
func (c *connection) late() {
	if !c.work.enter() {
		return
	}
	defer c.work.leave()
	if c.login.Load() != nil {
		return // just made it
	}
	c.tooLate.Store(true)
	c.record(levelInfo, "no login", "", "reason", "login_grace has passed")
	c.link.Close()
}

// arrived says that the connection isn't one of those on their way to a login
// any more.
func (c *connection) arrived() {
	if c.grace != nil {
		c.grace.Stop()
	}
	if c.counted.Swap(false) {
		c.server.startups.done(c.source)
	}
}

// end leaves nothing behind: it returns when the last goroutine has.
func (c *connection) end() {
	c.cancel(nil)
	c.link.Close()
	c.arrived()
	c.flood.close()
	why := c.drain()
	c.alive.stop()
	c.mu.Lock()
	for _, t := range []*time.Timer{c.parting, c.rekey, c.expiry} {
		if t != nil {
			t.Stop()
		}
	}
	c.mu.Unlock()
	c.work.close()
	c.cells.close()
	c.leavePlace()
	if id := c.login.Load(); id != nil {
		reason := ""
		if why != nil && !errors.Is(why, io.EOF) && !errors.Is(why, net.ErrClosed) {
			reason = why.Error()
		}
		c.record(levelInfo, "logout", id.user, "reason", reason)
	}
}

// record writes an event of this connection to the log; pairs are keys and values.
func (c *connection) record(level uint8, event, user string, pairs ...string) {
	if user == "" {
		if id := c.login.Load(); id != nil {
			user = id.user
		}
	}
	c.server.records.add(wire.Record{Level: level, Event: event, Ref: c.ref, User: user, From: c.addresses.client}, pairs...)
}

// addressesOf reads the two ends of a TCP connection, in the form that goes into
// SSH_CONNECTION: an IPv4 address as such, no zone.
func addressesOf(nc net.Conn) addresses {
	client, server := addrPort(nc.RemoteAddr()), addrPort(nc.LocalAddr())
	return addresses{
		client: client.Addr().String(), clientPort: client.Port(),
		server: server.Addr().String(), serverPort: server.Port(),
	}
}

func addrPort(a net.Addr) netip.AddrPort {
	if tcp, ok := a.(*net.TCPAddr); ok {
		ap := tcp.AddrPort()
		return netip.AddrPortFrom(ap.Addr().Unmap().WithZone(""), ap.Port())
	}
	return netip.AddrPort{}
}
