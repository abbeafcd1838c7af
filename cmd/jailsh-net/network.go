package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync/atomic"

	"github.com/jailsh/jailsh/internal/cell"
	"github.com/jailsh/jailsh/internal/wire"
	"github.com/jailsh/jailsh/sshd"
)

// network is the running jailsh-net, and, for package sshd, the broker: each of
// its methods is one verb of jailshd's table.
type network struct {
	peer    *wire.Peer
	server  atomic.Pointer[sshd.Server]
	journal *journal
}

func newNetwork(conn *wire.Conn) *network {
	n := &network{}
	n.peer = wire.NewPeer(conn, wire.On(wire.VerbReload, n.reload), wire.On(wire.VerbNotice, n.notice),
		wire.On(wire.VerbPenalised, n.penalised), wire.On(wire.VerbSessions, n.sessions), wire.On(wire.VerbKill, n.kill),
		wire.On(wire.VerbWatch, n.watch), wire.On(wire.VerbStop, n.stop))
	// Records that can't be sent are lost with the process: jailshd is gone.
	n.journal = newJournal(func(m *wire.Records) { _ = n.peer.Notify(wire.VerbRecord, m) })
	return n
}

// run serves until jailshd is gone, and with it every connection.
func (n *network) run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	gone := make(chan error, 1)
	go func() { gone <- n.peer.Run() }()

	cfg := &wire.NetConfig{}
	files, err := n.peer.Call(ctx, wire.VerbConfigure, &wire.Empty{}, cfg)
	if err != nil {
		return err
	}
	server, err := sshd.New(cfg, n)
	if err != nil {
		return err
	}
	n.server.Store(server)
	for _, f := range files {
		l, err := sshd.NewListener(f)
		if err != nil {
			return fmt.Errorf("listener: %w", err)
		}
		go func() {
			if err := server.Serve(ctx, l); err != nil {
				gone <- err
			}
		}()
	}
	return <-gone
}

// reload takes over what the configuration says now, for connections to come. It
// answers when everybody who may not be here any more was told so.
func (n *network) reload(cfg *wire.NetConfig, files []*os.File) (wire.Message, []*os.File, error) {
	closeAll(files)
	if s := n.server.Load(); s != nil {
		s.Configure(cfg)
		s.Recheck()
	}
	return &wire.Empty{}, nil, nil
}

// notice doesn't wait for anybody to read it.
func (n *network) notice(m *wire.Notice, files []*os.File) (wire.Message, []*os.File, error) {
	closeAll(files)
	if s := n.server.Load(); s != nil {
		s.Notice(m.User, m.Text)
	}
	return nil, nil, nil
}

func (n *network) penalised(_ *wire.Empty, files []*os.File) (wire.Message, []*os.File, error) {
	closeAll(files)
	if s := n.server.Load(); s != nil {
		return s.Penalised(), nil, nil
	}
	return &wire.Penalised{}, nil, nil
}

func (n *network) sessions(m *wire.ListSessions, files []*os.File) (wire.Message, []*os.File, error) {
	closeAll(files)
	if s := n.server.Load(); s != nil {
		return s.Sessions(m), nil, nil
	}
	return &wire.Sessions{}, nil, nil
}

func (n *network) kill(m *wire.Kill, files []*os.File) (wire.Message, []*os.File, error) {
	closeAll(files)
	if s := n.server.Load(); s != nil {
		was, err := s.Kill(m)
		return was, nil, err
	}
	return nil, nil, errStarting
}

func (n *network) watch(m *wire.Watch, files []*os.File) (wire.Message, []*os.File, error) {
	s := n.server.Load()
	if s == nil || len(files) != 1 {
		closeAll(files)
		return nil, nil, errStarting
	}
	is, err := s.Watch(m, files[0])
	return is, nil, err
}

// errStarting is for who asks before anybody is served.
var errStarting = errors.New("jailsh-net has just been started: nobody is there - try again")

// stop answers when all clients were told and disconnected. Then jailshd closes
// the socket, and the process ends.
func (n *network) stop(_ *wire.Empty, files []*os.File) (wire.Message, []*os.File, error) {
	closeAll(files)
	var err error
	if s := n.server.Load(); s != nil {
		err = s.Shutdown(context.Background()) // jailshd's patience is the limit
	}
	n.journal.flush()
	return &wire.Empty{}, nil, err
}

func closeAll(files []*os.File) {
	for _, f := range files {
		f.Close()
	}
}

// Lookup asks whether a key is good for a user.
func (n *network) Lookup(ctx context.Context, m *wire.Lookup) (*wire.Grant, error) {
	grant := &wire.Grant{}
	_, err := n.peer.Call(ctx, wire.VerbLookup, m, grant)
	return grant, err
}

// Verify asks whether a code is good.
func (n *network) Verify(ctx context.Context, m *wire.Verify) (*wire.Verified, error) {
	v := &wire.Verified{}
	_, err := n.peer.Call(ctx, wire.VerbVerify, m, v)
	return v, err
}

// Sign asks for a signature of a host key.
func (n *network) Sign(ctx context.Context, m *wire.Sign) (*wire.Signature, error) {
	s := &wire.Signature{}
	_, err := n.peer.Call(ctx, wire.VerbSign, m, s)
	return s, err
}

// Open asks for a way into a user's cell.
func (n *network) Open(ctx context.Context, m *wire.Open) (sshd.Cell, error) {
	files, err := n.peer.Call(ctx, wire.VerbOpen, m, &wire.Opened{})
	if err != nil {
		return nil, err
	}
	if len(files) != 1 {
		closeAll(files)
		return nil, errors.New("open: no socket came along")
	}
	conn, err := wire.NewConn(files[0])
	if err != nil {
		files[0].Close()
		return nil, err
	}
	return cellOf{cell.New(conn)}, nil
}

// Recording asks for a file to record a session in.
func (n *network) Recording(ctx context.Context, m *wire.Recording) (*wire.Recorded, *os.File, error) {
	answer := &wire.Recorded{}
	files, err := n.peer.Call(ctx, wire.VerbRecording, m, answer)
	if err != nil {
		return nil, nil, err
	}
	if len(files) != 1 {
		closeAll(files)
		return nil, nil, errors.New("recording: no file came along")
	}
	return answer, files[0], nil
}

// Seal asks for a signature over what a recording holds.
func (n *network) Seal(ctx context.Context, m *wire.Seal) error {
	_, err := n.peer.Call(ctx, wire.VerbSeal, m, &wire.Empty{})
	return err
}

// Record writes an event to the log, within gatherTime.
func (n *network) Record(r *wire.Record) { n.journal.add(r) }

// cellOf is a cell as package sshd wants it.
type cellOf struct{ *cell.Cell }

// Spawn starts a program.
func (c cellOf) Spawn(ctx context.Context, m *wire.Spawn) (*sshd.Process, error) {
	p, err := c.Cell.Spawn(ctx, m)
	if err != nil {
		return nil, err
	}
	return processOf(p), nil
}

// Adopt takes a terminal that the cell keeps.
func (c cellOf) Adopt(ctx context.Context, pid uint32) (*sshd.Process, error) {
	p, err := c.Cell.Adopt(ctx, pid)
	if err != nil {
		return nil, err
	}
	return processOf(p), nil
}

func processOf(p *cell.Process) *sshd.Process {
	return &sshd.Process{
		PTY: p.PTY, Stdin: p.Stdin, Stdout: p.Stdout, Stderr: p.Stderr, TTY: p.TTY,
		Agent: p.Agent, X11: p.X11, Words: p.Words, Without: p.Without, Waiting: p.Waiting, Control: p,
	}
}
