package sshd

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/jailsh/jailsh/internal/wire"
	"golang.org/x/crypto/ssh"
)

// dialTimeout is how long a target may take to answer. PID 1 gives up sooner.
const dialTimeout = 45 * time.Second

// maxForwards is how many connections may be forwarded for a user at a time, over
// all her connections. Of what a target leaves unread each holds up to 2 MiB, the
// window of a channel.
const maxForwards = 200

// forwards is what a connection forwards now, and what it looks at, to be ended when it
// may not any more.
type forwards struct {
	mu   sync.Mutex
	open map[*forward]struct{}
}

type forward struct {
	allowed func(*wire.Grant) bool
	stop    func()
}

// watch takes note of a forward, and stops it when it isn't allowed any more,
// which it may not be by now; then unwatch must be called. stop doesn't wait, and may
// be called more than once.
func (c *connection) watch(f *forward) {
	c.forwards.mu.Lock()
	if c.forwards.open == nil {
		c.forwards.open = map[*forward]struct{}{}
	}
	c.forwards.open[f] = struct{}{}
	c.forwards.mu.Unlock()
	// After the above: a Recheck at the same time sees either it or the new policy.
	if !f.allowed(c.policy.Load()) {
		f.stop()
	}
}

func (c *connection) unwatch(f *forward) {
	c.forwards.mu.Lock()
	defer c.forwards.mu.Unlock()
	delete(c.forwards.open, f)
}

// narrow stops the forwards that the policy doesn't allow any more.
func (c *connection) narrow() {
	c.forwards.mu.Lock()
	all := slices.Collect(maps.Keys(c.forwards.open))
	c.forwards.mu.Unlock()
	for _, f := range all {
		if !f.allowed(c.policy.Load()) {
			f.stop()
		}
	}
}

// direct is a channel that leads to an address in the cell: -L, -D, -W and -J of
// ssh(1).
func (c *connection) direct(nc ssh.NewChannel, answered func()) {
	kind := nc.ChannelType()
	to, ok := parseDirect(kind, nc.ExtraData())
	if !ok {
		_ = nc.Reject(ssh.ConnectionFailed, "the request can't be understood")
		return
	}
	allowed := func(g *wire.Grant) bool { return mayReach(g, to) }
	if !allowed(c.policy.Load()) {
		c.denied(kind, nc.ExtraData())
		_ = nc.Reject(ssh.Prohibited, "forwarding there is not allowed")
		return
	}
	user := c.login.Load().user
	if !c.server.forwards.take(user, maxForwards) {
		c.denied("too many forwards of this user", nil)
		_ = nc.Reject(ssh.ResourceShortage, "too many forwards of this user")
		return
	}
	defer c.server.forwards.leave(user)
	if owner := ownerOf(to); owner != "" {
		if !c.server.guests.take(owner, maxGuests) {
			_ = nc.Reject(ssh.ResourceShortage, "too many connections to what this user shares")
			return
		}
		defer c.server.guests.leave(owner)
	}
	answered() // those that wait for their target are bounded by the line above

	ctx, cancel := context.WithTimeout(c.ctx, dialTimeout)
	defer cancel()
	f := &forward{allowed, cancel}
	c.watch(f)
	c.answers.settle(ctx.Done()) // it may lead to a listener that was asked for before
	socket, err := c.dialHost(ctx, user, to)
	c.unwatch(f)
	if err != nil {
		c.forwardRecord("forward failed", "channel", kind, "for", addressText(to), "error", err.Error())
		_ = nc.Reject(ssh.ConnectionFailed, c.whyNot(err))
		return
	}
	r, err := c.newRelay(socket)
	if err != nil {
		_ = nc.Reject(ssh.ConnectionFailed, c.whyNot(err))
		return
	}
	ch, requests, err := nc.Accept()
	if err != nil {
		r.release()
		return
	}
	c.relay(r, ch, requests, allowed, "channel", kind, "for", addressText(to))
}

// relay runs a relay, and records it.
func (c *connection) relay(r *relay, ch ssh.Channel, requests <-chan *ssh.Request, allowed func(*wire.Grant) bool, pairs ...string) {
	began := time.Now()
	r.channel = ch
	f := &forward{allowed, r.abort}
	c.watch(f)
	defer c.unwatch(f)
	c.forwardRecord("forward", pairs...)
	r.run(requests)
	c.forwardRecord("forward end", append(pairs,
		"received", fmt.Sprint(r.received.Load()), "sent", fmt.Sprint(r.written.Load()),
		"seconds", fmt.Sprintf("%.3f", time.Since(began).Seconds()))...)
}

func (c *connection) dial(ctx context.Context, user string, to wire.Address) (socket *os.File, err error) {
	err = c.inCell(ctx, user, func(cell Cell) (err error) {
		socket, err = cell.Dial(ctx, &wire.Dial{To: to})
		return err
	})
	return socket, err
}

// whyNot is what the client is told of an error. What the user's own init says of
// her own network is hers to know.
func (c *connection) whyNot(err error) string {
	if said := (*wire.Failure)(nil); errors.As(err, &said) {
		return shown(said.Text, maxShown)
	}
	return "your jail didn't answer; tell the administrator: reference " + c.ref
}

// parseDirect decodes the data of a channel open: RFC 4254 section 7.2, PROTOCOL
// of OpenSSH section 2.4. Where the connection comes from is the client's word,
// and of no use.
func parseDirect(kind string, data []byte) (to wire.Address, ok bool) {
	p := payload{rest: data}
	if kind == "direct-tcpip" {
		to.Host, to.Port = p.string(wire.MaxName), p.uint32()
		p.bytes(wire.MaxName)
		p.uint32()
		return to, p.ok() && to.Host != ""
	}
	to.Path = p.string(wire.MaxName)
	p.bytes(wire.MaxName)
	p.uint32()
	return to, p.ok() && to.Path != ""
}
