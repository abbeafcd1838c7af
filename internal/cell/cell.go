package cell

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"

	"github.com/jailsh/jailsh/internal/wire"
)

// Cell is one connection to a cell's init. Its processes are independent of
// each other; all of them lose their exit status when the connection ends.
type Cell struct {
	peer *wire.Peer
	done chan struct{}

	mu      sync.Mutex
	running map[uint32]chan wire.Exit
	early   map[uint32]wire.Exit // exits that overtook the answer to their spawn
}

// New takes over conn and starts the goroutine that reads it, which ends when
// the connection does.
func New(conn *wire.Conn) *Cell {
	c := &Cell{done: make(chan struct{}), running: map[uint32]chan wire.Exit{}, early: map[uint32]wire.Exit{}}
	c.peer = wire.NewPeer(conn, wire.On(wire.VerbExit, c.exited))
	go c.run()
	return c
}

func (c *Cell) run() {
	defer close(c.done)
	_ = c.peer.Run() // why it ended doesn't matter: every process is told the same
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, ch := range c.running {
		close(ch)
	}
	c.running = nil
}

// Close ends the connection and waits for its goroutine. Processes live on, but
// those with a terminal of ours get SIGHUP once its master is closed too.
func (c *Cell) Close() error {
	err := c.peer.Close()
	<-c.done
	return err
}

// Done is closed when the connection has ended, by either side.
func (c *Cell) Done() <-chan struct{} { return c.done }

// maxEarly bounds what a hostile init can make us remember.
const maxEarly = 64

func (c *Cell) exited(e *wire.Exit, files []*os.File) (wire.Message, []*os.File, error) {
	closeAll(files) // nothing belongs to an exit
	c.mu.Lock()
	defer c.mu.Unlock()
	ch, ok := c.running[e.Pid]
	if !ok {
		if len(c.early) < maxEarly {
			c.early[e.Pid] = *e
		}
		return nil, nil, nil
	}
	delete(c.running, e.Pid)
	ch <- *e
	close(ch)
	return nil, nil, nil
}

// Spawn starts a process. The error is wire.ErrClosed when the cell has ended
// meanwhile: opening it again then starts a new one.
func (c *Cell) Spawn(ctx context.Context, s *wire.Spawn) (*Process, error) {
	answer := &wire.Spawned{}
	files, err := c.peer.Call(ctx, wire.VerbSpawn, s, answer)
	if err != nil {
		return nil, err
	}
	p := &Process{cell: c, pid: answer.Pid, TTY: answer.TTY, exit: make(chan wire.Exit, 1)}
	p.Without, p.Waiting = answer.Without, int(min(answer.Waiting, wire.MaxKept))
	if err := p.adopt(s, files); err != nil {
		closeAll(files)
		return nil, fmt.Errorf("the cell's init sent what it shouldn't: %w", err)
	}
	c.track(p)
	return p, nil
}

// Terminals lists what the cell keeps. All of it is the init's word.
func (c *Cell) Terminals(ctx context.Context) ([]wire.Terminal, error) {
	answer := &wire.Terminals{}
	files, err := c.peer.Call(ctx, wire.VerbTerminals, &wire.Empty{}, answer)
	closeAll(files) // nothing belongs to a list
	return answer.List, err
}

// Adopt takes a terminal that is kept and that nobody has. Its process is from then
// on as one that was spawned here.
func (c *Cell) Adopt(ctx context.Context, pid uint32) (*Process, error) {
	answer := &wire.Terminal{}
	files, err := c.peer.Call(ctx, wire.VerbAdopt, &wire.Adopt{Pid: pid}, answer)
	if err != nil {
		return nil, err
	}
	p := &Process{cell: c, pid: pid, TTY: answer.TTY, exit: make(chan wire.Exit, 1)}
	if p.PTY, err = onlyMaster(files); err != nil {
		closeAll(files)
		return nil, fmt.Errorf("the cell's init sent what it shouldn't: %w", err)
	}
	c.track(p)
	return p, nil
}

func (c *Cell) track(p *Process) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e, ok := c.early[p.pid]; ok {
		delete(c.early, p.pid)
		p.exit <- e
		close(p.exit)
		return
	}
	if c.running == nil || c.running[p.pid] != nil {
		close(p.exit) // the connection is gone, or init named a process twice
		return
	}
	c.running[p.pid] = p.exit
}

// adopt checks the received descriptors and gives them their names.
func (p *Process) adopt(s *wire.Spawn, files []*os.File) error {
	files, err := p.adoptListeners(s, files)
	if err != nil {
		return err
	}
	if s.TTY != nil {
		p.PTY, err = onlyMaster(files)
		return err
	}
	if len(files) != 3 {
		return fmt.Errorf("%d descriptors instead of three pipes", len(files))
	}
	err = errors.Join(checkPipe(files[0], true), checkPipe(files[1], false), checkPipe(files[2], false))
	if err != nil {
		return err
	}
	p.Stdin, p.Stdout, p.Stderr = files[0], files[1], files[2]
	return nil
}

// onlyMaster is the descriptor of files, which must be one of a terminal's master.
func onlyMaster(files []*os.File) (*os.File, error) {
	if len(files) != 1 {
		return nil, fmt.Errorf("%d descriptors instead of a terminal's one", len(files))
	}
	return files[0], checkMaster(files[0])
}

// adoptListeners takes the last ones, and returns the rest.
func (p *Process) adoptListeners(s *wire.Spawn, files []*os.File) ([]*os.File, error) {
	if p.Without != "" {
		return files, nil
	}
	for _, l := range []struct {
		asked bool
		file  **os.File
	}{{s.Words, &p.Words}, {s.X11 != nil, &p.X11}, {s.Agent, &p.Agent}} {
		if !l.asked {
			continue
		}
		last := len(files) - 1
		if last < 0 {
			return nil, errors.New("a listening socket is missing")
		}
		if err := checkStream(files[last], true); err != nil {
			return nil, err
		}
		*l.file, files = files[last], files[:last]
	}
	return files, nil
}
