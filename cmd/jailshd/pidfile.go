package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// pidFile is the lock of an instance: one jailshd runs it at a time. The lock
// goes with the process; a file that a killed jailshd left is taken over.
type pidFile struct{ file *os.File }

func lockPidFile(path string) (*pidFile, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|unix.O_NOFOLLOW, 0o644)
	if err != nil {
		return nil, fmt.Errorf("%w - see to run_dir of jailsh.toml", err)
	}
	err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		text := make([]byte, 32)
		n, _ := f.Read(text)
		f.Close()
		pid := strings.TrimSpace(string(text[:n]))
		return nil, fmt.Errorf("%s: another jailshd (pid %s) runs this instance - stop it with: kill %s", path, pid, pid)
	}
	if err == nil && !isAt(f, path) {
		// Its holder removed it between our opening and our locking it.
		f.Close()
		return lockPidFile(path)
	}
	if err == nil {
		err = f.Truncate(0)
	}
	if err == nil {
		_, err = fmt.Fprintln(f, os.Getpid())
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return &pidFile{f}, nil
}

// isAt tells whether f is the file that path names.
func isAt(f *os.File, path string) bool {
	open, err := f.Stat()
	if err != nil {
		return false
	}
	there, err := os.Lstat(path)
	return err == nil && os.SameFile(open, there)
}

func (p *pidFile) remove() {
	os.Remove(p.file.Name())
	p.file.Close()
}
