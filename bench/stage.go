package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/sys/unix"
)

const (
	// stageProgram shows what this process writes to a named pipe.
	stageProgram = "echo ready; exec cat "

	joinAtOnce = 8               // viewers
	playLimit  = 3 * time.Minute // of one play
)

// stage is a live terminal: its owner's client, and those of viewers.
type stage struct {
	*server
	feed    *os.File // what the owner's program shows
	owner   *terminal
	viewers []*terminal
	enter   func(net.Conn) (*ssh.Client, error) // logs a viewer in
	attach  string                              // what a viewer asks for; "" is the shell
	token   string                              // of jailsh's
	plays   int
	shown   string // what the last one ended with
}

// newFeed makes a named pipe in the home of whoever has the folder.
func newFeed(dir string) (*os.File, error) {
	var owner unix.Stat_t
	if err := unix.Stat(dir, &owner); err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	name := filepath.Join(dir, "feed")
	_ = os.Remove(name) // of an earlier stage
	if err := unix.Mkfifo(name, 0o600); err != nil {
		return nil, fmt.Errorf("mkfifo %s: %w", name, err)
	}
	if err := os.Lchown(name, int(owner.Uid), int(owner.Gid)); err != nil {
		return nil, err
	}
	// To read as well: who opens it to write alone waits for a reader (fifo(7)).
	return os.OpenFile(name, os.O_RDWR, 0)
}

// open starts the owner's terminal.
func (st *stage) open(ctx context.Context, command string) (err error) {
	st.shown = "ready"
	st.owner, err = st.seat(ctx, st.own, command)
	return st.wrapped(err)
}

// own logs the owner in.
func (st *stage) own(conn net.Conn) (*ssh.Client, error) {
	return st.handshake(conn, st.user, ssh.PublicKeys(st.site.key))
}

// close ends all of it, and the server.
func (st *stage) close() {
	st.hangUp()
	st.stop()
}

// hangUp ends the viewers, the owner, and her program by the end of its file.
func (st *stage) hangUp() {
	for _, v := range st.viewers {
		v.close()
	}
	if st.owner != nil {
		st.owner.close()
	}
	if st.feed != nil {
		st.feed.Close()
	}
}

// grow has viewers join until there are so many, each with a connection of its own.
func (st *stage) grow(ctx context.Context, count int) error {
	first := len(st.viewers)
	st.viewers = append(st.viewers, make([]*terminal, count-first)...)
	errs := make([]error, count)
	var joining sync.WaitGroup
	for worker := range joinAtOnce {
		joining.Go(func() {
			for i := first + worker; i < count; i += joinAtOnce {
				st.viewers[i], errs[i] = st.seat(ctx, st.enter, st.attach)
				if errs[i] != nil {
					return
				}
			}
		})
	}
	joining.Wait()
	if err := errors.Join(errs...); err != nil {
		for i, v := range st.viewers {
			if v == nil {
				st.viewers = st.viewers[:i]
				break
			}
		}
		return st.wrap(err)
	}
	return nil
}

// seat logs somebody in and starts command, or the login shell if it is "". It returns
// once that shows what is on the screen.
func (st *stage) seat(ctx context.Context, enter func(net.Conn) (*ssh.Client, error), command string) (*terminal, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", st.addr)
	if err != nil {
		return nil, err
	}
	b := &brake{Conn: conn}
	late := time.AfterFunc(time.Minute, func() { conn.Close() })
	defer late.Stop()
	c, err := enter(b)
	if err != nil {
		return nil, err
	}
	t, err := openTerminal(c, command, st.shown)
	if err != nil {
		c.Close()
		return nil, err
	}
	t.brake = b
	return t, nil
}

// play has the owner's program show something, and returns how long it took until all
// of to have seen the end. seen is called with what one of them, by her place in to,
// is sent: a piece, and before it the end of the one before.
func (st *stage) play(ctx context.Context, to []*terminal, show func(io.Writer) error, seen func(i int, piece []byte)) (time.Duration, error) {
	st.plays++
	st.shown = fmt.Sprintf("end of play %04d", st.plays)
	defer context.AfterFunc(ctx, st.hangUp)()
	if err := st.feed.SetWriteDeadline(time.Now().Add(playLimit)); err != nil {
		return 0, err
	}
	if seen == nil {
		seen = func(int, []byte) {}
	}
	start := time.Now()
	errs := make([]error, len(to)+1)
	var watching sync.WaitGroup
	for i, t := range to {
		watching.Go(func() {
			errs[i] = t.follow(st.shown, func(piece []byte) { seen(i, piece) })
		})
	}
	err := show(st.feed)
	if err == nil {
		_, err = io.WriteString(st.feed, "\x1b[m\n"+st.shown)
	}
	errs[len(to)] = err
	watching.Wait()
	took := time.Since(start)
	return took, st.wrapped(errors.Join(errs...))
}

// everybody is the viewers and the owner, who is last.
func (st *stage) everybody() []*terminal {
	return append(st.viewers[:len(st.viewers):len(st.viewers)], st.owner)
}
