package pid1

import (
	"errors"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/jailsh/jailsh/internal/wire"
	"github.com/jailsh/jailsh/jail/identity"
	"golang.org/x/sys/unix"
)

// grace is how long processes have between SIGHUP and the end of the cell.
const grace = 2 * time.Second

// cell is the one that this process is PID 1 of.
type cell struct {
	control *wire.Peer
	wake    sync.Cond     // on mu: a child was forked, or the cell is ending
	dials   chan struct{} // one for each connect in progress
	calls   sync.Mutex    // held for a request's system calls, see startThreads
	threads sync.Once

	mu       sync.Mutex
	spec     *wire.Spec
	applet   *os.File // jailsh-applet
	clients  int      // open sockets
	attached bool
	children bool // wait4 has something to wait for
	ending   bool
	timer    *time.Timer // runs while nothing else does
	procs    map[int]chan syscall.WaitStatus
	held     map[int]*terminal // by the process that it was made for
}

// Serve is PID 1's life. It returns when the cell is to end, nil when that was
// its own decision: the caller exits.
func Serve(conn *wire.Conn) error {
	if err := dropSignals(); err != nil {
		return err
	}
	if err := identity.Undumpable(); err != nil { // execve has reset it
		return err
	}
	c := &cell{procs: map[int]chan syscall.WaitStatus{}, held: map[int]*terminal{}, dials: make(chan struct{}, maxDials)}
	c.wake.L = &c.mu
	c.control = wire.NewPeer(conn,
		wire.On(wire.VerbBuild, c.built),
		wire.On(wire.VerbAttach, c.attach),
		wire.On(wire.VerbStop, c.stop),
	)
	go c.reap()
	err := c.control.Run()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ending {
		return nil
	}
	return err
}

// built is the answer to the plan by which the jail was built before execve; the
// same packet was left in the socket for it. The first client's socket and
// jailsh-applet came along.
func (c *cell) built(spec *wire.Spec, files []*os.File) (wire.Message, []*os.File, error) {
	unix.Umask(int(spec.Umask))
	c.mu.Lock()
	if c.spec != nil || len(files) != 2 {
		c.mu.Unlock()
		closeAll(files)
		return nil, nil, errors.New("the jail stands already, or lacks a descriptor")
	}
	c.spec, c.applet = spec, files[1]
	c.mu.Unlock()
	return c.attach(&wire.Empty{}, files[:1])
}

// attach takes a client's socket. It is refused once the cell is ending:
// jailshd then waits for the end and starts another.
func (c *cell) attach(_ *wire.Empty, files []*os.File) (wire.Message, []*os.File, error) {
	if len(files) != 1 {
		closeAll(files)
		return nil, nil, errors.New("a client has one socket")
	}
	conn, err := wire.NewConn(files[0])
	if err != nil {
		closeAll(files)
		return nil, nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ending || c.spec == nil {
		conn.Close()
		return nil, nil, errors.New("the cell is ending")
	}
	c.clients++
	c.attached = true
	if c.timer != nil {
		c.timer.Stop()
		c.timer = nil
	}
	go c.serve(newClient(c, conn))
	return &wire.Empty{}, nil, nil
}

// serve answers one client until its socket closes.
func (c *cell) serve(k *client) {
	k.run()
	c.left(k)
	close(k.left)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.clients--
	if c.clients == 0 && c.spec.KillOnLogout {
		c.end()
		return
	}
	c.idle()
}

func (c *cell) stop(_ *wire.Empty, files []*os.File) (wire.Message, []*os.File, error) {
	closeAll(files)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.end()
	return &wire.Empty{}, nil, nil
}

// idle starts the linger time if nothing is going on. mu is held.
func (c *cell) idle() {
	if c.ending || !c.attached || c.clients > 0 || c.children || c.timer != nil {
		return
	}
	if c.spec.Linger <= 0 {
		c.end()
		return
	}
	var timer *time.Timer
	timer = time.AfterFunc(c.spec.Linger, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.timer == timer {
			c.end()
		}
	})
	c.timer = timer
}

// end ends the cell: at once if no process is left, else after they were told
// and had their grace. mu is held.
func (c *cell) end() {
	if c.ending {
		return
	}
	c.ending = true
	c.wake.Broadcast()
	if !c.children {
		c.control.Close() // Serve returns, and the process exits
		return
	}
	// -1 is every process of the namespace but PID 1 (kill(2)).
	_ = unix.Kill(-1, unix.SIGHUP)
	_ = unix.Kill(-1, unix.SIGTERM)
	_ = unix.Kill(-1, unix.SIGCONT)
	time.AfterFunc(grace, func() { c.control.Close() })
}

func closeAll(files []*os.File) {
	for _, f := range files {
		f.Close()
	}
}
