package jail

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jailsh/jailsh/internal/childlog"
	"github.com/jailsh/jailsh/internal/wire"
	"github.com/jailsh/jailsh/jail/cgroup"
	"github.com/jailsh/jailsh/jail/egress"
)

// How long a cell's init may take, so that one that is stuck or hostile ends.
const (
	buildTimeout  = 20 * time.Second
	attachTimeout = 5 * time.Second
	stopTimeout   = 5 * time.Second
	lastWords     = time.Second // to exit, and to read what a dead one has said
)

// cell is one running jail, from jailshd's side.
type cell struct {
	*start
	name    string // user and PID, for the log
	control *wire.Peer
	wire    *egress.Wire // out to the world; nil: none
	strikes strikes
	limits  atomic.Pointer[wire.Limits] // those in force
	release func()                      // of the template
	log     *slog.Logger
	gone    chan struct{} // closed when PID 1 was collected and all goroutines have ended
	end     ending        // why it is gone

	killOnLogout bool
}

// build makes a user's cell of a start, waits until it stands, and returns it with
// a client's socket. After an error the start is gone, too.
func build(ctx context.Context, means Means, s *start, spec *wire.Spec, release func(), log *slog.Logger) (*cell, *os.File, error) {
	c := &cell{
		start: s, name: fmt.Sprintf("%s/%d", spec.User, s.process.Pid), control: wire.NewPeer(s.socket),
		release: release, log: log.With("user", spec.User, "cell", s.process.Pid),
		gone: make(chan struct{}), killOnLogout: spec.KillOnLogout,
	}
	c.limits.Store(&spec.Limits)
	c.strikes.tell = func(e cgroup.Event) {
		means.Strike(Strike{User: spec.User, Cell: c.name, Killed: e.Killed, Refused: e.Refused, Limits: *c.limits.Load()})
	}
	err := c.provide(means.Router, spec)
	go c.watch()
	var client *os.File
	if err == nil {
		ctx, cancel := context.WithTimeout(ctx, buildTimeout)
		defer cancel()
		client, err = c.hand(ctx, wire.VerbBuild, spec, means.Applet.file)
	}
	if err != nil {
		c.kill("its jail could not be built")
		<-c.gone
		return nil, nil, err
	}
	return c, client, nil
}

// provide sets the limits and gives the cell its way out, before init learns whose
// the jail is, and so before anything of the user's runs in it.
func (c *cell) provide(router *egress.Router, spec *wire.Spec) (err error) {
	if err := c.group.Set(&spec.Limits); err != nil {
		return fmt.Errorf("jail %s: %w", spec.User, err)
	}
	if err := c.group.Watch(c.strikes.add); err != nil {
		c.log.Warn("cell: what its limits do can't be told", "error", err)
	}
	c.wire, err = wayOut(router, c.process.Pid, spec)
	return err
}

// wayOut gives the cell its way out, if it is to have one, and tells init about
// it. Init hasn't been collected, so the number is its own.
func wayOut(router *egress.Router, pid int, spec *wire.Spec) (*egress.Wire, error) {
	if spec.Network.Kind != wire.NetworkEgress {
		return nil, nil
	}
	way, err := router.Attach(pid, spec.Network.Servers)
	if err != nil {
		return nil, fmt.Errorf("jail %s: %w", spec.User, err)
	}
	spec.Network.Link = way.Link
	return way, nil
}

// watch owns the cell's goroutines and collects its PID 1. Whatever ends the
// control connection ends the cell, and the other way round.
func (c *cell) watch() {
	defer close(c.gone)
	var parts sync.WaitGroup
	parts.Go(func() {
		err := c.control.Run()
		if err != io.EOF && !errors.Is(err, os.ErrClosed) {
			c.log.Warn("cell: ended by jailshd: its init doesn't keep to the contract", "error", err)
			c.end.because("its init broke the contract")
		} else {
			// It is about to exit. Killed meanwhile, it couldn't say how.
			select {
			case <-c.exited:
			case <-time.After(lastWords):
			}
		}
		_ = c.process.Kill()
	})
	parts.Go(func() {
		childlog.Lines(c.complaints, maxComplaints, func(line string) { c.log.Warn("cell: its init says", "line", line) })
	})
	state, err := c.collect()
	// The other ends mostly die with PID 1, and the goroutines come to an end of
	// file once they have read what it said last. Somebody to whom a hostile init
	// passed an end could keep it open; nobody waits for that.
	closeBoth := func() {
		c.control.Close()
		c.complaints.Close()
	}
	late := time.AfterFunc(lastWords, closeBoth)
	parts.Wait()
	late.Stop()
	closeBoth()
	if c.wire != nil {
		if err := c.wire.Detach(); err != nil {
			c.log.Warn("cell: its way out is still there", "error", err)
		}
	}
	if err := c.group.Remove(); err != nil {
		c.log.Warn("cell: its cgroup is still there", "error", err)
	}
	c.strikes.end()
	c.release()
	c.end.because(unasked(state, err, c.killOnLogout))
}

// maxComplaints bounds what a cell's init can make us log, in lines: the head of
// a crash. A user can make her own init crash, as often as she can log in.
const maxComplaints = 20

// kill ends PID 1, and with it the kernel ends every process of the cell.
func (c *cell) kill(why string) {
	c.end.because(why)
	_ = c.process.Kill()
}

// attach hands init one end of a new socket and returns the other.
func (c *cell) attach(ctx context.Context) (*os.File, error) {
	ctx, cancel := context.WithTimeout(ctx, attachTimeout)
	defer cancel()
	return c.hand(ctx, wire.VerbAttach, &wire.Empty{})
}

// hand sends a request together with one end of a new socket, for a client, and
// more; it returns the other end.
func (c *cell) hand(ctx context.Context, v wire.Verb, request wire.Message, more ...*os.File) (*os.File, error) {
	ours, theirs, err := wire.Pair()
	if err != nil {
		return nil, err
	}
	defer theirs.Close()
	if err := c.control.Ask(ctx, v, request, &wire.Empty{}, append([]*os.File{theirs.File()}, more...)...); err != nil {
		ours.Close()
		return nil, err
	}
	return ours.File(), nil
}

// limit changes the limits that hold for all processes together. Those of each
// process are what it was started with.
func (c *cell) limit(l wire.Limits) error {
	now := *c.limits.Load()
	next := now
	next.Memory, next.Swap, next.Processes, next.CPU = l.Memory, l.Swap, l.Processes, l.CPU
	if next == now {
		return nil
	}
	c.limits.Store(&next)
	return c.group.Set(&next)
}

// stop asks init to end the cell, gives its processes their grace, and then
// doesn't ask any more. It returns when the cell is gone.
func (c *cell) stop(why string) {
	c.end.because(why)
	ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	if err := c.control.Ask(ctx, wire.VerbStop, &wire.Empty{}, &wire.Empty{}); err == nil {
		select {
		case <-c.gone:
			return
		case <-ctx.Done():
		}
	}
	_ = c.process.Kill()
	<-c.gone
}
