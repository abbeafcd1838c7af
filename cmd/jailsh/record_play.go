package main

import (
	"context"
	"fmt"
	"os/signal"
	"syscall"
	"time"

	"github.com/jailsh/jailsh/internal/cast"
	"github.com/jailsh/jailsh/share/screen"
	"github.com/spf13/cobra"
	"golang.org/x/term"
)

func (a *app) recordPlayCommand() *cobra.Command {
	var speed float64
	var idle time.Duration
	c := &cobra.Command{
		Use:   "play RECORDING",
		Short: "Show a recording on this terminal",
		Long: `Show a recording on this terminal, as fast as it happened; Ctrl-C stops it. The
terminal should be at least as large as the recorded one. What the programs asked
the terminal then isn't asked again.`,
		Example:           "  jailsh record play alice/20300102T150405Z-0a1b2c3d-1 --speed 4 --idle-limit 2s",
		Args:              exactly("RECORDING"),
		ValidArgsFunction: a.completeRecording,
	}
	c.Flags().Float64Var(&speed, "speed", 1, "how many times as fast")
	c.Flags().DurationVar(&idle, "idle-limit", 0, "the longest pause, 0 for none")
	c.RunE = func(c *cobra.Command, args []string) error {
		if !(speed > 0) || idle < 0 {
			return &usageError{"--speed must be above 0, and --idle-limit not below"}
		}
		ctx, stop := signal.NotifyContext(c.Context(), syscall.SIGINT, syscall.SIGTERM)
		defer stop()
		return a.withRecording(args[0], func(r *cast.Reader) error { return a.play(ctx, r, speed, idle) })
	}
	return c
}

// leave takes a terminal out of whatever a recording has put it into: the alternate
// screen, mouse and paste modes, a hidden cursor, margins, colors. 1049 would move the
// cursor too, where the alternate screen isn't shown.
const leave = "\x1b[?1047l\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?2004l\x1b[?1004l\x1b[!p\x1b[?25h\x1b[m\r\n"

func (a *app) play(ctx context.Context, r *cast.Reader, speed float64, idle time.Duration) error {
	var filter screen.Filter // what is recorded must not make this terminal answer
	var last time.Duration
	var out []byte
	err := eachEvent(r, func(e cast.Event) error {
		pause := e.At - last
		last = e.At
		if idle > 0 {
			pause = min(pause, idle)
		}
		select {
		case <-time.After(time.Duration(float64(pause) / speed)):
		case <-ctx.Done():
			return ctx.Err()
		}
		if e.Kind != cast.Output {
			return nil
		}
		out = filter.Append(out[:0], []byte(e.Data))
		_, err := a.stdout.Write(out)
		return err
	})
	if term.IsTerminal(int(a.stdout.Fd())) {
		fmt.Fprint(a.stdout, leave)
	}
	if ctx.Err() != nil {
		return exitStatus(128 + int(syscall.SIGINT))
	}
	return err
}
