package cell

import (
	"context"
	"os"

	"github.com/jailsh/jailsh/internal/wire"
	"golang.org/x/sys/unix"
)

// Process is a process in a cell, with either PTY or the three pipe ends set.
// The files are non-blocking and belong to the caller.
type Process struct {
	PTY                   *os.File
	Stdin, Stdout, Stderr *os.File
	TTY                   string // the terminal's name in the jail

	Agent, X11, Words *os.File // listening sockets, if they were asked for
	Without           string   // why they weren't made; empty: they were

	Waiting int // terminals that are kept and that nobody has

	cell *Cell
	pid  uint32
	exit chan wire.Exit
}

// Exit yields how the process ended. It is closed without a value when the cell
// ended first.
func (p *Process) Exit() <-chan wire.Exit { return p.exit }

// Signal sends sig to the process group of the process. A process that has
// ended is no error.
func (p *Process) Signal(ctx context.Context, sig uint32) error {
	return p.cell.peer.Ask(ctx, wire.VerbSignal, &wire.Signal{Pid: p.pid, Signal: sig}, &wire.Empty{})
}

// Keep has the init keep the terminal when the connection ends without a Release,
// under a name that no other has, or without one. The process must have been
// spawned with Hold.
func (p *Process) Keep(ctx context.Context, name string) error {
	return p.cell.peer.Ask(ctx, wire.VerbKeep, &wire.Keep{Pid: p.pid, Name: name}, &wire.Empty{})
}

// Release has the init give up its own descriptor of the terminal: when PTY is
// closed too, the program is hung up. An error doesn't matter: the cell is gone then.
func (p *Process) Release() { _ = p.cell.peer.Notify(wire.VerbRelease, &wire.Release{Pid: p.pid}) }

// Resize sets the terminal's size; the kernel tells the programs with SIGWINCH.
// Values above 65535 are cut to what the kernel can hold (ioctl_tty(2)).
func (p *Process) Resize(s wire.Size) error {
	raw, err := p.PTY.SyscallConn()
	if err != nil {
		return err
	}
	var ioctlErr error
	if err := raw.Control(func(fd uintptr) { ioctlErr = unix.IoctlSetWinsize(int(fd), unix.TIOCSWINSZ, s.Winsize()) }); err != nil {
		return err
	}
	return os.NewSyscallError("TIOCSWINSZ", ioctlErr)
}
