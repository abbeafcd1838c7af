package jail

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"

	"github.com/jailsh/jailsh/internal/wire"
	"github.com/jailsh/jailsh/jail/cgroup"
	"github.com/jailsh/jailsh/jail/egress"
)

// Cells are the running cells, at most one of each user. Every login of hers
// enters the same one.
type Cells struct {
	means Means
	log   *slog.Logger
	spare *spare

	mu     sync.Mutex
	slots  map[string]*slot
	closed bool
}

// slot is a user's place, whether or not a cell runs in it. Its lock makes the
// second login wait for the cell that the first one starts; it is a channel, so
// that waiting can be given up.
type slot struct {
	lock chan struct{} // of one
	cell *cell         // of lock
	uses int           // Opens and Ends that hold or want lock; of Cells.mu
}

// maxUses is how many logins of one user may wait for her cell: one that is
// stuck must not use up what jailshd can do for everybody.
const maxUses = 32

// ErrBusy answers Open when maxUses others wait already.
var ErrBusy = errors.New("too many logins wait for this user's jail - see whether it hangs: jailsh check")

// Means are what cells are made with.
type Means struct {
	Program *Program       // their PID 1, jailsh-init
	Applet  *Program       // what PID 1 runs for the user beside her own programs, jailsh-applet
	Router  *egress.Router // where they get their way out
	Groups  *cgroup.Tree   // what bounds them
	Strike  func(Strike)   // told of limits at work; must not wait
	Spare   bool           // whether one start is kept ready
}

// NewCells returns an empty table.
func NewCells(means Means, log *slog.Logger) *Cells {
	return &Cells{means: means, log: log, spare: newSpare(means, log), slots: map[string]*slot{}}
}

// Opened is a client's way into a cell.
type Opened struct {
	Socket *os.File // to init; belongs to the caller
	Cell   string   // for the log
	Cgroup string   // of a cold one, for the log
	Cold   bool     // the cell was started for this call
	cell   *cell
}

// Wait returns when the cell has ended, and why it did.
func (o *Opened) Wait() (why string) {
	<-o.cell.gone
	return o.cell.end.reason()
}

// ErrClosed answers Open after Close.
var ErrClosed = errors.New("jailshd is stopping")

// planner computes what a cell is to be. release is called when the cell is gone.
type planner func() (spec *wire.Spec, release func(), err error)

// Open returns a new socket to the user's cell. If none runs it starts one from
// plan, which is called then only.
func (c *Cells) Open(ctx context.Context, user string, plan planner) (*Opened, error) {
	s, err := c.hold(user)
	if err != nil {
		return nil, err
	}
	defer c.letGo(user, s)
	select {
	case s.lock <- struct{}{}:
		defer func() { <-s.lock }()
	case <-ctx.Done():
		return nil, fmt.Errorf("jail %s: waiting for the login before: %w", user, ctx.Err())
	}

	if s.cell != nil {
		// However little patience is left to the caller: the cell has all of its.
		socket, err := s.cell.attach(context.WithoutCancel(ctx))
		if err == nil {
			return &Opened{Socket: socket, Cell: s.cell.name, cell: s.cell}, nil
		}
		// It is ending, or doesn't answer. Either way its place is needed.
		if refused := (*wire.Failure)(nil); !errors.As(err, &refused) && !errors.Is(err, wire.ErrClosed) {
			c.log.Warn("cell: doesn't answer, and is killed", "user", user, "error", err)
			s.cell.kill("it didn't answer")
		}
		if err := waitGone(ctx, s.cell); err != nil {
			return nil, fmt.Errorf("jail %s: the last cell hasn't ended: %w", user, err)
		}
		s.cell = nil
	}
	fresh, socket, err := c.start(ctx, user, plan)
	if err != nil {
		return nil, err
	}
	s.cell = fresh
	return &Opened{Socket: socket, Cell: fresh.name, Cgroup: fresh.group.Name(), Cold: true, cell: fresh}, nil
}

// start starts a cell: of the spare, or from the beginning. Whatever may be wrong
// with a spare, which has waited for perhaps days, refuses nobody.
func (c *Cells) start(ctx context.Context, user string, plan planner) (*cell, *os.File, error) {
	defer c.spare.cellStarted()
	spec, release, err := plan()
	if err != nil {
		return nil, nil, err
	}
	if s := c.spare.take(spec); s != nil {
		fresh, socket, err := build(ctx, c.means, s, spec, release, c.log)
		if err == nil {
			return fresh, socket, nil
		}
		c.log.Info("cell: nothing came of the start that was kept ready, and another is made", "user", user, "error", err)
		if spec, release, err = plan(); err != nil {
			return nil, nil, err
		}
	}
	s, err := begin(c.means, ownNetwork(spec))
	if err != nil {
		release()
		return nil, nil, fmt.Errorf("jail %s: %w", user, err)
	}
	return build(ctx, c.means, s, spec, release, c.log)
}

func waitGone(ctx context.Context, c *cell) error {
	select {
	case <-c.gone:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (c *Cells) hold(user string) (*slot, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, ErrClosed
	}
	s := c.slots[user]
	if s == nil {
		s = &slot{lock: make(chan struct{}, 1)}
		c.slots[user] = s
	}
	if s.uses >= maxUses {
		return nil, ErrBusy
	}
	s.uses++
	return s, nil
}

// letGo forgets a slot that nobody uses and no cell runs in.
func (c *Cells) letGo(user string, s *slot) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s.uses--
	if s.uses == 0 && s.cell == nil {
		delete(c.slots, user)
	}
}

// End ends the user's cell with all its processes, and waits for it. why is for
// whoever asks why it has ended.
func (c *Cells) End(user, why string) {
	_ = c.with(user, func(s *slot) error {
		s.cell.stop(why)
		s.cell = nil
		return nil
	})
}

// Limit changes the limits of the user's cell, if one runs.
func (c *Cells) Limit(user string, l wire.Limits) error {
	return c.with(user, func(s *slot) error { return s.cell.limit(l) })
}

// with calls do under the lock of the user's slot, if a cell runs in it.
func (c *Cells) with(user string, do func(*slot) error) error {
	c.mu.Lock()
	s := c.slots[user]
	if s != nil {
		s.uses++
	}
	c.mu.Unlock()
	if s == nil {
		return nil
	}
	defer c.letGo(user, s)
	s.lock <- struct{}{}
	defer func() { <-s.lock }()
	if s.cell == nil {
		return nil
	}
	return do(s)
}

// Users lists who has had a cell that isn't known to have ended.
func (c *Cells) Users() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	users := make([]string, 0, len(c.slots))
	for user := range c.slots {
		users = append(users, user)
	}
	return users
}

// Close ends all cells, at once for all, and waits for them.
func (c *Cells) Close() {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	var ends sync.WaitGroup
	for _, user := range c.Users() {
		ends.Go(func() { c.End(user, "jailshd stops") })
	}
	c.spare.close()
	ends.Wait()
}
