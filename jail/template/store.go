package template

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// store is the directory of one template, NAME, locked for building. The lock is
// on the directory builds: it ends with the process that has it.
type store struct {
	name string
	dir  string   // NAME, absolute
	lock *os.File // NAME/builds
}

const (
	currentName = "current"
	buildsName  = "builds"
	tempPrefix  = ".tmp-"
)

// openStore makes the template's directory if there is none, locks it, and
// removes what builds left that were killed.
func openStore(dir, name string) (*store, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	dir, err := absolute(dir)
	if err != nil {
		return nil, err
	}
	s := &store{name: name, dir: filepath.Join(dir, name)}
	if err := os.MkdirAll(s.builds(), 0o755); err != nil {
		return nil, err
	}
	if s.lock, err = os.Open(s.builds()); err != nil {
		return nil, err
	}
	err = unix.Flock(int(s.lock.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		err = errors.New("another build of it is running - wait for it to end")
	}
	if err == nil {
		err = sameFile(s.lock, s.builds()) // a first build that failed removes it
	}
	if err == nil {
		err = s.sweep()
	}
	if err != nil {
		s.lock.Close()
		return nil, err
	}
	return s, nil
}

func (s *store) builds() string         { return filepath.Join(s.dir, buildsName) }
func (s *store) build(id string) string { return filepath.Join(s.dir, buildsName, id) }

// sweep removes temporary entries. Whoever made them is dead: the lock is ours.
func (s *store) sweep() error {
	var problems []error
	for _, dir := range []string{s.dir, s.builds()} {
		entries, err := os.ReadDir(dir)
		problems = append(problems, err)
		for _, e := range entries {
			if strings.HasPrefix(e.Name(), tempPrefix) {
				problems = append(problems, os.RemoveAll(filepath.Join(dir, e.Name())))
			}
		}
	}
	return errors.Join(problems...)
}

// close unlocks. A template that was never built leaves no directory.
func (s *store) close() {
	if os.Remove(s.builds()) == nil {
		os.Remove(s.dir)
	}
	s.lock.Close()
}

// currentID returns the build that current names, or "".
func currentID(dir string) string {
	target, err := os.Readlink(filepath.Join(dir, currentName))
	if err != nil {
		return ""
	}
	if id, ok := strings.CutPrefix(target, buildsName+"/"); ok && isID(id) {
		return id
	}
	return ""
}

// publish puts the complete build temp in place and makes it current. Everything
// is on the disk before each of the two renames says that it is.
func (s *store) publish(temp, id string) error {
	if err := syncAll(temp); err != nil {
		return err
	}
	if err := os.Rename(temp, s.build(id)); err != nil {
		return err
	}
	if err := syncDir(s.builds()); err != nil {
		return err
	}
	next := filepath.Join(s.dir, tempPrefix+currentName)
	if err := os.Symlink(filepath.Join(buildsName, id), next); err != nil {
		return err
	}
	if err := os.Rename(next, filepath.Join(s.dir, currentName)); err != nil {
		return err
	}
	return syncDir(s.dir)
}

// collect removes builds that are neither current, nor the one before (a login
// may have opened it and not yet held it), nor held by a cell.
func (s *store) collect(keep ...string) error {
	entries, err := os.ReadDir(s.builds())
	if err != nil {
		return err
	}
	kept := map[string]bool{}
	for _, id := range keep {
		kept[id] = true
	}
	var problems []error
	for _, e := range entries {
		if isID(e.Name()) && !kept[e.Name()] {
			problems = append(problems, s.discard(e.Name()))
		}
	}
	return errors.Join(problems...)
}

// discard removes one build unless it is held. It is renamed first: from then on
// nobody can open a build of which half is gone.
func (s *store) discard(id string) error {
	f, err := os.OpenFile(filepath.Join(s.build(id), manifestName), os.O_RDONLY|unix.O_NOFOLLOW, 0)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err == nil {
		defer f.Close()
		if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
			return nil
		}
	}
	temp := s.build(tempPrefix + id)
	if err := os.Rename(s.build(id), temp); err != nil {
		return err
	}
	return os.RemoveAll(temp)
}

// syncAll writes the whole file system of dir out: one call for some thousand
// files, where an fsync of each would wait as often.
func syncAll(dir string) error { return withDir(dir, unix.Syncfs) }

func syncDir(dir string) error { return withDir(dir, unix.Fsync) }

func withDir(dir string, do func(fd int) error) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := do(int(f.Fd())); err != nil {
		return &fs.PathError{Op: "sync", Path: dir, Err: err}
	}
	return nil
}

func absolute(dir string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	return filepath.EvalSymlinks(dir)
}
