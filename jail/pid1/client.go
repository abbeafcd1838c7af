package pid1

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"syscall"

	"github.com/jailsh/jailsh/internal/wire"
	"golang.org/x/sys/unix"
)

// client is one socket of jailsh-net's, and the processes that it asked for.
// They outlive it; only their exit status is then of no interest.
type client struct {
	cell *cell
	peer *wire.Peer

	gone bool          // under cell.mu: its socket is closed
	left chan struct{} // closed when the cell has taken back what it had

	mu      sync.Mutex
	leaders map[int]bool // living processes, each the leader of its session
}

func newClient(c *cell, conn *wire.Conn) *client {
	k := &client{cell: c, left: make(chan struct{}), leaders: map[int]bool{}}
	k.peer = wire.NewPeer(conn,
		wire.On(wire.VerbSpawn, k.spawn),
		wire.On(wire.VerbSignal, k.signal),
		wire.On(wire.VerbDial, k.dial),
		wire.On(wire.VerbListen, k.listen),
		wire.On(wire.VerbKeep, k.keep),
		wire.On(wire.VerbRelease, k.release),
		wire.On(wire.VerbTerminals, k.terminals),
		wire.On(wire.VerbAdopt, k.adopt),
	)
	return k
}

func (k *client) run() { _ = k.peer.Run() } // closed by the other side, or not fit to talk to

// spawn starts a process and answers with the descriptors that lead to it.
func (k *client) spawn(s *wire.Spawn, files []*os.File) (wire.Message, []*os.File, error) {
	k.cell.settle()
	k.cell.calls.Lock()
	defer k.cell.calls.Unlock()
	closeAll(files)
	var p *prepared
	var err error
	if s.TTY != nil {
		p, err = prepareTTY(s.TTY)
	} else {
		p, err = preparePipes()
	}
	if err != nil {
		return nil, nil, err
	}
	defer closeAll(p.child)
	if s.TTY != nil && s.Motd {
		writeMotd(p.child[0], k.cell.spec.Home)
	}
	beside, without := prepareSockets(s)
	p.env = beside.env
	p.parent = append(p.parent, beside.files()...)
	pid, ended, err := k.cell.fork(s, p)
	if err != nil {
		closeAll(p.parent)
		beside.remove()
		return nil, nil, err
	}
	if s.TTY != nil && s.Hold {
		if err := k.hold(pid, p); err != nil {
			closeAll(p.parent) // the kernel hangs up, and await collects what ends by that
			go k.await(pid, ended, beside)
			return nil, nil, err
		}
	}
	k.leads(pid)
	go k.await(pid, ended, beside)
	k.cell.threads.Do(func() { go startThreads() }) // not before: a login would wait for them
	answer := &wire.Spawned{Pid: uint32(pid), TTY: p.tty, Waiting: k.cell.waiting()}
	if without != nil {
		answer.Without = without.Error()
	}
	return answer, p.parent, nil
}

// leads takes note of a process whose group the client may signal.
func (k *client) leads(pid int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.leaders[pid] = true
}

// await tells how a process ended, whoever has its terminal then; else the client
// that asked for it.
func (k *client) await(pid int, ended <-chan syscall.WaitStatus, beside *sockets) {
	status := <-ended
	beside.remove()
	if t := k.cell.take(pid); t != nil {
		t.close()
		if k = t.holder; k == nil {
			return // nobody has it
		}
	}
	k.mu.Lock()
	delete(k.leaders, pid)
	k.mu.Unlock()
	e := &wire.Exit{Pid: uint32(pid)}
	if status.Signaled() {
		e.Signal, e.Core = uint32(status.Signal()), status.CoreDump()
	} else {
		e.Status = uint32(status.ExitStatus())
	}
	_ = k.peer.Notify(wire.VerbExit, e) // a client that left doesn't want to know
}

// signal reaches the process group of a process that this client asked for. The
// group may outlive its leader; then the id could be another's, and it is left
// alone.
func (k *client) signal(s *wire.Signal, files []*os.File) (wire.Message, []*os.File, error) {
	closeAll(files)
	if s.Signal == 0 || s.Signal > 64 {
		return nil, nil, fmt.Errorf("signal %d doesn't exist", s.Signal)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if !k.leaders[int(s.Pid)] {
		return &wire.Empty{}, nil, nil
	}
	if err := unix.Kill(-int(s.Pid), unix.Signal(s.Signal)); err != nil && !errors.Is(err, unix.ESRCH) {
		return nil, nil, err
	}
	return &wire.Empty{}, nil, nil
}
