package check

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/jailsh/jailsh/jail/quota"
	"golang.org/x/sys/unix"
)

// checkHome looks at a user's home as jailsh-init will. A missing one is made at
// the first login; the folder above it must be there. When that is homes of
// jailsh.toml, it is reported there and not for each user again.
func checkHome(home string, uid, gid uint32, inHomes bool) (what, fix string) {
	folder := filepath.Dir(home)
	real, err := filepath.EvalSymlinks(folder)
	switch {
	case inHomes && (err != nil || real != folder):
		return "", ""
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Sprintf("%q: there is no folder %q to make it in", home, folder), "run: mkdir -p " + folder
	case err != nil:
		return fmt.Sprintf("%q: %v", home, err), "see to the file system"
	case real != folder:
		return fmt.Sprintf("%q leads through a symbolic link", home), fmt.Sprintf("write home = %q", filepath.Join(real, filepath.Base(home)))
	}
	info, err := os.Lstat(home)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", ""
	case err != nil:
		return fmt.Sprintf("%q: %v", home, err), "see to the file system"
	case info.Mode()&fs.ModeSymlink != 0:
		return fmt.Sprintf("%q is a symbolic link", home), "move it away, or set home to where it leads"
	case !info.IsDir():
		return fmt.Sprintf("%q is no folder", home), "move it away, or set another home"
	}
	if owner := ownerOf(info); owner != uid {
		return fmt.Sprintf("%q belongs to uid %d, not to %d", home, owner, uid), fmt.Sprintf("run: chown -R %d:%d %s", uid, gid, home)
	}
	return "", ""
}

// openToOthers tells whether others than the user may write to her home. Nobody
// can in her jail; on the host somebody with her gid may, or everybody.
func openToOthers(home string) (what, fix string) {
	info, err := os.Lstat(home)
	if err != nil || info.Mode().Perm()&0o022 == 0 {
		return "", ""
	}
	return fmt.Sprintf("%q can be written to by others (mode %04o)", home, info.Mode().Perm()), "run: chmod go-w " + home
}

// checkLimit tells why the home can't be limited. One that isn't there yet is made
// on the file system of the folder above.
func checkLimit(home string, uid uint32) (what, fix string) {
	const flags = unix.O_RDONLY | unix.O_DIRECTORY | unix.O_NOFOLLOW | unix.O_CLOEXEC
	fd, err := unix.Open(home, flags, 0)
	made := err == nil
	if !made {
		home = filepath.Dir(home)
		fd, err = unix.Open(home, flags, 0)
	}
	if err != nil {
		return "", "" // reported for what it is
	}
	defer unix.Close(fd)
	if made {
		err = quota.Check(fd, home, uid)
	} else {
		err = quota.Possible(fd, home)
	}
	if err == nil {
		return "", ""
	}
	return split(err.Error())
}
