package template

import (
	"errors"
	"fmt"
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
	err = s.acquire()
	if err != nil {
		s.lock.Close()
		return nil, err
	}
	return s, nil
}

var errBusy = errors.New("another build of it is running - wait for it to end")

// acquire locks the directory, or says why not to build in it.
func (s *store) acquire() error {
	err := unix.Flock(int(s.lock.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		err = errBusy
	}
	if err == nil {
		err = sameFile(s.lock, s.builds()) // a first build that failed removes it
	}
	if err != nil {
		return err
	}
	// A bind mount inherits the flag: nothing in the jail would start.
	var st unix.Statfs_t
	if err := unix.Fstatfs(int(s.lock.Fd()), &st); err != nil {
		return &fs.PathError{Op: "statfs", Path: s.builds(), Err: err}
	}
	if st.Flags&unix.ST_NOEXEC != 0 {
		return fmt.Errorf("%s: is mounted noexec, so nothing in the jail could be run - set templates in jailsh.toml to another place", s.builds())
	}
	s.spread()
	return s.sweep()
}

// topdir is FS_TOPDIR_FL of linux/fs.h: what is below has nothing to do with each
// other, so that ext4 puts it into different block groups. In the group of a
// build that was just removed it would step over each freed inode for every new
// file (recently_deleted in fs/ext4/ialloc.c), and be ten times slower.
const topdir = 0x00020000

// spread is a hint: other file systems don't have the flag, nor the problem.
func (s *store) spread() {
	fd := int(s.lock.Fd())
	if flags, err := unix.IoctlGetUint32(fd, unix.FS_IOC_GETFLAGS); err == nil && flags&topdir == 0 {
		_ = unix.IoctlSetPointerInt(fd, unix.FS_IOC_SETFLAGS, int(flags|topdir))
	}
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
		_ = os.Remove(s.dir) // stays if somebody keeps other things there
	}
	unlock(s.lock)
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
	err := syncDir(s.builds())
	if err == nil {
		err = s.makeCurrent(id)
	}
	if err != nil {
		return errors.Join(err, os.RemoveAll(s.build(id)))
	}
	return syncDir(s.dir)
}

func (s *store) makeCurrent(id string) error {
	next := filepath.Join(s.dir, tempPrefix+currentName)
	if err := os.Symlink(filepath.Join(buildsName, id), next); err != nil {
		return err
	}
	if err := os.Rename(next, filepath.Join(s.dir, currentName)); err != nil {
		return errors.Join(err, os.Remove(next))
	}
	return nil
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
		defer unlock(f)
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
