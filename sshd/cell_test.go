package sshd

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/creack/pty"
	"github.com/jailsh/jailsh/internal/wire"
	"golang.org/x/sys/unix"
)

// hostCell is a cell that is the host: it runs bash there, with the terminals
// and pipes that a cell's init hands out.
type hostCell struct {
	t    testing.TB
	work sync.WaitGroup
	done chan struct{} // closed by a test that wants the cell to have ended

	mu      sync.Mutex
	groups  []int
	spawned []*wire.Spawn
	newest  wire.Size // that was set
	held    []*hostProcess
	closed  int
}

func newHostCell(t testing.TB) *hostCell {
	c := &hostCell{t: t, done: make(chan struct{})}
	t.Cleanup(func() {
		c.mu.Lock()
		for _, pid := range c.groups {
			_ = unix.Kill(-pid, unix.SIGKILL)
		}
		c.mu.Unlock()
		c.work.Wait()
	})
	return c
}

func (c *hostCell) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed++
	return nil
}

func (c *hostCell) last() *wire.Spawn {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.spawned) == 0 {
		return nil
	}
	return c.spawned[len(c.spawned)-1]
}

// newestGroup is the process of the last spawn.
func (c *hostCell) newestGroup() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.groups[len(c.groups)-1]
}

func (c *hostCell) size() wire.Size {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.newest
}

func (c *hostCell) Spawn(_ context.Context, m *wire.Spawn) (*Process, error) {
	if _, err := wire.Encode(m); err != nil {
		c.t.Errorf("a spawn over a cap: %v", err)
		return nil, err
	}
	cmd := exec.Command("/bin/bash", "--norc", "--noprofile")
	if m.Exec {
		cmd.Args = append(append(cmd.Args, "-c", m.Command), m.Args...)
	}
	cmd.Env = append([]string{"PATH=/usr/bin:/bin", "HOME=/", "PS1=$ "}, m.Env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	p := &Process{}
	var err error
	if m.Agent {
		if p.Agent, err = c.socketFor(cmd, "SSH_AUTH_SOCK"); err != nil {
			return nil, err
		}
	}
	if m.X11 != nil {
		if p.X11, err = c.socketFor(cmd, "DISPLAY"); err != nil {
			return nil, err
		}
	}
	if m.Words {
		if p.Words, err = c.socketFor(cmd, wire.WordsVariable); err != nil {
			return nil, err
		}
	}
	theirs, err := p.give(cmd, m.TTY)
	if err != nil {
		return nil, err
	}
	err = cmd.Start()
	for _, f := range theirs {
		f.Close()
	}
	if err != nil {
		p.close()
		return nil, err
	}
	run := &hostProcess{pid: cmd.Process.Pid, exit: make(chan wire.Exit, 1), pty: p.PTY, cell: c}
	p.Control = run
	p.Waiting = c.waiting()
	if m.Hold {
		run.hold(p, m.TTY.Size)
	}
	c.mu.Lock()
	c.spawned = append(c.spawned, m)
	c.groups = append(c.groups, run.pid)
	c.mu.Unlock()
	c.work.Go(func() {
		defer close(run.exit)
		_ = cmd.Wait()
		run.Release()
		st := cmd.ProcessState.Sys().(syscall.WaitStatus)
		if st.Signaled() {
			run.exit <- wire.Exit{Signal: uint32(st.Signal())}
			return
		}
		run.exit <- wire.Exit{Status: uint32(st.ExitStatus())}
	})
	return p, nil
}

// socketFor listens at a path that the program finds in a variable.
func (c *hostCell) socketFor(cmd *exec.Cmd, variable string) (*os.File, error) {
	path := filepath.Join(c.t.TempDir(), "s")
	cmd.Env = append(cmd.Env, variable+"="+path)
	sockets, _, err := c.Listen(context.Background(), &wire.Listen{At: wire.Address{Path: path}})
	if err != nil {
		return nil, err
	}
	return sockets[0], nil
}

// Dial connects on the host.
func (c *hostCell) Dial(ctx context.Context, m *wire.Dial) (*os.File, error) {
	if _, err := wire.Encode(m); err != nil {
		c.t.Errorf("a dial over a cap: %v", err)
		return nil, err
	}
	network, address := "tcp", net.JoinHostPort(m.To.Host, fmt.Sprint(m.To.Port))
	if m.To.Path != "" {
		network, address = "unix", m.To.Path
	}
	var d net.Dialer
	conn, err := d.DialContext(ctx, network, address)
	if err != nil {
		return nil, &wire.Failure{Text: err.Error()}
	}
	defer conn.Close()
	return fileOf(conn.(interface{ File() (*os.File, error) }))
}

// Listen listens on the host's loopback.
func (c *hostCell) Listen(_ context.Context, m *wire.Listen) ([]*os.File, uint32, error) {
	if _, err := wire.Encode(m); err != nil {
		c.t.Errorf("a listen over a cap: %v", err)
		return nil, 0, err
	}
	network, address := "tcp", net.JoinHostPort("127.0.0.1", fmt.Sprint(m.At.Port))
	if m.At.Path != "" {
		network, address = "unix", m.At.Path
	}
	l, err := net.Listen(network, address)
	if err != nil {
		return nil, 0, &wire.Failure{Text: err.Error()}
	}
	defer l.Close()
	port := uint32(0)
	if u, ok := l.(*net.UnixListener); ok {
		u.SetUnlinkOnClose(false)
	}
	if tcp, ok := l.Addr().(*net.TCPAddr); ok {
		port = uint32(tcp.Port)
	}
	f, err := fileOf(l.(interface{ File() (*os.File, error) }))
	return []*os.File{f}, port, err
}

func (c *hostCell) Done() <-chan struct{} { return c.done }

// fileOf is a socket as a cell hands it over.
func fileOf(s interface{ File() (*os.File, error) }) (*os.File, error) {
	f, err := s.File()
	if err != nil {
		return nil, err
	}
	defer f.Close()
	fd, err := unix.FcntlInt(f.Fd(), unix.F_DUPFD_CLOEXEC, 3)
	if err := errors.Join(err, unix.SetNonblock(fd, true)); err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), "socket"), nil
}

// give makes the terminal or the pipes; it returns the program's ends.
func (p *Process) give(cmd *exec.Cmd, tty *wire.TTY) ([]*os.File, error) {
	if tty != nil {
		master, slave, err := pty.Open()
		if err != nil {
			return nil, err
		}
		// pty.Open has made the master blocking.
		fd, err := unix.FcntlInt(master.Fd(), unix.F_DUPFD_CLOEXEC, 3)
		master.Close()
		if err := errors.Join(err, unix.SetNonblock(fd, true)); err != nil {
			return nil, err
		}
		p.PTY, p.TTY = os.NewFile(uintptr(fd), "master"), slave.Name()
		cmd.Stdin, cmd.Stdout, cmd.Stderr = slave, slave, slave
		cmd.SysProcAttr.Setctty = true
		return []*os.File{slave}, setSize(p.PTY, tty.Size)
	}
	in, stdin, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	stdout, out, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	stderr, errs, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	p.Stdin, p.Stdout, p.Stderr = stdin, stdout, stderr
	cmd.Stdin, cmd.Stdout, cmd.Stderr = in, out, errs
	return []*os.File{in, out, errs}, nil
}

type hostProcess struct {
	pid  int
	exit chan wire.Exit
	pty  *os.File
	cell *hostCell

	kept   wire.Terminal // of cell.mu, as what follows
	master *os.File      // the cell's own
	keep   bool
}

func (p *hostProcess) Exit() <-chan wire.Exit { return p.exit }

func (p *hostProcess) Signal(_ context.Context, number uint32) error {
	return unix.Kill(-p.pid, unix.Signal(number))
}

func (p *hostProcess) Resize(size wire.Size) error {
	err := setSize(p.pty, size)
	p.cell.mu.Lock()
	defer p.cell.mu.Unlock()
	p.cell.newest, p.kept.Size = size, size
	return err
}

func setSize(f *os.File, size wire.Size) error {
	raw, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var ioctlErr error
	err = raw.Control(func(fd uintptr) {
		ioctlErr = unix.IoctlSetWinsize(int(fd), unix.TIOCSWINSZ, size.Winsize())
	})
	return errors.Join(err, ioctlErr)
}

// scriptCell is a cell whose answers are the test's.
type scriptCell struct {
	spawn  func(context.Context, *wire.Spawn) (*Process, error)
	dial   func(context.Context, *wire.Dial) (*os.File, error)             // nil: always fails
	listen func(context.Context, *wire.Listen) ([]*os.File, uint32, error) // nil: always fails
	closed *atomic.Int32                                                   // nil: nobody counts
	kept   []wire.Terminal
}

func (c *scriptCell) Spawn(ctx context.Context, m *wire.Spawn) (*Process, error) {
	return c.spawn(ctx, m)
}

func (c *scriptCell) Dial(ctx context.Context, m *wire.Dial) (*os.File, error) {
	if c.dial == nil {
		return nil, &wire.Failure{Text: "nobody is there"}
	}
	return c.dial(ctx, m)
}

func (c *scriptCell) Listen(ctx context.Context, m *wire.Listen) ([]*os.File, uint32, error) {
	if c.listen == nil {
		return nil, 0, &wire.Failure{Text: "nothing can be listened on"}
	}
	return c.listen(ctx, m)
}

func (c *scriptCell) Terminals(context.Context) ([]wire.Terminal, error) { return c.kept, nil }

func (c *scriptCell) Adopt(context.Context, uint32) (*Process, error) {
	return nil, &wire.Failure{Text: "there is no such terminal"}
}

func (c *scriptCell) Done() <-chan struct{} { return nil }

func (c *scriptCell) Close() error {
	if c.closed != nil {
		c.closed.Add(1)
	}
	return nil
}

// scriptProcess is a program that is the test's: what the server writes comes
// out of in, what goes into out and errs is the program's output.
type scriptProcess struct {
	in        *os.File
	out, errs *os.File
	exit      chan wire.Exit
	signal    func(uint32)
	resize    func(wire.Size)
}

// newScript returns a program with pipes.
func newScript(t testing.TB) (*scriptProcess, *Process) {
	t.Helper()
	p := &Process{}
	theirs, err := p.give(&exec.Cmd{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	s := &scriptProcess{in: theirs[0], out: theirs[1], errs: theirs[2], exit: make(chan wire.Exit, 1)}
	t.Cleanup(func() {
		for _, f := range theirs {
			f.Close()
		}
	})
	p.Control = s
	return s, p
}

// newScriptTTY returns a program on a terminal, whose slave is in, out and errs.
func newScriptTTY(t testing.TB) (*scriptProcess, *Process) {
	t.Helper()
	p := &Process{}
	cmd := &exec.Cmd{SysProcAttr: &syscall.SysProcAttr{}}
	theirs, err := p.give(cmd, &wire.TTY{})
	if err != nil {
		t.Fatal(err)
	}
	slave := theirs[0]
	t.Cleanup(func() { slave.Close() })
	s := &scriptProcess{in: slave, out: slave, errs: slave, exit: make(chan wire.Exit, 1)}
	p.Control = s
	return s, p
}

// end ends the program.
func (s *scriptProcess) end(e wire.Exit) {
	s.in.Close()
	s.out.Close()
	s.errs.Close()
	s.exit <- e
	close(s.exit)
}

func (s *scriptProcess) Exit() <-chan wire.Exit { return s.exit }

func (s *scriptProcess) Signal(ctx context.Context, number uint32) error {
	if s.signal != nil {
		s.signal(number)
		return nil
	}
	<-ctx.Done() // nobody reads it
	return ctx.Err()
}

func (s *scriptProcess) Keep(context.Context, string) error { return nil }

func (s *scriptProcess) Release() {}

func (s *scriptProcess) Resize(size wire.Size) error {
	if s.resize != nil {
		s.resize(size)
	}
	return nil
}

// play has every program of the fixture's cells be what run makes of it.
func play(spawn func(context.Context, *wire.Spawn) (*Process, error)) setting {
	return func(f *fixture, _ *wire.NetConfig) { f.broker.cell = &scriptCell{spawn: spawn} }
}
