package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"github.com/jailsh/jailsh/jail/template"
	"golang.org/x/sys/unix"
)

// chroot is the root of sshd's user.
func (s *site) chroot() string { return filepath.Join(s.dir, "chroot") }

// inChroot starts a process of the account in it.
func (s *site) inChroot() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{
		Chroot:     s.chroot(),
		Credential: &syscall.Credential{Uid: uint32(s.account.uid), Gid: uint32(s.account.gid)},
	}
}

// makeChroot copies the template and adds what a jail has beside it: a home, /tmp,
// the devices, the user's name. So both servers start the same files.
func (s *site) makeChroot(ctx context.Context) error {
	opened, err := template.Open(filepath.Join(s.instance(), "templates"), "basic")
	if err != nil {
		return err
	}
	if err := command(ctx, "cp", "-a", opened.Root, s.chroot()); err != nil {
		return err
	}
	defer unix.Umask(unix.Umask(0))
	for _, dir := range []struct {
		path     string
		mode     os.FileMode
		uid, gid int
	}{
		{"/", 0o755, 0, 0},
		{"/dev", 0o755, 0, 0},
		{"/home", 0o755, 0, 0},
		{"/home/" + accountName, 0o700, s.account.uid, s.account.gid},
		{"/proc", 0o755, 0, 0},
		{"/tmp", 0o777 | os.ModeSticky, 0, 0},
	} {
		path := filepath.Join(s.chroot(), dir.path)
		if err := os.MkdirAll(path, 0o755); err != nil {
			return err
		}
		if err := os.Chown(path, dir.uid, dir.gid); err != nil {
			return err
		}
		if err := os.Chmod(path, dir.mode); err != nil {
			return err
		}
	}
	for _, dev := range []struct {
		name         string
		major, minor uint32
	}{{"null", 1, 3}, {"zero", 1, 5}, {"random", 1, 8}, {"urandom", 1, 9}, {"tty", 5, 0}} {
		path := filepath.Join(s.chroot(), "dev", dev.name)
		if err := unix.Mknod(path, unix.S_IFCHR|0o666, int(unix.Mkdev(dev.major, dev.minor))); err != nil {
			return fmt.Errorf("mknod %s: %w", path, err)
		}
	}
	passwd := fmt.Sprintf("root:x:0:0:root:/root:/bin/sh\n%s:x:%d:%d::/home/%s:/bin/bash\n", accountName, s.account.uid, s.account.gid, accountName)
	group := fmt.Sprintf("root:x:0:\n%s:x:%d:\n", accountName, s.account.gid)
	for name, content := range map[string]string{"passwd": passwd, "group": group} {
		if err := os.WriteFile(filepath.Join(s.chroot(), "etc", name), []byte(content), 0o644); err != nil {
			return err
		}
	}
	return nil
}
