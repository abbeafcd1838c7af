package main

import (
	"context"
	"errors"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/jailsh/jailsh/internal/admin"
)

// The cell of warmUser outlives its sessions; that of coldUser ends with each. liveUser
// is as warmUser, and may share a terminal.
const (
	warmUser = "warm"
	coldUser = "cold"
	liveUser = "live"
)

func (s *site) instance() string { return filepath.Join(s.dir, "jailsh") }

func (s *site) runDir() string { return filepath.Join(s.instance(), "run") }

func (s *site) instanceFile() string { return filepath.Join(s.instance(), "jailsh.toml") }

// makeInstance has the administrator's command make an instance, as anybody
// would: all is at its defaults but the cell's life.
func (s *site) makeInstance(ctx context.Context) error {
	jailsh := filepath.Join(s.programs, "jailsh")
	if err := command(ctx, jailsh, "init", s.instance()); err != nil {
		return err
	}
	for _, args := range [][]string{
		{"user", "add", warmUser, "--key", s.keyFile + ".pub"},
		{"user", "add", coldUser, "--key", s.keyFile + ".pub"},
		{"user", "add", liveUser, "--key", s.keyFile + ".pub"},
		{"user", "set", warmUser, "linger=1h"},
		{"user", "set", liveUser, "linger=1h", "allow.share=true"},
		{"user", "set", coldUser, "linger=0s"},
	} {
		if err := command(ctx, jailsh, append([]string{"--config", s.instanceFile()}, args...)...); err != nil {
			return err
		}
	}
	return nil
}

// startJailsh starts jailshd on the instance.
func startJailsh(ctx context.Context, s *site) (*server, error) {
	addr, _, err := freePort()
	if err != nil {
		return nil, err
	}
	if err := replaceInFile(s.instanceFile(), `(?m)^listen = .*$`, `listen = ["`+addr+`"]`); err != nil {
		return nil, err
	}
	cmd := exec.Command(filepath.Join(s.programs, "jailshd"), "--config", s.instanceFile())
	srv, err := s.start(ctx, cmd, "jailsh", addr, filepath.Join(s.instance(), "host_ed25519_key"))
	if err != nil {
		return nil, err
	}
	srv.user, srv.coldUser = warmUser, coldUser
	srv.ready = "jailsh-spare"
	srv.idle, srv.cells = 3, 1 // jailshd, jailsh-net, jailsh-spare; jailsh-init
	return srv, nil
}

// dial connects to the admin socket, which may be there a moment after the port.
func (s *site) dial(ctx context.Context) (client *admin.Client, err error) {
	err = poll(ctx, 10*time.Second, func() (bool, error) {
		client, err = admin.Dial(s.runDir())
		if errors.Is(err, admin.ErrNoDaemon) {
			return false, nil
		}
		return true, err
	})
	return client, err
}
