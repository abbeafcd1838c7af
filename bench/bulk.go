package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/crypto/chacha20"
)

const (
	bulkRounds = 6
	bulkSize   = 1 << 30
	bulkLimit  = 2 * time.Minute // of one transfer

	chaCha20 = "chacha20-poly1305@openssh.com"
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
		for round := range bulkRounds {
			for _, srv := range inTurn(servers, round) {
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
		if cipher != chaCha20 {
			return nil
		}
		rate, err := chaCha20Rate()
		r.notes = append(r.notes, fmt.Sprintf("ChaCha20 by itself, that of golang.org/x/crypto, which jailsh uses: %s MB/s", number(rate)))
		return err
	}
}

// chaCha20Rate is how fast x/crypto encrypts packets, MB/s. It is Go without assembly
// on amd64, and most of what jailsh does with this cipher: the clock of the processor
// moves it, and thereby the ratio, more than OpenSSL's.
func chaCha20Rate() (float64, error) {
	const size = 32 << 10
	var rates []float64
	packet := make([]byte, size)
	for range bulkRounds {
		start, n := time.Now(), 0
		for ; time.Since(start) < 100*time.Millisecond; n++ {
			c, err := chacha20.NewUnauthenticatedCipher(make([]byte, chacha20.KeySize), make([]byte, chacha20.NonceSize))
			if err != nil {
				return 0, err
			}
			c.XORKeyStream(packet, packet)
		}
		rates = append(rates, float64(n)*size/1e6/time.Since(start).Seconds())
	}
	return percentile(rates, 50), nil
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
