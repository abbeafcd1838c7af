package main

import (
	"os"

	"golang.org/x/sys/unix"
)

// scratch is an attack's own folder.
type scratch struct {
	path string
	dir  *os.File
}

func newScratch() (*scratch, error) {
	path, err := os.MkdirTemp(os.TempDir(), "probe")
	if err != nil {
		return nil, err
	}
	dir, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	return &scratch{path, dir}, nil
}

// remove takes the folder away, with the files that attacks make in it. It works
// on what was opened before the attack, and goes into no folder: something may be
// mounted there now, and a jail with holes must not lose what is in that.
func (s *scratch) remove() error {
	defer s.dir.Close()
	names, err := s.dir.Readdirnames(-1)
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := unix.Unlinkat(int(s.dir.Fd()), name, 0); err != nil {
			return &os.PathError{Op: "unlinkat", Path: name, Err: err}
		}
	}
	for unix.Unmount(s.path, unix.MNT_DETACH|unix.UMOUNT_NOFOLLOW) == nil {
		continue // each that was left there
	}
	return os.Remove(s.path)
}
