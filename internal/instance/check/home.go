package check

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
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
