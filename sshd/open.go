package sshd

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/jailsh/jailsh/internal/wire"
)

// cells is a connection's way into its user's cell: one for all its sessions.
type cells struct {
	mu      sync.Mutex
	current *opening // nil: nobody has asked yet, or it came to nothing
}

// opening is one call of Broker.Open, that several may wait for.
type opening struct {
	done chan struct{} // closed when the other two are set
	cell Cell
	err  error
}

// prefetch begins to open the user's cell. It is called when a login is certain:
// a cell that isn't running starts while the client sets its channel up.
func (c *connection) prefetch(user string) { c.opening(user) }

// cell returns the cell, when it is open.
func (c *connection) cell(ctx context.Context, user string) (Cell, error) {
	o := c.opening(user)
	if o == nil {
		return nil, context.Canceled
	}
	select {
	case <-o.done:
		return o.cell, o.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// inCell does something in the user's cell. If the cell has ended since it was
// opened, it is opened once more.
func (c *connection) inCell(ctx context.Context, user string, do func(Cell) error) error {
	for again := false; ; again = true {
		cell, err := c.cell(ctx, user)
		if err != nil {
			return fmt.Errorf("open: %w", err)
		}
		err = do(cell)
		if err == nil || again || !errors.Is(err, wire.ErrClosed) {
			return err
		}
		c.drop(cell)
	}
}

// opening returns the one that runs or has run, or starts one; nil when the
// connection is over.
func (c *connection) opening(user string) *opening {
	c.cells.mu.Lock()
	defer c.cells.mu.Unlock()
	if c.cells.current != nil {
		return c.cells.current
	}
	if !c.work.enter() {
		return nil
	}
	o := &opening{done: make(chan struct{})}
	c.cells.current = o
	go func() {
		defer c.work.leave()
		defer close(o.done)
		o.err = errPanicked
		c.server.protect(c.ref, "open", func() {
			o.cell, o.err = c.server.broker.Open(c.ctx, &wire.Open{User: user, Ref: c.ref, Ticket: c.ticket()})
		})
		if o.err != nil {
			c.cells.forget(o) // who waits gets the error, who comes later asks anew
		}
	}()
	return o
}

// drop gives up a cell that has ended; the next session has it opened again.
func (c *connection) drop(cell Cell) {
	c.cells.mu.Lock()
	o := c.cells.current
	mine := o != nil && o.finished() && o.cell == cell
	if mine {
		c.cells.current = nil
	}
	c.cells.mu.Unlock()
	if mine {
		_ = cell.Close() // it is gone
	}
}

func (k *cells) forget(o *opening) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.current == o {
		k.current = nil
	}
}

func (o *opening) finished() bool {
	select {
	case <-o.done:
		return true
	default:
		return false
	}
}

// close gives the cell up, when no session is left.
func (k *cells) close() {
	k.mu.Lock()
	o := k.current
	k.current = nil
	k.mu.Unlock()
	if o != nil && o.cell != nil {
		_ = o.cell.Close() // programs live on, and nothing was lost
	}
}
