package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"sync"

	"github.com/jailsh/jailsh/internal/strict"
	"github.com/jailsh/jailsh/internal/wire"
)

// adminSocket answers `jailsh run`, `jailsh check`, `jailsh user`, and those who look at sessions. Its folder and its mode let
// nobody but root in, and the kernel's word about the caller (SO_PEERCRED) is asked
// too.
type adminSocket struct {
	daemon   *daemon
	listener *net.UnixListener

	mu     sync.Mutex
	peers  map[*wire.Peer]bool
	closed bool
}

func listenAdmin(path string, d *daemon) (*adminSocket, error) {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("admin socket: %w", err)
	}
	l, err := net.ListenUnix("unixpacket", &net.UnixAddr{Name: path, Net: "unixpacket"})
	if err != nil {
		return nil, fmt.Errorf("admin socket: %w - see to run_dir of jailsh.toml", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		l.Close()
		return nil, err
	}
	return &adminSocket{daemon: d, listener: l, peers: map[*wire.Peer]bool{}}, nil
}

// serve answers until close; it returns when every caller's goroutine has.
func (a *adminSocket) serve() {
	var callers sync.WaitGroup
	defer callers.Wait()
	for {
		c, err := a.listener.AcceptUnix()
		if err != nil {
			return
		}
		who, peer, err := a.admit(c)
		c.Close() // admit has a duplicate
		if err != nil {
			a.daemon.log.Warn("admin socket: refused", "error", err)
			continue
		}
		callers.Go(func() {
			_ = peer.Run() // the caller left
			who.left()
			a.mu.Lock()
			delete(a.peers, peer)
			a.mu.Unlock()
		})
	}
}

func (a *adminSocket) admit(c *net.UnixConn) (*caller, *wire.Peer, error) {
	raw, err := c.SyscallConn()
	if err != nil {
		return nil, nil, err
	}
	file, err := duplicateRaw(raw, "admin")
	if err != nil {
		return nil, nil, err
	}
	conn, err := wire.NewConn(file)
	if err != nil {
		file.Close()
		return nil, nil, err
	}
	cred, err := conn.PeerCred()
	if err != nil || (cred.Uid != 0 && int(cred.Uid) != os.Geteuid()) {
		conn.Close()
		return nil, nil, fmt.Errorf("the caller isn't root: %+v %w", cred, err)
	}
	who := newCaller(a.daemon, cred)
	peer := wire.NewPeer(conn, wire.On(wire.VerbOpen, a.open), wire.On(wire.VerbStatus, a.status),
		wire.On(wire.VerbReload, a.reload),
		wire.On(wire.VerbSessions, who.sessions), wire.On(wire.VerbKill, who.kill), wire.On(wire.VerbWatch, who.watch))
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed {
		conn.Close()
		return nil, nil, net.ErrClosed
	}
	a.peers[peer] = true
	return who, peer, nil
}

// open is what jailsh-net's open is, but root is told the reason of a failure.
func (a *adminSocket) open(m *wire.Open, files []*os.File) (wire.Message, []*os.File, error) {
	closeAll(files)
	opened, err := a.daemon.cell(m.User, m.Ref)
	if err != nil {
		return nil, nil, err
	}
	return &wire.Opened{Cell: opened.Cell, Cold: opened.Cold}, []*os.File{opened.Socket}, nil
}

// status tells what a restart would change, and who is refused.
func (a *adminSocket) status(_ *wire.Empty, files []*os.File) (wire.Message, []*os.File, error) {
	closeAll(files)
	return &wire.Status{Stale: needRestart(a.daemon.began, a.daemon.instance.Load().Config), Penalised: a.daemon.net.penalised()}, nil, nil
}

// reload reads the configuration again, and answers when it is in force.
func (a *adminSocket) reload(_ *wire.Empty, files []*os.File) (wire.Message, []*os.File, error) {
	closeAll(files)
	err := a.daemon.watcher.Load()
	if many := strict.Problems(nil); errors.As(err, &many) && len(many) > 1 {
		err = fmt.Errorf("%w, and %d more", many[0], len(many)-1)
	}
	return &wire.Empty{}, nil, err
}

// close ends the listener, which removes its file, and all callers.
func (a *adminSocket) close() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed {
		return
	}
	a.closed = true
	a.listener.Close()
	for p := range a.peers {
		p.Close()
	}
}
