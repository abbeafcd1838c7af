package recordings

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/jailsh/jailsh/internal/seal"
	"golang.org/x/sys/unix"
)

// Store is the folder. It must not be copied.
type Store struct {
	Dir string

	making sync.Mutex // a recording; Sweep must not come between a file and its lock
}

// extension is that of a recording's name.
const extension = ".cast"

// stamp is the time in a name, in UTC: names are in the order in which they began.
const stamp = "20060102T150405Z"

// nameForm is what a recording is called.
var nameForm = regexp.MustCompile(`^[0-9]{8}T[0-9]{6}Z-[0-9a-f]{8}-[0-9]{1,10}\.cast$`)

// userForm is a folder that can't be anything but one in this one.
var userForm = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]*$`)

// Name is the name of the recording of a session that begins now. The reference is the
// connection's.
func Name(now time.Time, ref string, session uint32) (string, error) {
	name := fmt.Sprintf("%s-%s-%d%s", now.UTC().Format(stamp), ref, session, extension)
	if !nameForm.MatchString(name) {
		return "", fmt.Errorf("%q is no reference", ref)
	}
	return name, nil
}

// Create makes the files of a new recording: one to append to, for whoever writes it,
// and one for its seals, which is locked.
func (s *Store) Create(user, name string) (cast, seals *os.File, err error) {
	if !userForm.MatchString(user) || !nameForm.MatchString(name) {
		return nil, nil, fmt.Errorf("recording %q of %q: is no such name", name, user)
	}
	s.making.Lock()
	defer s.making.Unlock()
	folder, err := s.folder(user)
	if err != nil {
		return nil, nil, fmt.Errorf("recordings: %w", err)
	}
	defer folder.Close()
	const flags = unix.O_WRONLY | unix.O_APPEND | unix.O_CREAT | unix.O_EXCL
	if seals, err = openAt(folder, name+seal.Suffix, flags); err != nil {
		return nil, nil, fmt.Errorf("recordings: %w", err)
	}
	if err = unix.Flock(int(seals.Fd()), unix.LOCK_EX|unix.LOCK_NB); err == nil {
		cast, err = openAt(folder, name, flags)
	}
	if err != nil {
		seals.Close()
		_ = unix.Unlinkat(int(folder.Fd()), name+seal.Suffix, 0)
		return nil, nil, fmt.Errorf("recordings: %w", err)
	}
	return cast, seals, nil
}

// folder opens the folder of a user, which is made if it isn't there.
func (s *Store) folder(user string) (*os.File, error) {
	top, err := openFolder(unix.AT_FDCWD, s.Dir)
	if err != nil {
		return nil, err
	}
	defer top.Close()
	if err := unix.Mkdirat(int(top.Fd()), user, 0o700); err != nil && !errors.Is(err, unix.EEXIST) {
		return nil, fmt.Errorf("%s: %w", filepath.Join(s.Dir, user), err)
	}
	return openFolder(int(top.Fd()), user)
}

// openFolder opens a folder that is nobody else's.
func openFolder(at int, path string) (*os.File, error) {
	fd, err := unix.Openat(at, path, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: path, Err: err}
	}
	f := os.NewFile(uintptr(fd), path)
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, err
	}
	if st := info.Sys().(*syscall.Stat_t); int(st.Uid) != os.Geteuid() || info.Mode().Perm()&0o077 != 0 {
		f.Close()
		return nil, fmt.Errorf("%s: others can get at it (uid %d, mode %04o) - run: chown root: %s; chmod 700 %s", path, st.Uid, info.Mode().Perm(), path, path)
	}
	return f, nil
}

func openAt(folder *os.File, name string, flags int) (*os.File, error) {
	fd, err := unix.Openat(int(folder.Fd()), name, flags|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: filepath.Join(folder.Name(), name), Err: err}
	}
	return os.NewFile(uintptr(fd), name), nil
}

// Open opens a recording and its seals for reading. It is called USER/NAME, with or
// without the extension. Without seals the second is nil.
func (s *Store) Open(called string) (cast, seals *os.File, err error) {
	user, name, ok := strings.Cut(called, "/")
	if name = strings.TrimSuffix(name, extension) + extension; !ok || !userForm.MatchString(user) || !nameForm.MatchString(name) {
		return nil, nil, fmt.Errorf("%q is no name of a recording", called)
	}
	return OpenFile(filepath.Join(s.Dir, user, name))
}

// OpenFile opens a recording, and the seals beside it, wherever they are.
func OpenFile(path string) (cast, seals *os.File, err error) {
	if cast, err = os.OpenFile(path, os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0); err != nil {
		return nil, nil, err
	}
	if info, err := cast.Stat(); err != nil || !info.Mode().IsRegular() {
		cast.Close()
		return nil, nil, errors.Join(err, fmt.Errorf("%s: is not a regular file", path))
	}
	seals, err = os.OpenFile(path+seal.Suffix, os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		cast.Close()
		return nil, nil, err
	}
	return cast, seals, nil
}
