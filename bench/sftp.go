package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

const (
	sftpRounds = 6
	sftpLarge  = 1 << 30
	sftpLimit  = 2 * time.Minute // of one command

	smallFolders  = 100
	smallInFolder = 100 // so that there are 10,000 in all
	smallSize     = 1 << 10
)

// takeSFTP has sftp(1) put and get a large file on the disk and many small ones in
// memory, each server in turn. The login doesn't count: the client is there already.
func takeSFTP(ctx context.Context, servers []*server, r *report) error {
	large, small, err := servers[0].site.makeFiles()
	if err != nil {
		return err
	}
	values := map[string]map[string][]float64{}
	rows := []struct {
		what, unit string
		amount     float64
		command    string // ROUND is another word each time
	}{
		{"sftp put, 1 GiB", "MB/s", sftpLarge / 1e6, "put " + large + " large"},
		{"sftp get, 1 GiB", "MB/s", sftpLarge / 1e6, "get large " + large + ".back"},
		{"sftp put -r, 10,000 files of 1 KiB on tmpfs", "1/s", smallFolders * smallInFolder, "put -r " + small + " /tmp/smallROUND"},
		{"sftp get -r, 10,000 files of 1 KiB on tmpfs", "1/s", smallFolders * smallInFolder, "get -r /tmp/smallROUND " + small + ".ROUND"},
	}
	for round := range sftpRounds {
		for _, srv := range inTurn(servers, round) {
			c, err := srv.sftp(ctx)
			if err != nil {
				return err
			}
			for _, w := range rows {
				command := strings.ReplaceAll(w.command, "ROUND", fmt.Sprint(srv.name, round))
				unix.Sync() // else the disk would be busy with what was sent before
				took, err := c.do(command)
				if err != nil {
					return errors.Join(srv.wrap(fmt.Errorf("sftp: %s: %w", command, err)), c.close())
				}
				if values[w.what] == nil {
					values[w.what] = map[string][]float64{}
				}
				values[w.what][srv.name] = append(values[w.what][srv.name], w.amount/took.Seconds())
			}
			if err := c.close(); err != nil {
				return srv.wrap(fmt.Errorf("sftp: %w", err))
			}
		}
	}
	for _, w := range rows {
		r.add(row{what: w.what, unit: w.unit, target: 1, more: true}, values[w.what])
	}
	return nil
}

// makeFiles makes what is sent: a file, and a folder. The small files are in memory, on
// both sides: how long ext4 looks for an inode depends on where a folder is and what was
// removed lately, and takes longer than what the servers do.
func (s *site) makeFiles() (large, small string, err error) {
	large, small = filepath.Join(s.dir, "large"), filepath.Join(s.memory(), "small")
	f, err := os.Create(large)
	if err != nil {
		return "", "", err
	}
	defer f.Close()
	if _, err := io.CopyN(f, rand.Reader, sftpLarge); err != nil {
		return "", "", err
	}
	content := make([]byte, smallSize)
	for i := range smallFolders * smallInFolder {
		folder := filepath.Join(small, fmt.Sprint(i/smallInFolder))
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return "", "", err
		}
		if err := os.WriteFile(filepath.Join(folder, fmt.Sprint(i)), content, 0o644); err != nil {
			return "", "", err
		}
	}
	return large, small, f.Sync()
}

// sftpClient is a running sftp(1) that is logged in.
type sftpClient struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
	end context.CancelFunc
}

func (srv *server) sftp(ctx context.Context) (*sftpClient, error) {
	ctx, end := context.WithTimeout(ctx, 5*sftpLimit)
	cmd, err := srv.client(ctx, "sftp", srv.user, []string{"-q"})
	if err != nil {
		end()
		return nil, err
	}
	c := &sftpClient{cmd: cmd, end: end}
	if c.in, err = c.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	c.out = bufio.NewReader(out)
	c.cmd.Stderr = c.cmd.Stdout
	if err := c.cmd.Start(); err != nil {
		return nil, err
	}
	if _, err := c.do("pwd"); err != nil {
		return nil, srv.wrap(errors.Join(fmt.Errorf("sftp: %w", err), c.close()))
	}
	return c, nil
}

// do has the client do something, and returns how long it took. It says no more
// than what it does unless something went wrong.
func (c *sftpClient) do(command string) (time.Duration, error) {
	start := time.Now()
	if _, err := fmt.Fprintf(c.in, "%s\nlpwd\n", command); err != nil {
		return 0, err
	}
	for {
		line, err := c.out.ReadString('\n')
		if err != nil {
			return 0, err
		}
		if strings.HasPrefix(line, "Local working directory: ") {
			return time.Since(start), nil
		}
		if !strings.HasPrefix(line, "sftp> ") && !strings.HasPrefix(line, "Remote working directory: ") && !strings.HasSuffix(strings.SplitN(line, " ", 2)[0], "ing") {
			return 0, errors.New(strings.TrimSpace(line))
		}
	}
}

func (c *sftpClient) close() error {
	defer c.end()
	return errors.Join(c.in.Close(), c.cmd.Wait())
}
