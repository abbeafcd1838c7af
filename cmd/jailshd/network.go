package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/jailsh/jailsh/internal/childlog"
	"github.com/jailsh/jailsh/internal/wire"
	"github.com/jailsh/jailsh/jail"
	"golang.org/x/sys/unix"
)

// network supervises jailsh-net: it starts it, answers its questions, and starts
// it again when it dies. Cells and their processes don't notice.
type network struct {
	daemon  *daemon
	program string // path of the executable

	mu   sync.Mutex
	peer *wire.Peer // of the one that runs
}

// A jailsh-net that lived for steady is started again at once; one that dies
// sooner is given firstPause, then twice as much, up to lastPause. People can
// log in again within a second in either case.
const (
	steady     = 5 * time.Second
	lastWords  = 200 * time.Millisecond // to read what a dead one has said
	firstPause = 50 * time.Millisecond
	lastPause  = 800 * time.Millisecond
)

// supervise keeps one jailsh-net running until ctx ends.
func (n *network) supervise(ctx context.Context) {
	pause := time.Duration(0)
	for ctx.Err() == nil {
		began := time.Now()
		err := n.run(ctx)
		if ctx.Err() != nil {
			return
		}
		if time.Since(began) > steady {
			pause = 0
		}
		n.daemon.log.Error("jailsh-net ended, all connections are lost, cells live on: it is started again", "error", err, "in", pause)
		select {
		case <-time.After(pause):
		case <-ctx.Done():
		}
		pause = min(max(2*pause, firstPause), lastPause)
	}
}

// run is the life of one jailsh-net.
func (n *network) run(ctx context.Context) error {
	ours, theirs, err := wire.Pair()
	if err != nil {
		return err
	}
	said, stderr, err := os.Pipe()
	if err != nil {
		return errors.Join(err, ours.Close(), theirs.Close())
	}
	process, err := n.start(theirs, stderr)
	err = errors.Join(err, theirs.Close(), stderr.Close())
	if err != nil {
		return errors.Join(err, ours.Close(), said.Close())
	}
	recorders := n.daemon.newRecorders()
	defer recorders.close()
	peer := wire.NewPeer(ours, n.daemon.table(recorders)...)
	n.set(peer)
	defer n.set(nil)

	stop := context.AfterFunc(ctx, func() {
		n.part(peer)
		peer.Close()
	})
	defer stop()
	// Handlers that are at work when it ends aren't waited for: a cell that is
	// slow to open must not keep everybody else out.
	ended := make(chan error, 1)
	var parts sync.WaitGroup
	parts.Go(func() {
		ended <- peer.Run()
		_ = process.Kill() // whatever it still does, nobody answers it
	})
	parts.Go(func() {
		childlog.Lines(said, maxOutput, func(line string) { n.daemon.log.Warn("jailsh-net says", "line", line) })
	})
	state, err := process.Wait()
	// Both ends close with it, once what it said last has been read; unless it
	// passed them to somebody, for whom nobody waits.
	late := time.AfterFunc(lastWords, func() {
		peer.Close()
		said.Close()
	})
	parts.Wait()
	late.Stop()
	said.Close()
	broken := <-ended
	if broken != nil && !errors.Is(broken, io.EOF) && !errors.Is(broken, os.ErrClosed) {
		return fmt.Errorf("it doesn't keep to the contract: %w", broken)
	}
	return errors.Join(err, fmt.Errorf("%s", state))
}

// start clones jailsh-net into namespaces of its own. It confines itself to an
// empty root as an unprivileged user before it reads anything.
func (n *network) start(socket *wire.Conn, stderr *os.File) (*os.Process, error) {
	if err := jail.CheckProgram(n.program); err != nil { // it may have been replaced meanwhile
		return nil, err
	}
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	defer null.Close()
	uid := strconv.FormatUint(uint64(n.daemon.instance.Load().Config.NetUID), 10)
	largest := strconv.FormatInt(n.daemon.began.Recordings.MaxFile, 10)
	return os.StartProcess(n.program, []string{"jailsh-net", uid, largest}, &os.ProcAttr{
		Dir:   "/",
		Env:   []string{},
		Files: []*os.File{null, null, stderr, socket.File()},
		Sys: &syscall.SysProcAttr{
			Setsid: true,
			Cloneflags: unix.CLONE_NEWNS | unix.CLONE_NEWPID | unix.CLONE_NEWIPC | unix.CLONE_NEWUTS |
				unix.CLONE_NEWNET | unix.CLONE_NEWCGROUP,
		},
	})
}

func (n *network) set(p *wire.Peer) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.peer = p
}

// recheckTimeout is how long jailsh-net may take to look all grants up again.
const recheckTimeout = 5 * time.Second

// recheck has jailsh-net look every grant up again, and returns when those who
// lost theirs were told. One that is starting has no connections yet.
func (n *network) recheck() {
	n.mu.Lock()
	peer := n.peer
	n.mu.Unlock()
	if peer == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), recheckTimeout)
	defer cancel()
	if err := peer.Ask(ctx, wire.VerbReload, n.daemon.netConfig(), &wire.Empty{}); err != nil && !errors.Is(err, wire.ErrClosed) {
		n.daemon.log.Warn("jailsh-net: not all connections were looked at again", "error", err)
	}
}

// notice shows a text to the user's sessions. It is lost if jailsh-net isn't
// there, and so are they.
func (n *network) notice(user, text string) {
	n.mu.Lock()
	peer := n.peer
	n.mu.Unlock()
	if peer == nil {
		return
	}
	// In a goroutine: a full socket makes it wait, and whoever asks must not.
	go func() { _ = peer.Notify(wire.VerbNotice, &wire.Notice{User: user, Text: text}) }()
}

// penalisedTimeout is how long jailsh-net may take to say whom it refuses.
const penalisedTimeout = 2 * time.Second

// penalised are the sources that jailsh-net refuses now; none if it doesn't answer.
func (n *network) penalised() wire.Penalised {
	var m wire.Penalised
	if err := n.ask(penalisedTimeout, wire.VerbPenalised, &wire.Empty{}, &m); err != nil {
		return wire.Penalised{}
	}
	return m
}

// askTimeout is how long jailsh-net may take to answer what an administrator asks.
const askTimeout = 5 * time.Second

// ask asks jailsh-net on behalf of an administrator. Whatever the error is, what
// jailsh-net says of it is its own word.
func (n *network) ask(timeout time.Duration, v wire.Verb, question, answer wire.Message, files ...*os.File) error {
	n.mu.Lock()
	peer := n.peer
	n.mu.Unlock()
	if peer == nil {
		return errors.New("jailsh-net doesn't run: it is started again within a second")
	}
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	return peer.Ask(ctx, v, question, answer, files...)
}

// partTimeout is how long jailsh-net may take to tell its clients that the server
// stops: a client that doesn't read is given two seconds.
const partTimeout = 3 * time.Second

// part has jailsh-net take leave of its clients.
func (n *network) part(peer *wire.Peer) {
	ctx, cancel := context.WithTimeout(context.Background(), partTimeout)
	defer cancel()
	if err := peer.Ask(ctx, wire.VerbStop, &wire.Empty{}, &wire.Empty{}); err != nil && !errors.Is(err, wire.ErrClosed) {
		n.daemon.log.Warn("jailsh-net: not all clients were told", "error", err)
	}
}

// maxOutput bounds what one jailsh-net can make us log from its standard error,
// in lines: a panic's stack fits.
const maxOutput = 1000
