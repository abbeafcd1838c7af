package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"

	"github.com/jailsh/jailsh/internal/wire"
	"github.com/jailsh/jailsh/share/screen"
	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"
	"golang.org/x/term"
)

func (a *app) watchCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "watch ID",
		Short: "Show what is on a session's terminal, as it happens",
		Long: `Show what is on a session's terminal, as it happens, until it ends; q, Ctrl-C or
Ctrl-D leaves. Nothing that is typed here reaches it. Where this terminal is smaller, it
shows the part with the cursor. It is in the audit log, with who did it, and the
terminal's owner is shown that somebody looks on, unless watch in jailsh.toml says
otherwise.`,
		Example:           "  jailsh watch 0a1b2c3d-1\n  jailsh watch alice/3",
		Args:              exactly("ID"),
		ValidArgsFunction: a.completeSession,
		RunE: func(c *cobra.Command, args []string) error {
			if !a.onTerminal() {
				return errors.New("watch: standard input and output are no terminal - run it on one")
			}
			d, err := a.daemon()
			if err != nil {
				return err
			}
			defer d.Close()
			from, err := d.Watch(c.Context(), args[0], windowSize(a.stdin))
			if err != nil {
				return fmt.Errorf("%s: %w", args[0], told(err))
			}
			defer from.Close()
			ended, err := a.watch(from)
			if ended {
				fmt.Fprintf(a.stderr, "%s has ended\n", printable(args[0]))
			}
			return err
		},
	}
}

// watch shows what comes until it ends or the administrator leaves. The title of her
// window is kept (CSI 22 t of xterm(1)), and comes back.
func (a *app) watch(from *os.File) (ended bool, err error) {
	saved, err := term.MakeRaw(int(a.stdin.Fd()))
	if err != nil {
		return false, fmt.Errorf("terminal: %w", err)
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	defer onSignal(func(os.Signal) { stop() }, unix.SIGTERM, unix.SIGHUP, unix.SIGINT)()
	defer followSize(a.stdin, func(size wire.Size) { _, _ = from.Write(wire.WatchedSize(size)) })() // it has ended: the copy tells
	fmt.Fprint(a.stdout, "\x1b[22;0t")
	go func() { // owned by the process: a read of standard input can't be called off
		a.awaitLeave()
		stop()
	}()
	quit := context.AfterFunc(ctx, func() { from.Close() })
	defer quit()
	err = a.showWatched(from)
	fmt.Fprint(a.stdout, "\x1b[23;0t"+leave)
	_ = term.Restore(int(a.stdin.Fd()), saved) // an error: it isn't there any more
	return ctx.Err() == nil && err == nil, err
}

// sequences are what a terminal sends for other keys, and for the mouse.
var sequences = regexp.MustCompile(`(?s)\x1b\[M...|\x1b[\[O][0-?]*[ -/]*[@-~]`)

// awaitLeave reads what is typed until it is one of the keys that leave.
func (a *app) awaitLeave() {
	var typed [64]byte
	for {
		n, err := a.stdin.Read(typed[:])
		if err != nil || bytes.ContainsAny(sequences.ReplaceAll(typed[:n], nil), "q\x03\x04") {
			return
		}
	}
}

// showWatched copies to the terminal what comes, but nothing that makes it answer:
// jailsh-net has taken that out, and isn't believed.
func (a *app) showWatched(from io.Reader) error {
	var filter screen.Filter
	var out []byte
	buf := make([]byte, 32<<10)
	for over := false; !over; { // it has ended, or was left
		n, err := from.Read(buf)
		over = err != nil
		out = filter.Append(out[:0], buf[:n])
		if _, err := a.stdout.Write(out); err != nil {
			return err
		}
	}
	return nil
}
