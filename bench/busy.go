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
	terminals := map[string]*terminal{}
	defer func() {
		for _, t := range terminals {
			t.close()
		}
	}()
	for _, srv := range servers {
		t, err := srv.terminal(ctx, "echo ready; exec cat >/dev/null", "ready\r\n")
		if err != nil {
			return err
		}
		terminals[srv.name] = t
	}
	times := map[string][]float64{}
	for range busyBlocks {
		for _, srv := range servers {
			block, err := srv.busyEchoes(ctx, terminals[srv.name])
			if err != nil {
				return srv.wrap(err)
			}
			times[srv.name] = append(times[srv.name], block...)
		}
	}
	r.add(row{what: "keystroke echo under a download, p50", unit: "ms", target: 1}, times)
	r.add(row{what: "keystroke echo under a download, p99", unit: "ms", target: 1, percentile: 99}, times)
	return nil
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
	return t.echoes(ctx, busyKeys)
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
