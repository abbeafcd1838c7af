package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"golang.org/x/crypto/ssh"
	"golang.org/x/sys/unix"
)

const (
	siteFolder = "/var/lib/jailsh-bench"

	// siteLock is held by the run that siteFolder belongs to. Two at a time would
	// also measure each other.
	siteLock = "/run/jailsh-bench.lock"
)

// site is what both servers share: a folder, the key of their users, and the
// tree that is their users' root.
type site struct {
	dir      string // root's, not writable by others, nor is any folder above it
	programs string // where jailshd and its fellows are
	keyFile  string
	key      ssh.Signer
	account  *account
	lock     *os.File
}

func newSite(ctx context.Context, programs string) (*site, error) {
	lock, err := lockSite()
	if err != nil {
		return nil, err
	}
	s := &site{dir: siteFolder, programs: programs, keyFile: filepath.Join(siteFolder, "id_ed25519"), lock: lock}
	if err := s.make(ctx); err != nil {
		return nil, errors.Join(err, s.remove())
	}
	return s, nil
}

func lockSite() (*os.File, error) {
	f, err := os.OpenFile(siteLock, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		f.Close()
		return nil, fmt.Errorf("%s: %w: another run measures - wait for its end", siteLock, err)
	}
	return f, nil
}

func (s *site) make(ctx context.Context) (err error) {
	// A run that was killed left it.
	if err := s.clear(); err != nil {
		return err
	}
	if err := os.Mkdir(s.dir, 0o755); err != nil {
		return err
	}
	if err := command(ctx, "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "bench", "-f", s.keyFile); err != nil {
		return err
	}
	private, err := os.ReadFile(s.keyFile)
	if err != nil {
		return err
	}
	if s.key, err = ssh.ParsePrivateKey(private); err != nil {
		return err
	}
	s.account, err = addAccount(ctx)
	return err
}

// prepare makes the instance of jailsh, and a copy of its template as the root
// that sshd changes into. A jail has its /tmp in memory, so sshd's user gets the same.
func (s *site) prepare(ctx context.Context) error {
	if err := s.makeInstance(ctx); err != nil {
		return err
	}
	if err := s.makeChroot(ctx); err != nil {
		return err
	}
	for _, dir := range s.inMemory() {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
		if err := unix.Mount("bench", dir, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "mode=1777,size=1g,nr_inodes=131072"); err != nil {
			return fmt.Errorf("mount %s: %w", dir, err)
		}
	}
	return nil
}

// memory is a folder in memory.
func (s *site) memory() string { return filepath.Join(s.dir, "memory") }

func (s *site) inMemory() []string { return []string{s.memory(), filepath.Join(s.chroot(), "tmp")} }

// clear removes the folder, with what is mounted in it.
func (s *site) clear() error {
	for _, dir := range s.inMemory() {
		_ = unix.Unmount(dir, unix.MNT_DETACH|unix.UMOUNT_NOFOLLOW) // it isn't mounted, or isn't there
	}
	return os.RemoveAll(s.dir)
}

func (s *site) remove() error {
	err := s.clear()
	if s.account != nil {
		err = errors.Join(err, s.account.remove())
	}
	return errors.Join(err, s.lock.Close())
}

// command runs a program, whose words are the error when it fails.
func command(ctx context.Context, name string, args ...string) error {
	out, err := exec.CommandContext(ctx, name, args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s %v: %w: %s", name, args, err, out)
	}
	return nil
}
