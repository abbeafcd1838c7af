package recordings

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/jailsh/jailsh/internal/seal"
)

// Retention is how long recordings are kept, and how many.
type Retention struct {
	Age  time.Duration // since the end of a recording; 0: for ever
	Size int64         // of all recordings of one user, in bytes; 0: no limit
}

// Sweep removes what is older than the retention allows, and of each user's what is
// over the size, the oldest first; never one that is being written. It goes on after
// an error.
func (s *Store) Sweep(now time.Time, keep Retention) (removed []Entry, err error) {
	s.making.Lock()
	defer s.making.Unlock()
	list, err := s.List("")
	if err != nil {
		return nil, err
	}
	total := map[string]int64{}
	for _, e := range list {
		total[e.User] += e.Bytes
	}
	for _, e := range list {
		old := keep.Age > 0 && now.Sub(e.Ended) > keep.Age
		over := keep.Size > 0 && total[e.User] > keep.Size
		if e.State == Recording || !old && !over {
			continue
		}
		if gone := s.Remove(e.User, e.Name); gone != nil {
			err = errors.Join(err, gone)
			continue
		}
		total[e.User] -= e.Bytes
		removed = append(removed, e)
	}
	return removed, errors.Join(err, s.removeLost())
}

// Remove removes a recording and its seals.
func (s *Store) Remove(user, name string) error {
	path := filepath.Join(s.Dir, user, name)
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if err := os.Remove(path + seal.Suffix); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// removeLost removes seals whose recording is gone: of one whose removal was
// interrupted, or that couldn't be made.
func (s *Store) removeLost() error {
	lost, err := filepath.Glob(filepath.Join(s.Dir, "*", "*"+extension+seal.Suffix))
	for _, path := range lost {
		if _, missing := os.Lstat(strings.TrimSuffix(path, seal.Suffix)); errors.Is(missing, os.ErrNotExist) {
			err = errors.Join(err, os.Remove(path))
		}
	}
	return err
}
