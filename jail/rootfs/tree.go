package rootfs

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// Tree is a root file system. The host is Dir("/").
type Tree struct {
	Dir     string            // folder of the host
	Bound   map[string]string // top entries that are other folders of the host: name to path
	Without []string          // names of top entries that are in Dir and not in the tree
}

// Dir is the tree of one folder.
func Dir(dir string) Tree { return Tree{Dir: dir} }

// Entry is one entry at the top of a tree: a folder, or a link.
type Entry struct {
	Name   string
	Source string // path on the host
	Link   string // where it leads, if it is a link
}

// Top lists the top entries, by name. What is neither a folder nor a link is
// an error: a jail couldn't have it.
func (t Tree) Top() ([]Entry, error) {
	names := slices.Collect(maps.Keys(t.Bound))
	entries, err := os.ReadDir(t.Dir)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if t.Bound[e.Name()] == "" && !slices.Contains(t.Without, e.Name()) {
			names = append(names, e.Name())
		}
	}
	slices.Sort(names)
	var top []Entry
	for _, name := range names {
		e := Entry{Name: name, Source: t.On("/" + name)}
		info, err := os.Lstat(e.Source)
		switch {
		case err != nil:
			return nil, err
		case info.IsDir():
		case info.Mode()&fs.ModeSymlink == 0:
			return nil, &fs.PathError{Op: "list", Path: e.Source, Err: errors.New("is neither a folder nor a link - move it away")}
		default:
			if e.Link, err = os.Readlink(e.Source); err != nil {
				return nil, err
			}
		}
		top = append(top, e)
	}
	return top, nil
}

// On returns the host's name of p, a path within the tree without links. It
// exists no more than p does.
func (t Tree) On(p string) string {
	top, rest, _ := strings.Cut(strings.TrimPrefix(p, "/"), "/")
	if bound := t.Bound[top]; bound != "" {
		return filepath.Join(bound, rest)
	}
	return filepath.Join(t.Dir, p)
}

// has says whether the tree can have p at all.
func (t Tree) has(p string) bool {
	top, _, _ := strings.Cut(strings.TrimPrefix(p, "/"), "/")
	return !slices.Contains(t.Without, top)
}

// MaxLinks is where a chain of symbolic links counts as a loop, as in the kernel
// (path_resolution(7)).
const MaxLinks = 40

// Link is a symbolic link at its real place.
type Link struct{ Path, Target string }

// Resolve returns where p ends, and each link on the way. On an error the links
// are those met so far.
func (t Tree) Resolve(p string) (string, []Link, error) {
	var links []Link
	real, rest := "/", strings.Split(p, "/")
	for len(rest) > 0 {
		name := rest[0]
		rest = rest[1:]
		switch name {
		case "", ".":
			continue
		case "..":
			real = path.Dir(real)
			continue
		}
		next := path.Join(real, name)
		info, err := t.Lstat(next)
		if err != nil {
			return "", links, &fs.PathError{Op: "stat", Path: p, Err: Cause(err)}
		}
		if info.Mode()&fs.ModeSymlink == 0 {
			real = next
			continue
		}
		target, err := os.Readlink(t.On(next))
		if err != nil {
			return "", links, &fs.PathError{Op: "readlink", Path: p, Err: Cause(err)}
		}
		if len(links) == MaxLinks {
			return "", links, &fs.PathError{Op: "resolve", Path: p, Err: unix.ELOOP}
		}
		links = append(links, Link{next, target})
		if path.IsAbs(target) {
			real = "/"
		}
		rest = append(strings.Split(target, "/"), rest...)
	}
	return real, links, nil
}

// Lstat tells what is at p, a path without links above its last element.
func (t Tree) Lstat(p string) (fs.FileInfo, error) {
	if !t.has(p) {
		return nil, &fs.PathError{Op: "stat", Path: p, Err: unix.ENOENT}
	}
	return os.Lstat(t.On(p))
}

// Open opens the regular file at p, which is resolved. A fifo or a device is
// refused before it can block or act.
func (t Tree) Open(p string) (*os.File, fs.FileInfo, error) {
	if !t.has(p) {
		return nil, nil, &fs.PathError{Op: "open", Path: p, Err: unix.ENOENT}
	}
	f, err := os.OpenFile(t.On(p), os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = &fs.PathError{Op: "open", Path: p, Err: errors.New("not a regular file")}
	}
	if err != nil {
		f.Close()
		return nil, nil, err
	}
	return f, info, nil
}

// Cause strips the paths from a file error: the file is named already, as the
// tree knows it.
func Cause(err error) error {
	var pathErr *fs.PathError
	var linkErr *os.LinkError
	switch {
	case errors.As(err, &pathErr):
		return pathErr.Err
	case errors.As(err, &linkErr):
		return linkErr.Err
	}
	return err
}
