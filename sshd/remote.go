package sshd

import (
	"context"
	"encoding/binary"
	"errors"
	"net/netip"
	"sync"
	"time"

	"github.com/jailsh/jailsh/internal/wire"
	"golang.org/x/crypto/ssh"
)

const (
	// listenTimeout is how long the cell may take to listen.
	listenTimeout = 20 * time.Second

	// maxListeners is how many a user may have, over all her connections.
	maxListeners = 64
)

// remotes are the listeners of a connection, by where they listen: the host as
// the client wrote it, with the port that was bound, or the path. Nobody else can
// reach this table, so nobody else can cancel what is in it.
type remotes struct {
	mu  sync.Mutex
	all map[wire.Address]*remote
}

// remote is one listener of the cell: -R of ssh(1).
type remote struct {
	acceptor
	at   wire.Address
	cell Cell
}

// parseForward decodes tcpip-forward and its cancel (RFC 4254 section 7.1), and
// those for unix sockets (PROTOCOL of OpenSSH, section 2.4).
func parseForward(kind string, data []byte) (at wire.Address, ok bool) {
	p := payload{rest: data}
	if kind == tcpForward || kind == cancelTCPForward {
		at.Host, at.Port = p.string(wire.MaxName), p.uint32()
		return at, p.ok()
	}
	at.Path = p.string(wire.MaxName)
	return at, p.ok() && at.Path != ""
}

// The global requests of remote forwards.
const (
	tcpForward        = "tcpip-forward"
	cancelTCPForward  = "cancel-tcpip-forward"
	unixForward       = "streamlocal-forward@openssh.com"
	cancelUnixForward = "cancel-streamlocal-forward@openssh.com"
)

// listen carries out a forward request. To a request for port 0 the answer has the
// port.
func (c *connection) listen(kind string, data []byte) (ok bool, answer []byte) {
	at, ok := parseForward(kind, data)
	if !ok {
		return false, nil
	}
	allowed := func(g *wire.Grant) bool { return permitted(&g.RemoteForward, at) }
	if !allowed(c.policy.Load()) {
		c.denied(kind, data)
		return false, nil
	}
	user := c.login.Load().user
	if !c.server.remotes.take(user, maxListeners) {
		c.denied("too many listeners of this user", nil)
		return false, nil
	}
	r := &remote{at: at}
	r.acceptor.set(c, user, allowed, r.forwarded)
	if err := r.open(); err != nil {
		c.server.remotes.leave(user)
		c.forwardRecord("listen failed", "for", addressText(at), "error", err.Error())
		return false, nil
	}
	c.forwardRecord("listen", "for", addressText(r.at))
	r.serve()
	if at.Path == "" && at.Port == 0 {
		answer = binary.BigEndian.AppendUint32(nil, r.at.Port)
	}
	return true, answer
}

// cancelListen ends a listener of this connection. Connections that it has accepted live
// on.
func (c *connection) cancelListen(kind string, data []byte) bool {
	at, ok := parseForward(kind, data)
	if !ok {
		return false
	}
	c.remotes.mu.Lock()
	r := c.remotes.all[at]
	c.remotes.mu.Unlock()
	if r == nil {
		return false
	}
	r.stop()
	r.loops.Wait() // before the answer, after which nothing more may be opened
	return true
}

// open listens, and puts r into the table.
func (r *remote) open() error {
	ctx, cancel := context.WithTimeout(r.conn.ctx, listenTimeout)
	defer cancel()
	err := r.conn.inCell(ctx, r.user, func(cell Cell) error {
		sockets, port, err := cell.Listen(ctx, &wire.Listen{At: r.at})
		if err == nil {
			r.cell, r.sockets = cell, sockets
			if r.at.Path == "" {
				r.at.Port = port
			}
		}
		return err
	})
	if err != nil {
		return err
	}
	t := &r.conn.remotes
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.all[r.at] != nil {
		r.acceptor.stop()
		return errors.New("the cell's init gave the same address twice")
	}
	if t.all == nil {
		t.all = map[wire.Address]*remote{}
	}
	t.all[r.at] = r
	return nil
}

// stop ends the listener, and takes it out of the table. It may be called more than
// once.
func (r *remote) stop() {
	r.acceptor.stop()
	r.conn.remotes.mu.Lock()
	defer r.conn.remotes.mu.Unlock()
	if r.conn.remotes.all[r.at] == r {
		delete(r.conn.remotes.all, r.at)
	}
}

// serve accepts, in goroutines of its own, until stop, the end of the connection
// or that of the cell.
func (r *remote) serve() {
	c := r.conn
	f := &forward{r.allowed, r.stop}
	if !c.work.enter() {
		r.stop() // the connection is over
		c.server.remotes.leave(r.user)
		return
	}
	r.start()
	c.watch(f)
	go func() {
		defer c.work.leave()
		select {
		case <-r.ended:
		case <-c.ctx.Done():
		case <-r.cell.Done():
			c.lostListener(r)
		}
		r.stop()
		r.loops.Wait()
		c.unwatch(f)
		c.server.remotes.leave(r.user)
		c.forwardRecord("listen end", "for", addressText(r.at))
	}()
}

// lostListener disconnects a client whose cell has ended, unless a session of it
// is about to say so: one that only forwards (ssh -N) would wait for ever, and
// nobody would listen.
func (c *connection) lostListener(r *remote) {
	c.forwardRecord("listener lost", "for", addressText(r.at))
	if len(c.sessionsOpen()) == 0 {
		c.disconnect(lostCell)
	}
}

// forwarded is the channel for a connection, and its data: RFC 4254 section 7.2,
// PROTOCOL of OpenSSH section 2.4. Where it was connected to is told as the client
// asked for it: by that it knows its own forward.
func (r *remote) forwarded(from netip.AddrPort) (kind string, data []byte, to string) {
	if r.at.Path != "" {
		return "forwarded-streamlocal@openssh.com", ssh.Marshal(struct{ Path, Reserved string }{Path: r.at.Path}), r.at.Path
	}
	return "forwarded-tcpip", ssh.Marshal(struct {
		Host   string
		Port   uint32
		Origin string
		From   uint32
	}{r.at.Host, r.at.Port, from.Addr().Unmap().String(), uint32(from.Port())}), addressText(r.at)
}
