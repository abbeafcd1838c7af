package check

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// folders looks at every folder above path: whoever may write to one of them may
// put something else in the place of what is in it. One with the sticky bit, such
// as /tmp, lets nobody move what is another's (inode(7)).
func (r *Report) folders(path string, seen map[string]bool) {
	for dir := filepath.Dir(path); !seen[dir]; dir = filepath.Dir(dir) {
		seen[dir] = true
		info, err := os.Lstat(dir)
		if err != nil || !info.IsDir() {
			continue // missing, or a link: reported for what it is
		}
		if what, fix := exchangeable(dir, info); what != "" {
			r.problem(dir, what+", and with it "+path, fix)
		}
	}
}

// exchangeable tells how somebody else could change a file or a folder.
func exchangeable(path string, info fs.FileInfo) (what, fix string) {
	if owner := ownerOf(info); owner != 0 && int(owner) != os.Geteuid() {
		return fmt.Sprintf("belongs to uid %d, who could exchange what is in it", owner), fmt.Sprintf("run: chown %d %s", os.Geteuid(), path)
	}
	mode := info.Mode()
	if mode.Perm()&0o022 != 0 && !(mode.IsDir() && mode&fs.ModeSticky != 0) {
		return fmt.Sprintf("can be changed by others (mode %04o)", mode.Perm()), "run: chmod go-w " + path
	}
	return "", ""
}

// secret advises when others may read what is nobody else's business.
func (r *Report) secret(path string, mode fs.FileMode, why string) {
	info, err := os.Lstat(path)
	if err != nil || info.Mode()&fs.ModeSymlink != 0 {
		return
	}
	if now := info.Mode().Perm(); now&0o077&^mode != 0 {
		r.advise(path, fmt.Sprintf("has mode %04o: %s", now, why), fmt.Sprintf("run: chmod %04o %s", now&(mode|0o700), path))
	}
}
