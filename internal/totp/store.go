package totp

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Store is the folder in which the file NAME is the secret of the user NAME, and
// when it was used last.
type Store struct{ Dir string }

// Why a code isn't accepted. Any other error means that nobody can tell, and is
// for the administrator.
var (
	ErrNotEnrolled = errors.New("has no secret")
	ErrWrong       = errors.New("wrong code")
	ErrUsed        = errors.New("the code, or a later one, was used before")
)

// Verify accepts a code of the user's, once.
func (s Store) Verify(name, code string, now time.Time) error {
	return s.locked(func() error {
		e, err := s.read(name)
		if err != nil {
			return err
		}
		step, ok := match(e.secret, code, now)
		switch {
		case !ok:
			return ErrWrong
		case step <= e.used:
			return ErrUsed
		}
		e.used = step
		return s.write(name, e)
	})
}

// Enrolled returns ErrNotEnrolled if the user has no secret, and another error if
// she has one that can't be used.
func (s Store) Enrolled(name string) error {
	_, err := s.read(name)
	return err
}

// Enrol gives the user a secret, in the place of the one that she may have. A code
// that has confirmed it is used up; it may be empty.
func (s Store) Enrol(name string, secret Secret, code string, now time.Time) error {
	e := &entry{secret: secret}
	if code != "" {
		step, ok := match(secret, code, now)
		if !ok {
			return ErrWrong
		}
		e.used = step
	}
	if err := os.Mkdir(s.Dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%w - make the folder above it", err)
	}
	return s.locked(func() error { return s.write(name, e) })
}

// Remove takes the user's secret away. ErrNotEnrolled says that she had none.
func (s Store) Remove(name string) error {
	err := os.Remove(s.path(name))
	if errors.Is(err, fs.ErrNotExist) {
		return ErrNotEnrolled
	}
	return err
}

func (s Store) path(name string) string { return filepath.Join(s.Dir, name) }

// locked runs f while nobody else changes the folder: jailshd, for another
// connection, or jailsh.
func (s Store) locked(f func() error) error {
	dir, err := os.Open(s.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return ErrNotEnrolled
	}
	if err != nil {
		return err
	}
	defer dir.Close() // and with it the lock
	if err := ours(dir, 0o022); err != nil {
		return err
	}
	if err := unix.Flock(int(dir.Fd()), unix.LOCK_EX); err != nil {
		return fmt.Errorf("%s: can't be locked: %w - use a local file system", s.Dir, err)
	}
	return f()
}

func (s Store) read(name string) (*entry, error) {
	// O_NONBLOCK: a FIFO in its place must not stop a login.
	f, err := os.OpenFile(s.path(name), os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNotEnrolled
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if err := ours(f, 0o077); err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(f, maxEntry+1))
	if err != nil {
		return nil, err
	}
	e, err := parseEntry(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w - run: jailsh user totp %s --reset", f.Name(), err, name)
	}
	return e, nil
}

// ours refuses a file or a folder of somebody else's, or with one of the bits of
// others.
func ours(f *os.File, others os.FileMode) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	owner := info.Sys().(*syscall.Stat_t).Uid
	if owner != 0 && int(owner) != os.Geteuid() || info.Mode().Perm()&others != 0 {
		return fmt.Errorf("%s: must be root's alone (uid %d, mode %v) - run: chown root %s; chmod go= %s",
			f.Name(), owner, info.Mode().Perm(), f.Name(), f.Name())
	}
	return nil
}

// write replaces the user's file in one step. When it returns nil the new one is
// on disk, whatever happens next.
func (s Store) write(name string, e *entry) error {
	f, err := os.CreateTemp(s.Dir, ".new.") // mode 0600; no user's name begins with a dot
	if err != nil {
		return err
	}
	_, err = f.Write(e.text())
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), s.path(name))
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	dir, err := os.Open(s.Dir)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
