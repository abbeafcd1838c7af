package pid1

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/jailsh/jailsh/internal/wire"
	"golang.org/x/sys/unix"
)

// terminal is the master of a program's terminal, held here beside the client that
// has it. As long as it is open the kernel doesn't hang up, whatever becomes of the
// client; and as nobody reads it, the program that writes more than the kernel
// holds (tty_buffer.c) waits.
//
// All but the first three are guarded by cell.mu.
type terminal struct {
	pid   int
	tty   string
	began time.Time

	master int     // a descriptor that the poller doesn't know: each output would wake this process
	kept   bool    // the client has got it, and wants it to outlive its socket
	name   string  // empty: none
	holder *client // nil: nobody
	lost   time.Time
	timer  *time.Timer // runs while nobody has it
}

// hold takes a second descriptor of a terminal that a client is about to get.
func (k *client) hold(pid int, p *prepared) error {
	c := k.cell
	if c.spec.AttachTTL <= 0 {
		return nil
	}
	master, err := duplicate(p.parent[0])
	if err != nil {
		return err
	}
	t := &terminal{pid: pid, tty: p.tty, began: time.Now(), master: master, holder: k}
	c.mu.Lock()
	defer c.mu.Unlock()
	if k.gone {
		t.close() // the answer can't be sent any more
		return nil
	}
	c.held[pid] = t
	return nil
}

// keep is the client's word that it has got a terminal that is worth keeping.
func (k *client) keep(m *wire.Keep, files []*os.File) (wire.Message, []*os.File, error) {
	closeAll(files)
	c := k.cell
	c.mu.Lock()
	defer c.mu.Unlock()
	t := c.held[int(m.Pid)]
	if t == nil || t.holder != k {
		return nil, nil, errors.New("there is no such terminal of this client's")
	}
	kept := 0
	for _, other := range c.held {
		if other == t || !other.kept {
			continue
		}
		if kept++; m.Name != "" && other.name == m.Name {
			return nil, nil, errors.New("there is a terminal of that name already")
		}
	}
	if kept >= wire.MaxKept {
		return nil, nil, fmt.Errorf("%d terminals are kept already", kept)
	}
	t.kept, t.name = true, m.Name
	return &wire.Empty{}, nil, nil
}

// release gives up a terminal that the client has. It comes when the client has
// closed it, or is about to: with the last descriptor the kernel hangs up.
func (k *client) release(m *wire.Release, files []*os.File) (wire.Message, []*os.File, error) {
	closeAll(files)
	c := k.cell
	c.mu.Lock()
	t := c.held[int(m.Pid)]
	mine := t != nil && t.holder == k
	if mine {
		delete(c.held, t.pid)
	}
	c.mu.Unlock()
	if mine {
		t.close()
	}
	return nil, nil, nil
}

// still has no terminal change hands until what it returns is called: whoever has gone
// by now has left what she had.
func (c *cell) still() (over func()) {
	c.settle()
	c.calls.Lock()
	c.mu.Lock()
	return func() {
		c.mu.Unlock()
		c.calls.Unlock()
	}
}

// terminals lists those that are kept.
func (k *client) terminals(_ *wire.Empty, files []*os.File) (wire.Message, []*os.File, error) {
	closeAll(files)
	c := k.cell
	defer c.still()()
	all := &wire.Terminals{}
	for _, t := range c.held {
		if t.kept {
			all.List = append(all.List, t.describe())
		}
	}
	return all, nil, nil
}

// adopt hands a terminal out that nobody has.
func (k *client) adopt(m *wire.Adopt, files []*os.File) (wire.Message, []*os.File, error) {
	closeAll(files)
	c := k.cell
	defer c.still()()
	t := c.held[int(m.Pid)]
	switch {
	case t == nil || !t.kept || k.gone:
		return nil, nil, errors.New("there is no such terminal")
	case t.holder != nil:
		return nil, nil, errors.New("another client has this terminal")
	}
	master, err := unix.FcntlInt(uintptr(t.master), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, nil, os.NewSyscallError("fcntl", err)
	}
	answer := t.describe()
	answer.Lost = time.Time{}
	t.holder, t.lost = k, time.Time{}
	t.timer.Stop()
	k.leads(t.pid)
	return &answer, []*os.File{os.NewFile(uintptr(master), "ptmx")}, nil
}

// settle waits until what was left by clients that are gone is nobody's. The next
// jailsh-net may ask for it before this process has come to read that the last one's
// sockets are closed. A lock that a handler takes must not be held.
func (c *cell) settle() {
	holders := map[*client]bool{}
	c.mu.Lock()
	for _, t := range c.held {
		if t.holder != nil {
			holders[t.holder] = true
		}
	}
	c.mu.Unlock()
	for k := range holders {
		if k.peer.HungUp() {
			select {
			case <-k.left:
			case <-time.After(settleTime):
			}
		}
	}
}

// settleTime is how long that may take. A client that is hostile can have as many
// requests under way as are handled at once, all of which wait here for its own end.
const settleTime = time.Second

// left is called when a client's socket is closed: what it had and is kept waits
// for another one, for attach_ttl, and the rest is hung up.
func (c *cell) left(k *client) {
	var over []*terminal
	now := time.Now()
	c.mu.Lock()
	k.gone = true
	for pid, t := range c.held {
		switch {
		case t.holder != k:
		case !t.kept:
			delete(c.held, pid)
			over = append(over, t)
		default:
			t.holder, t.lost = nil, now
			t.timer = time.AfterFunc(c.spec.AttachTTL, func() { c.forget(t, now) })
		}
	}
	c.mu.Unlock()
	for _, t := range over {
		t.close()
	}
}

// forget hangs up a terminal that nobody has come back to since it was lost.
func (c *cell) forget(t *terminal, lost time.Time) {
	c.mu.Lock()
	over := c.held[t.pid] == t && t.lost.Equal(lost)
	if over {
		delete(c.held, t.pid)
	}
	c.mu.Unlock()
	if over {
		t.close()
	}
}

// take returns the terminal of a process that has ended, which is then nobody's;
// nil if there is none.
func (c *cell) take(pid int) *terminal {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := c.held[pid]
	delete(c.held, pid)
	if t != nil && t.timer != nil {
		t.timer.Stop()
	}
	return t
}

// waiting is how many terminals nobody has.
func (c *cell) waiting() (n uint32) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, t := range c.held {
		if t.holder == nil {
			n++
		}
	}
	return n
}

// close closes the descriptor, once: t is out of cell.held by now.
func (t *terminal) close() { unix.Close(t.master) }

// describe says what the list has of the terminal. cell.mu is held.
func (t *terminal) describe() wire.Terminal {
	m := wire.Terminal{Pid: uint32(t.pid), TTY: t.tty, Name: t.name, Began: t.began, Lost: t.lost, Command: foreground(t.master)}
	if size, err := unix.IoctlGetWinsize(t.master, unix.TIOCGWINSZ); err == nil {
		m.Size = wire.Size{Columns: uint32(size.Col), Rows: uint32(size.Row), Width: uint32(size.Xpixel), Height: uint32(size.Ypixel)}
	}
	return m
}

// foreground is the name of the program that has the terminal now, proc_pid_comm(5).
func foreground(master int) string {
	group, err := unix.IoctlGetInt(master, unix.TIOCGPGRP)
	if err != nil || group <= 0 {
		return ""
	}
	name, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", group))
	if err != nil {
		return "" // it has ended in between
	}
	return strings.TrimSuffix(string(name), "\n")
}

// duplicate is a further descriptor of f.
func duplicate(f *os.File) (int, error) {
	raw, err := f.SyscallConn()
	if err != nil {
		return -1, err
	}
	fd := -1
	var dupErr error
	if err := raw.Control(func(n uintptr) { fd, dupErr = unix.FcntlInt(n, unix.F_DUPFD_CLOEXEC, 0) }); err != nil {
		return -1, err
	}
	return fd, os.NewSyscallError("fcntl", dupErr)
}
