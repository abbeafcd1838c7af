package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
)

const (
	busyBlocks = 10
	busyKeys   = 200 // of a block
)

// takeBusy types as takeEcho does, while another connection of the same user
// downloads as fast as it can.
func takeBusy(ctx context.Context, servers []*server, r *report) error {
	return typing(ctx, servers, r, "keystroke echo under a download", busyBlocks, func(srv *server, t *terminal) ([]float64, error) {
		return srv.busyEchoes(ctx, t)
	})
}

// busyEchoes returns how long each echo took while the download ran.
func (srv *server) busyEchoes(ctx context.Context, t *terminal) (times []float64, err error) {
	download, flows, err := srv.download(ctx)
	if err != nil {
		return nil, err
	}
	defer func() {
		_ = download.Process.Kill()
		if ended := (*exec.ExitError)(nil); !errors.As(download.Wait(), &ended) || ended.Exited() {
			err = errors.Join(err, errors.New("the download ended by itself"))
		}
	}()
	if err := flows(); err != nil {
		return nil, err
	}
	return t.echoes(ctx, busyKeys, keystrokeGap)
}

// download starts an endless one by ssh(1); flows waits until it is under way.
func (srv *server) download(ctx context.Context) (cmd *exec.Cmd, flows func() error, err error) {
	cmd, err = srv.stock(ctx, srv.user, "echo under way >&2; exec cat /dev/zero")
	if err != nil {
		return nil, nil, err
	}
	said, err := cmd.StderrPipe()
	if err != nil {
		return nil, nil, err
	}
	return cmd, func() error {
		buf := make([]byte, 256)
		n, err := said.Read(buf)
		if err == nil && string(buf[:n]) != "under way\n" {
			err = fmt.Errorf("the download began with %q", buf[:n])
		}
		return err
	}, cmd.Start()
}
