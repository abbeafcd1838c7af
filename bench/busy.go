package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
)

const (
	busyBlocks = 10
	busyKeys   = 200 // of a block
)

// transfers that go on until they are killed: what the user runs, and where her
// standard input comes from.
var (
	download = endless{"a download", "exec cat /dev/zero", ""}
	upload   = endless{"an upload", "exec cat >/dev/null", "/dev/zero"}
)

type endless struct{ what, remote, input string }

// takeBusy types as takeEcho does, while another connection of the same user
// transfers as fast as it can.
func takeBusy(e endless) func(context.Context, []*server, *report) error {
	return func(ctx context.Context, servers []*server, r *report) error {
		return typing(ctx, servers, r, "keystroke echo under "+e.what, busyBlocks, func(srv *server, t *terminal) ([]float64, error) {
			return srv.busyEchoes(ctx, t, e)
		})
	}
}

// busyEchoes returns how long each echo took during the transfer.
func (srv *server) busyEchoes(ctx context.Context, t *terminal, e endless) (times []float64, err error) {
	transfer, flows, err := srv.start(ctx, e)
	if err != nil {
		return nil, err
	}
	defer func() {
		_ = transfer.Process.Kill()
		if ended := (*exec.ExitError)(nil); !errors.As(transfer.Wait(), &ended) || ended.Exited() {
			err = errors.Join(err, fmt.Errorf("%s ended by itself", e.what))
		}
	}()
	if err := flows(); err != nil {
		return nil, err
	}
	return t.echoes(ctx, busyKeys, keystrokeGap)
}

// start starts a transfer by ssh(1); flows waits until it is under way.
func (srv *server) start(ctx context.Context, e endless) (cmd *exec.Cmd, flows func() error, err error) {
	cmd, err = srv.stock(ctx, srv.user, "echo under way >&2; "+e.remote)
	if err != nil {
		return nil, nil, err
	}
	if e.input != "" {
		input, err := os.Open(e.input)
		if err != nil {
			return nil, nil, err
		}
		defer input.Close() // the client has its own
		cmd.Stdin = input
	}
	said, err := cmd.StderrPipe()
	if err != nil {
		return nil, nil, err
	}
	return cmd, func() error {
		buf := make([]byte, 256)
		n, err := said.Read(buf)
		if err == nil && string(buf[:n]) != "under way\n" {
			err = fmt.Errorf("%s began with %q", e.what, buf[:n])
		}
		return err
	}, cmd.Start()
}
