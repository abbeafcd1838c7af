package recordings

import (
	"bytes"
	"cmp"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/jailsh/jailsh/internal/seal"
	"golang.org/x/sys/unix"
)

// State is how far a recording has got.
type State string

// The states.
const (
	Recording  State = "recording"  // somebody writes it
	Finished   State = "finished"   // it has its final seal
	Unfinished State = "unfinished" // whoever wrote it was stopped
)

// Entry is a recording.
type Entry struct {
	User, Name string
	Began      time.Time // in whole seconds
	Ended      time.Time // of what is there
	Bytes      int64     // with its seals
	State      State

	written time.Time // what is in it was, which tells two of the same second apart
}

// Called is what it is called in commands.
func (e *Entry) Called() string { return e.User + "/" + strings.TrimSuffix(e.Name, extension) }

// List returns what there is of a user, or with "" of all, by time.
func (s *Store) List(user string) ([]Entry, error) {
	folders, err := os.ReadDir(s.Dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var list []Entry
	for _, f := range folders {
		if !f.IsDir() || user != "" && f.Name() != user {
			continue
		}
		files, err := os.ReadDir(filepath.Join(s.Dir, f.Name()))
		if err != nil {
			return nil, err
		}
		for _, file := range files {
			e, err := s.entry(f.Name(), file.Name())
			if errors.Is(err, os.ErrNotExist) {
				continue // removed meanwhile
			}
			if err != nil {
				return nil, err
			}
			if e != nil {
				list = append(list, *e)
			}
		}
	}
	slices.SortFunc(list, func(a, b Entry) int {
		return cmp.Or(a.Began.Compare(b.Began), a.written.Compare(b.written), strings.Compare(a.Name, b.Name), strings.Compare(a.User, b.User))
	})
	return list, nil
}

// entry looks at one; nil for a file that is none.
func (s *Store) entry(user, name string) (*Entry, error) {
	if !nameForm.MatchString(name) {
		return nil, nil
	}
	began, err := time.Parse(stamp, name[:len(stamp)])
	if err != nil {
		return nil, nil
	}
	path := filepath.Join(s.Dir, user, name)
	info, err := os.Lstat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, nil
	}
	e := &Entry{User: user, Name: name, Began: began, Ended: info.ModTime(), Bytes: info.Size(), State: Unfinished, written: info.ModTime()}
	seals, err := os.OpenFile(path+seal.Suffix, os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if errors.Is(err, os.ErrNotExist) {
		return e, nil
	}
	if err != nil {
		return nil, err
	}
	defer seals.Close()
	if info, err = seals.Stat(); err != nil {
		return nil, err
	}
	e.Bytes += info.Size()
	if isLocked(seals) {
		e.State, e.Ended = Recording, time.Now()
	} else if last := lastSeal(seals, info.Size()); last != nil && last.Final {
		e.State, e.Ended = Finished, last.Time
	}
	if e.Ended.Before(began) {
		e.Ended = began // seals have whole seconds
	}
	return e, nil
}

// isLocked tells whether somebody writes.
func isLocked(f *os.File) bool {
	return unix.Flock(int(f.Fd()), unix.LOCK_SH|unix.LOCK_NB) != nil
}

// sealSize is more than the last line of a file of seals has.
const sealSize = 32 << 10

// lastSeal reads the last whole line; nil if there is none. Its signature isn't looked
// at: that is `jailsh record verify`.
func lastSeal(f *os.File, size int64) *seal.Seal {
	b := make([]byte, min(size, sealSize))
	if _, err := f.ReadAt(b, size-int64(len(b))); err != nil {
		return nil
	}
	b, ok := bytes.CutSuffix(b, []byte("\n"))
	if !ok {
		return nil
	}
	last, err := seal.Parse(b[bytes.LastIndexByte(b, '\n')+1:])
	if err != nil {
		return nil
	}
	return last
}
