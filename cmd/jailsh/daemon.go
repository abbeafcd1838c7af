package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/jailsh/jailsh/internal/cell"
	"github.com/jailsh/jailsh/internal/wire"
	"golang.org/x/sys/unix"
)

// daemon is a connection to the admin socket of the jailshd that runs an
// instance.
type daemon struct {
	conn *wire.Conn
	peer *wire.Peer
	done chan struct{} // closed when the goroutine that reads has returned
}

// errNoDaemon says that nobody listens on the admin socket.
var errNoDaemon = errors.New("jailshd doesn't run")

// dialDaemon connects to the jailshd whose run_dir is dir. The error is
// errNoDaemon when there is none.
func dialDaemon(dir string) (*daemon, error) {
	path := filepath.Join(dir, "jailshd.sock")
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	err = unix.Connect(fd, &unix.SockaddrUnix{Name: path})
	if err == nil {
		err = unix.SetNonblock(fd, true) // only now: connect(2) would answer EAGAIN to a full backlog
	}
	file := os.NewFile(uintptr(fd), path)
	switch {
	case errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ECONNREFUSED):
		err = errNoDaemon
	case errors.Is(err, unix.EACCES) || errors.Is(err, unix.EPERM):
		err = fmt.Errorf("%s: it answers only to root and to the user that jailshd runs as - use sudo", path)
	case err != nil:
		err = fmt.Errorf("%s: %w", path, err)
	}
	if err != nil {
		file.Close()
		return nil, err
	}
	conn, err := wire.NewConn(file)
	if err != nil {
		file.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	d := &daemon{conn: conn, peer: wire.NewPeer(conn), done: make(chan struct{})}
	go func() {
		defer close(d.done)
		_ = d.peer.Run() // open calls are told that it ended
	}()
	return d, nil
}

func (d *daemon) close() {
	d.peer.Close()
	<-d.done
}

// pid is the daemon's process id.
func (d *daemon) pid() (int, error) {
	cred, err := d.conn.PeerCred()
	if err != nil {
		return 0, err
	}
	return int(cred.Pid), nil
}

// open asks for the user's cell, which is started if it isn't running.
func (d *daemon) open(ctx context.Context, user string) (*cell.Cell, error) {
	opened := &wire.Opened{}
	files, err := d.peer.Call(ctx, wire.VerbOpen, &wire.Open{User: user, Ref: reference()}, opened)
	if err != nil {
		return nil, err
	}
	if len(files) != 1 {
		for _, f := range files {
			f.Close()
		}
		return nil, fmt.Errorf("jailshd: %d descriptors instead of the cell's socket - install jailsh and jailshd of one version", len(files))
	}
	conn, err := wire.NewConn(files[0])
	if err != nil {
		files[0].Close()
		return nil, fmt.Errorf("jailshd: the cell's socket: %w", err)
	}
	return cell.New(conn), nil
}

// reference is what the daemon's log calls this request.
func reference() string { return "run-" + rand.Text()[:8] }
