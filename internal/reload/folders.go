package reload

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/fsnotify/fsnotify"
)

// maxLinks is how many symbolic links are followed, as the kernel does
// (MAXSYMLINKS).
const maxLinks = 40

// watch watches the folders in which a change of files would happen, and no
// others.
func watch(n *fsnotify.Watcher, files []string) error {
	var want []string
	for _, f := range files {
		for _, dir := range folders(f) {
			if dir = existing(dir); !slices.Contains(want, dir) {
				want = append(want, dir)
			}
		}
	}
	for _, dir := range n.WatchList() {
		if !slices.Contains(want, dir) {
			_ = n.Remove(dir) // it may be gone, and its watch with it
		}
	}
	var failed []error
	for _, dir := range want {
		if err := n.Add(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
			failed = append(failed, fmt.Errorf("%s: %w", dir, err))
		}
	}
	return errors.Join(failed...)
}

// folders returns the folder of path, and those of what it leads to if it is a
// symbolic link.
func folders(path string) []string {
	dirs := []string{filepath.Dir(path)}
	for range maxLinks {
		to, err := os.Readlink(path)
		if err != nil {
			break
		}
		if !filepath.IsAbs(to) {
			to = filepath.Join(filepath.Dir(path), to)
		}
		path = to
		dirs = append(dirs, filepath.Dir(path))
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		dirs = append(dirs, filepath.Dir(real))
	}
	return dirs
}

// existing returns dir, or the nearest folder above that exists: there dir will
// appear again.
func existing(dir string) string {
	for dir != "/" && dir != "." {
		if _, err := os.Stat(dir); err == nil {
			break
		}
		dir = filepath.Dir(dir)
	}
	return dir
}

// signature changes when one of the files does, or who may write it.
func signature(files []string) string {
	var b strings.Builder
	for _, f := range files {
		real, _ := filepath.EvalSymlinks(f)
		fmt.Fprintf(&b, "%q %s %s %s\n", real, identity(f, true), identity(filepath.Dir(f), false), identity(filepath.Dir(real), false))
	}
	return b.String()
}

// identity describes a file; of a folder only what doesn't change when files
// come and go.
func identity(path string, content bool) string {
	info, err := os.Stat(path)
	if err != nil {
		return "none"
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return "none"
	}
	s := fmt.Sprint(st.Dev, st.Ino, st.Mode, st.Uid, st.Gid)
	if content {
		s += fmt.Sprint(" ", st.Size, st.Mtim, st.Ctim)
	}
	return s
}
