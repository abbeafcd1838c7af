package sshd

import (
	"context"
	"os"
	"slices"
	"time"

	"github.com/jailsh/jailsh/internal/wire"
	"golang.org/x/sys/unix"
)

// hold is what a cell's init does with a terminal that it holds.
func (p *hostProcess) hold(of *Process, size wire.Size) {
	p.kept = wire.Terminal{Pid: uint32(p.pid), TTY: of.TTY, Size: size, Command: "bash", Began: time.Now()}
	p.master = second(p.cell, of.PTY)
	p.cell.mu.Lock()
	defer p.cell.mu.Unlock()
	p.cell.held = append(p.cell.held, p)
}

// second is another descriptor of a master.
func second(c *hostCell, f *os.File) *os.File {
	raw, err := f.SyscallConn()
	fd := -1
	if err == nil {
		err = raw.Control(func(n uintptr) { fd, _ = unix.FcntlInt(n, unix.F_DUPFD_CLOEXEC, 3) })
	}
	if err != nil || fd < 0 {
		c.t.Errorf("no second descriptor: %v", err)
	}
	return os.NewFile(uintptr(fd), "master")
}

func (p *hostProcess) Keep(_ context.Context, name string) error {
	p.cell.mu.Lock()
	defer p.cell.mu.Unlock()
	for _, other := range p.cell.held {
		if other != p && other.keep && name != "" && other.kept.Name == name {
			return &wire.Failure{Text: "there is a terminal of that name already"}
		}
	}
	p.keep, p.kept.Name = true, name
	return nil
}

func (p *hostProcess) Release() {
	p.cell.mu.Lock()
	defer p.cell.mu.Unlock()
	p.cell.held = slices.DeleteFunc(p.cell.held, func(o *hostProcess) bool { return o == p })
	if p.master != nil {
		p.master.Close()
	}
}

// lose is the end of a jailsh-net.
func (c *hostCell) lose() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, p := range c.held {
		p.kept.Lost = time.Now()
	}
}

func (c *hostCell) waiting() (n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, p := range c.held {
		if !p.kept.Lost.IsZero() {
			n++
		}
	}
	return n
}

func (c *hostCell) Terminals(context.Context) (list []wire.Terminal, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, p := range c.held {
		if p.keep {
			list = append(list, p.kept)
		}
	}
	return list, nil
}

func (c *hostCell) Adopt(_ context.Context, pid uint32) (*Process, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, p := range c.held {
		if p.kept.Pid == pid && !p.kept.Lost.IsZero() {
			p.kept.Lost = time.Time{}
			p.pty = second(c, p.master)
			return &Process{PTY: p.pty, TTY: p.kept.TTY, Control: p}, nil
		}
	}
	return nil, &wire.Failure{Text: "there is no such terminal"}
}
