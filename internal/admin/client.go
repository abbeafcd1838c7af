package admin

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/jailsh/jailsh/internal/cell"
	"github.com/jailsh/jailsh/internal/wire"
	"golang.org/x/sys/unix"
)

// Client is a connection to the admin socket of the jailshd that runs an
// instance.
type Client struct {
	conn *wire.Conn
	peer *wire.Peer
	done chan struct{} // closed when the goroutine that reads has returned
}

// ErrNoDaemon says that nobody listens on the admin socket.
var ErrNoDaemon = errors.New("jailshd doesn't run")

// Dial connects to the jailshd whose run_dir is dir. The error is ErrNoDaemon when
// there is none.
func Dial(dir string) (*Client, error) {
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
		err = ErrNoDaemon
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
	c := &Client{conn: conn, peer: wire.NewPeer(conn), done: make(chan struct{})}
	go func() {
		defer close(c.done)
		_ = c.peer.Run() // open calls are told that it ended
	}()
	return c, nil
}

// Close ends the connection. Cells that were opened with it stay open.
func (c *Client) Close() {
	c.peer.Close()
	<-c.done
}

// Pid is the daemon's process id.
func (c *Client) Pid() (int, error) {
	cred, err := c.conn.PeerCred()
	if err != nil {
		return 0, err
	}
	return int(cred.Pid), nil
}

// Status is what the daemon knows of itself.
func (c *Client) Status(ctx context.Context) (*wire.Status, error) {
	ctx, cancel := context.WithTimeout(ctx, statusTimeout)
	defer cancel()
	status := &wire.Status{}
	err := c.peer.Ask(ctx, wire.VerbStatus, &wire.Empty{}, status)
	return status, err
}

// statusTimeout is how long the daemon may take to say how it is.
const statusTimeout = 5 * time.Second

// Reload has the daemon read its configuration, and returns when that is in force. A
// *wire.Failure says why the old one stays.
func (c *Client) Reload(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, reloadTimeout)
	defer cancel()
	return c.peer.Ask(ctx, wire.VerbReload, &wire.Empty{}, &wire.Empty{})
}

// reloadTimeout is how long the daemon may take to read its configuration: the lists
// of revoked keys may be long, and every connection is looked at.
const reloadTimeout = 30 * time.Second

// Open asks for the user's cell, which is started if it isn't running. A
// *wire.Failure is the daemon's own word, and names the user.
func (c *Client) Open(ctx context.Context, user string) (*cell.Cell, error) {
	opened := &wire.Opened{}
	files, err := c.peer.Call(ctx, wire.VerbOpen, &wire.Open{User: user, Ref: reference()}, opened)
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
