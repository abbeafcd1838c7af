package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"strings"
	"sync"

	"github.com/jailsh/jailsh/internal/cell"
	"github.com/jailsh/jailsh/internal/config"
	"github.com/jailsh/jailsh/internal/wire"
	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"
	"golang.org/x/term"
)

func (a *app) runCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "run USER -- CMD...",
		Short: "Run a command in a user's jail, without ssh",
		Long: `Run a command in a user's jail, without ssh.

The running jailshd enters the user's cell, or starts it. The command is found in
the jail's PATH and gets its words as they are. It has a terminal of its own when
standard input and output are terminals, else three pipes. What users.toml says
about keys, from, command and allow is for logins, and doesn't apply here.

The exit status is the command's, or 128 and the number of the signal that ended it.`,
		Example:           "  jailsh run alice -- ps aux\n  jailsh run alice -- bash -l",
		Args:              commandArgs("USER", false),
		ValidArgsFunction: a.completeUser,
		RunE: func(c *cobra.Command, args []string) error {
			return a.run(c.Context(), args[0], args[1:])
		},
	}
}

func (a *app) run(ctx context.Context, user string, command []string) error {
	cfg, err := config.Load(a.config)
	if err != nil {
		return err
	}
	d, err := dial(cfg)
	if err != nil {
		return err
	}
	defer d.Close()
	c, err := d.Open(ctx, user)
	if refused := (*wire.Failure)(nil); errors.As(err, &refused) {
		return refused // it names the user
	}
	if err != nil {
		return fmt.Errorf("%s: %w", user, err)
	}
	defer c.Close()
	exit, err := a.spawn(ctx, c, command)
	if err != nil {
		return fmt.Errorf("%s: %s: %w", user, command[0], err)
	}
	if status := statusOf(exit); status != 0 {
		return exitStatus(status)
	}
	return nil
}

// statusOf is the exit status that a shell gives a process in $?.
func statusOf(e wire.Exit) int {
	if e.Signal != 0 {
		return 128 + int(e.Signal&0x7f)
	}
	return int(e.Status & 0xff)
}

// spawn runs the command and passes its streams through until it has ended and
// its output has been read to the end.
func (a *app) spawn(ctx context.Context, c *cell.Cell, command []string) (wire.Exit, error) {
	request := &wire.Spawn{
		Exec: true, Command: `exec "$@"`, Args: append([]string{"jailsh"}, command...),
		Env: terminalEnv(os.Environ()),
	}
	tty := a.onTerminal()
	if tty {
		request.TTY = &wire.TTY{Size: windowSize(a.stdin)}
	}
	p, err := c.Spawn(ctx, request)
	if errors.Is(err, wire.ErrClosed) {
		err = errGone
	}
	if err != nil {
		return wire.Exit{}, err
	}
	if tty {
		return a.pumpTerminal(ctx, p)
	}
	return a.pumpPipes(ctx, p)
}

var errGone = errors.New("the cell ended before the command's exit status was known - see jailshd's log")

// pumpPipes passes the three streams through, and the signals that end programs.
func (a *app) pumpPipes(ctx context.Context, p *cell.Process) (wire.Exit, error) {
	defer p.Stdout.Close()
	defer p.Stderr.Close()
	stop := forwardSignals(ctx, p, unix.SIGINT, unix.SIGTERM, unix.SIGHUP, unix.SIGQUIT)
	defer stop()
	go func() { // owned by the process: a read of standard input can't be called off
		defer p.Stdin.Close()
		_, _ = io.Copy(p.Stdin, a.stdin) // EPIPE: the command reads no more
	}()
	return collect(p, func() error { return copyOut(a.stdout, p.Stdout) }, func() error { return copyOut(a.stderr, p.Stderr) })
}

// collect waits until the command has ended and its output was read to the end.
func collect(p *cell.Process, copies ...func() error) (wire.Exit, error) {
	var running sync.WaitGroup
	errs := make([]error, len(copies))
	for i, c := range copies {
		running.Go(func() { errs[i] = c() })
	}
	exit, ok := <-p.Exit()
	running.Wait()
	if err := errors.Join(errs...); err != nil {
		return exit, err
	}
	if !ok {
		return exit, errGone
	}
	return exit, nil
}

// copyOut copies to the end of src: EOF, or EIO of a terminal that no process
// holds any more. When our own output can't be written, src is closed, and the
// command learns of it by SIGPIPE or SIGHUP, as in a pipeline.
func copyOut(dst, src *os.File) error {
	_, err := io.Copy(dst, src)
	failed := (*fs.PathError)(nil)
	if errors.As(err, &failed) && failed.Op == "write" {
		src.Close()
		return failed
	}
	return nil
}

// pumpTerminal makes our terminal a window onto the command's.
func (a *app) pumpTerminal(ctx context.Context, p *cell.Process) (wire.Exit, error) {
	defer p.PTY.Close()
	saved, err := term.MakeRaw(int(a.stdin.Fd()))
	if err != nil {
		return wire.Exit{}, fmt.Errorf("terminal: %w", err)
	}
	defer func() { _ = term.Restore(int(a.stdin.Fd()), saved) }()
	stop := forwardSignals(ctx, p, unix.SIGTERM, unix.SIGHUP)
	defer stop()
	defer followSize(a.stdin, func(size wire.Size) { _ = p.Resize(size) })() // it has ended: Exit tells
	go func() { _, _ = io.Copy(p.PTY, a.stdin) }()                           // owned by the process, as above
	return collect(p, func() error { return copyOut(a.stdout, p.PTY) })
}

// forwardSignals sends what this process is asked to die of to the command
// instead, until the returned function is called.
func forwardSignals(ctx context.Context, p *cell.Process, sigs ...os.Signal) (stop func()) {
	return onSignal(func(s os.Signal) {
		if n, ok := s.(unix.Signal); ok {
			_ = p.Signal(ctx, uint32(n)) // it has ended, or the connection has: Exit tells
		}
	}, sigs...)
}

// onSignal calls handle for each signal, one by one, until stop is called, which
// waits for the last call.
func onSignal(handle func(os.Signal), sigs ...os.Signal) (stop func()) {
	ch := make(chan os.Signal, 8)
	quit := make(chan struct{})
	signal.Notify(ch, sigs...)
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			select {
			case s := <-ch:
				handle(s)
			case <-quit:
				return
			}
		}
	})
	return func() {
		signal.Stop(ch)
		close(quit)
		wg.Wait()
	}
}

// terminalEnv is what of our environment describes the terminal and the language.
func terminalEnv(environ []string) []string {
	var keep []string
	for _, kv := range environ {
		name, _, _ := strings.Cut(kv, "=")
		switch {
		case len(kv) > wire.MaxEnvLen || len(keep) == wire.MaxEnv:
		case name == "TERM", name == "COLORTERM", name == "TZ", name == "LANG", strings.HasPrefix(name, "LC_"):
			keep = append(keep, kv)
		}
	}
	return keep
}
