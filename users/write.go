package users

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/jailsh/jailsh/internal/strict"
)

// Edit changes the users.toml at path: it hands the text to change and puts what
// comes back in its place, in one step, with the same mode and owner. A text
// that doesn't load is refused with its problems, and the file stays as it was.
//
// Two Edits at once wait for each other; a file that an editor saved in between
// is an error.
func Edit(path string, base Base, change func(src []byte) ([]byte, error)) (*Table, error) {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		real = path // ReadFile says it better
	}
	dir := filepath.Dir(real)
	lock, err := os.Open(dir)
	if err != nil {
		return nil, fmt.Errorf("%s: %w - see to the folder", dir, err)
	}
	defer lock.Close() // and with it the lock
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX); err != nil {
		return nil, fmt.Errorf("%s: can't be locked: %w - use a local file system", dir, err)
	}
	src, err := strict.ReadFile(path)
	if err != nil {
		return nil, err
	}
	out, err := change(bytes.Clone(src))
	if err != nil {
		return nil, err
	}
	table, err := Parse(path, out, base)
	if err != nil {
		return nil, err
	}
	if now, err := os.ReadFile(real); err != nil || !bytes.Equal(now, src) {
		return nil, fmt.Errorf("%s: was changed by another program in the meantime - try again", path)
	}
	return table, replace(real, out)
}

// replace writes a new file beside the one at path and renames it over that.
func replace(path string, content []byte) (err error) {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("%s: %w - the file is as it was", path, errors.Join(err, ignoreClosed(f.Close()), os.Remove(f.Name())))
		}
	}()
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		if err := f.Chown(int(st.Uid), int(st.Gid)); err != nil {
			return err
		}
	}
	if err := f.Chmod(info.Mode().Perm()); err != nil {
		return err
	}
	if _, err := f.Write(content); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(path))
}

func ignoreClosed(err error) error {
	if errors.Is(err, os.ErrClosed) {
		return nil
	}
	return err
}

// syncFolder makes a rename last over a power failure. The file is in place
// already, so a file system that can't do it is no error.
func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return nil
	}
	defer d.Close()
	_ = d.Sync()
	return nil
}
