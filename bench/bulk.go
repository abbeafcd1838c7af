package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

const (
	bulkRounds = 5
	bulkSize   = 1 << 30
	bulkLimit  = 2 * time.Minute // of one transfer
)

// takeBulk sends a gigabyte each way through ssh(1), which logs in for each. With
// cipher "" the two choose as they do by themselves.
func takeBulk(cipher string, target float64) func(context.Context, []*server, *report) error {
	return func(ctx context.Context, servers []*server, r *report) error {
		name, options := "default ciphers", []string(nil)
		if cipher != "" {
			name, options = cipher, []string{"-c", cipher}
		}
		down, up := map[string][]float64{}, map[string][]float64{}
		for range bulkRounds {
			for _, srv := range servers {
				took, err := srv.transfer(ctx, fmt.Sprintf("head -c %d /dev/zero", bulkSize), nil, options...)
				if err != nil {
					return err
				}
				down[srv.name] = append(down[srv.name], bulkSize/1e6/took.Seconds())
				if took, err = srv.upload(ctx, options...); err != nil {
					return err
				}
				up[srv.name] = append(up[srv.name], bulkSize/1e6/took.Seconds())
			}
		}
		r.add(row{what: "1 GiB down, " + name, unit: "MB/s", target: target, more: true}, down)
		r.add(row{what: "1 GiB up, " + name, unit: "MB/s", target: target, more: true}, up)
		return nil
	}
}

// upload has a command read a file that is nothing but a hole.
func (srv *server) upload(ctx context.Context, options ...string) (time.Duration, error) {
	file, err := os.OpenFile(filepath.Join(srv.site.dir, "hole"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	if err := file.Truncate(bulkSize); err != nil {
		return 0, err
	}
	return srv.transfer(ctx, "cat > /dev/null", file, options...)
}

// transfer runs a command by ssh(1), with nothing for a standard input if in is
// nil. What it writes goes to the null device, without another process between.
func (srv *server) transfer(ctx context.Context, remote string, in *os.File, options ...string) (time.Duration, error) {
	if err := srv.settle(ctx); err != nil {
		return 0, err
	}
	ctx, cancel := context.WithTimeout(ctx, bulkLimit)
	defer cancel()
	cmd, err := srv.stock(ctx, srv.user, remote, options...)
	if err != nil {
		return 0, err
	}
	var said bytes.Buffer
	cmd.Stderr = &said
	if in != nil {
		cmd.Stdin = in
	}
	start := time.Now()
	if err := cmd.Run(); err != nil {
		return 0, srv.wrap(fmt.Errorf("%s: %w: %s", remote, errors.Join(err, ctx.Err()), said.Bytes()))
	}
	return time.Since(start), nil
}
