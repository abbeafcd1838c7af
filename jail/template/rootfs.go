package template

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// rootfs is a directory seen as a process sees it that is chrooted there: its
// links never lead out. The host is rootfs "/".
type rootfs string

// maxLinks is where a chain of symbolic links counts as a loop, as in the kernel
// (path_resolution(7)).
const maxLinks = 40

// link is a symbolic link at its real place.
type link struct{ path, target string }

// on returns the host's name of p, a path within r without links.
func (r rootfs) on(p string) string { return filepath.Join(string(r), p) }

// resolve returns where p ends, and each link on the way. On an error the links
// are those met so far.
func (r rootfs) resolve(p string) (string, []link, error) {
	var links []link
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
		info, err := os.Lstat(r.on(next))
		if err != nil {
			return "", links, &fs.PathError{Op: "stat", Path: p, Err: cause(err)}
		}
		if info.Mode()&fs.ModeSymlink == 0 {
			real = next
			continue
		}
		target, err := os.Readlink(r.on(next))
		if err != nil {
			return "", links, &fs.PathError{Op: "readlink", Path: p, Err: cause(err)}
		}
		if len(links) == maxLinks {
			return "", links, &fs.PathError{Op: "resolve", Path: p, Err: unix.ELOOP}
		}
		links = append(links, link{next, target})
		if path.IsAbs(target) {
			real = "/"
		}
		rest = append(strings.Split(target, "/"), rest...)
	}
	return real, links, nil
}

// open opens the regular file at p, which is resolved. A fifo or a device is
// refused before it can block or act.
func (r rootfs) open(p string) (*os.File, fs.FileInfo, error) {
	f, err := os.OpenFile(r.on(p), os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
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

// cause strips the paths from a file error: the file is named already, as the
// template knows it.
func cause(err error) error {
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
