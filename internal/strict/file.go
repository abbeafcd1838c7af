package strict

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"
)

// MaxFile is the size of the largest config file that is read, in bytes.
const MaxFile = 1 << 20

// ReadFile reads a config file of at most MaxFile bytes as ReadUpTo does.
func ReadFile(path string) ([]byte, error) { return ReadUpTo(path, MaxFile) }

// ReadUpTo reads a file of at most max bytes after checking that nobody but root and the owner
// of this process could have written it: neither the file nor its folder may
// belong to anybody else or be writable by group or others (a folder with the
// sticky bit may). What it returns as error is a *Problem.
func ReadUpTo(path string, max int64) ([]byte, error) {
	bad := func(what, fix string) ([]byte, error) {
		return nil, &Problem{File: path, What: what, Fix: fix}
	}
	// O_NONBLOCK: a FIFO in its place must not stop a reload.
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, unreadable(path, err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, unreadable(path, err)
	}
	if !info.Mode().IsRegular() {
		return bad("is not a regular file", "put the file itself there")
	}
	if info.Size() > max {
		return bad(fmt.Sprintf("has %d bytes, more than the %d allowed", info.Size(), max), "shorten it")
	}
	if p := trusted(path, info); p != nil {
		return nil, p
	}
	if err := trustedFolders(path); err != nil {
		return nil, err
	}
	src, err := io.ReadAll(io.LimitReader(f, max+1))
	if err != nil {
		return nil, unreadable(path, err)
	}
	if int64(len(src)) > max {
		return bad(fmt.Sprintf("has more than the %d bytes allowed", max), "shorten it")
	}
	return src, nil
}

func unreadable(path string, err error) *Problem {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return &Problem{File: path, What: "doesn't exist", Fix: "give the right path, or run: jailsh init"}
	case errors.Is(err, fs.ErrPermission):
		return &Problem{File: path, What: "may not be read by this user", Fix: "run as root or as the owner of the file"}
	}
	if pe := (*os.PathError)(nil); errors.As(err, &pe) {
		err = pe.Err
	}
	return &Problem{File: path, What: "can't be read: " + err.Error(), Fix: "see to the file system"}
}

// trustedFolders checks the folder of path and, if path is a symbolic link,
// also the one of what it leads to.
func trustedFolders(path string) error {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return unreadable(path, err)
	}
	dirs := []string{filepath.Dir(path)}
	if d := filepath.Dir(real); d != dirs[0] {
		dirs = append(dirs, d)
	}
	for _, dir := range dirs {
		info, err := os.Stat(dir)
		if err != nil {
			return unreadable(dir, err)
		}
		if p := trusted(dir, info); p != nil {
			return p
		}
	}
	return nil
}

// trusted checks the owner and the mode of a file or a folder.
func trusted(path string, info os.FileInfo) *Problem {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return &Problem{File: path, What: "has no owner that could be checked", Fix: "use a local file system"}
	}
	if euid := os.Geteuid(); st.Uid != 0 && int(st.Uid) != euid {
		return &Problem{
			File: path, What: fmt.Sprintf("belongs to uid %d, who could change it at any time", st.Uid),
			Fix: fmt.Sprintf("run: chown %d %s", euid, path),
		}
	}
	if mode := info.Mode(); mode.Perm()&0o022 != 0 && !(mode.IsDir() && mode&os.ModeSticky != 0) {
		return &Problem{
			File: path, What: fmt.Sprintf("is writable by others (mode %04o)", mode.Perm()),
			Fix: "run: chmod go-w " + path,
		}
	}
	return nil
}
