package build

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strings"

	"golang.org/x/sys/unix"
)

// skelFolder is what a new home begins with, as useradd(8) has it: the template's.
const skelFolder = "/etc/skel"

// newHome is a file that stands in a home from when it is made until skel has
// been copied. A build that dies in between leaves it, and the next one goes on.
// Whoever puts it there herself gets what is missing of skel again.
const newHome = ".jailsh-new-home"

// skelPart is what a file is called until all of it is there.
const skelPart = ".jailsh-skel-part"

// Bounds of skel. What has more wants a mount.
const (
	maxSkelEntries = 2000
	maxSkelBytes   = 64 << 20
	maxSkelDepth   = 16
)

// copySkel fills a home that was just made. It is done as the user, in her jail:
// whatever is in skel or in her home, it can do no more than she.
func (j *jail) copySkel() error {
	home, err := unix.Open(j.spec.Home, unix.O_PATH|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return call("open "+j.spec.Home, err)
	}
	defer unix.Close(home)
	var st unix.Stat_t
	if err := unix.Fstatat(home, newHome, &st, unix.AT_SYMLINK_NOFOLLOW); err != nil || st.Mode&unix.S_IFMT != unix.S_IFREG {
		return nil // she may have taken every right from her home
	}
	skel, err := unix.Open(skelFolder, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil && err != unix.ENOENT {
		return of("", call("open", err))
	}
	if err == nil {
		err = (&skelCopy{entries: maxSkelEntries, bytes: maxSkelBytes}).folder(skel, home, "")
		if err != nil {
			return err
		}
	}
	return call("unlink "+newHome, unix.Unlinkat(home, newHome, 0))
}

// skelCopy counts down what may still be copied.
type skelCopy struct {
	entries int
	bytes   int64
}

// folder copies what is in the folder from, which it closes, into the folder to.
// below is its path in skel. What is in to already stays.
func (s *skelCopy) folder(from, to int, below string) error {
	f := os.NewFile(uintptr(from), below)
	defer f.Close()
	if strings.Count(below, "/") > maxSkelDepth {
		return fmt.Errorf("%s: is more than %d folders deep - make it flatter", path.Join(skelFolder, below), maxSkelDepth)
	}
	names, err := f.Readdirnames(s.entries + 1)
	if err != nil && err != io.EOF {
		return call("read "+path.Join(skelFolder, below), err)
	}
	if s.entries -= len(names); s.entries < 0 {
		return fmt.Errorf("%s: has more than %d entries - take some out, or mount them", skelFolder, maxSkelEntries)
	}
	for _, name := range names {
		if err := s.entry(from, to, path.Join(below, name)); err != nil {
			return err
		}
	}
	return nil
}

// entry copies one entry of a folder; below is its path in skel.
func (s *skelCopy) entry(from, to int, below string) error {
	name := path.Base(below)
	var st unix.Stat_t
	if err := unix.Fstatat(from, name, &st, unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return of(below, call("stat", err))
	}
	// Whatever it is in skel: never writable by others, always by her.
	mode := st.Mode & 0o755
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFREG:
		return of(below, s.file(from, to, name, mode|0o600))
	case unix.S_IFLNK:
		return of(below, s.link(from, to, name))
	case unix.S_IFDIR:
		return s.subfolder(from, to, below, mode|0o700)
	}
	return of(below, errors.New("is neither a file, a folder nor a link - take it out of the template"))
}

func (s *skelCopy) link(from, to int, name string) error {
	target := make([]byte, unix.PathMax)
	n, err := unix.Readlinkat(from, name, target)
	if err != nil {
		return call("readlink", err)
	}
	return ifMissing(call("symlink", unix.Symlinkat(string(target[:n]), to, name)))
}

func (s *skelCopy) subfolder(from, to int, below string, mode uint32) error {
	name := path.Base(below)
	if err := ifMissing(call("mkdir", unix.Mkdirat(to, name, 0o700))); err != nil {
		return of(below, err)
	}
	inner, err := unix.Openat(to, name, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return of(below, call("open the copy", err))
	}
	defer unix.Close(inner)
	source, err := unix.Openat(from, name, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return of(below, call("open", err))
	}
	if err := s.folder(source, inner, below); err != nil {
		return err
	}
	return of(below, call("chmod", unix.Fchmod(inner, mode)))
}

// file copies a file that isn't there yet under another name and renames it: under
// its own name it is whole, or not there.
func (s *skelCopy) file(from, to int, name string, mode uint32) error {
	var there unix.Stat_t
	if unix.Fstatat(to, name, &there, unix.AT_SYMLINK_NOFOLLOW) == nil {
		return nil
	}
	source, err := unix.Openat(from, name, unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return call("open", err)
	}
	in := os.NewFile(uintptr(source), name)
	defer in.Close()
	part, err := unix.Openat(to, skelPart, unix.O_WRONLY|unix.O_CREAT|unix.O_TRUNC|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return call("create", err)
	}
	out := os.NewFile(uintptr(part), name)
	n, err := io.Copy(out, io.LimitReader(in, s.bytes+1))
	if s.bytes -= n; err == nil && s.bytes < 0 {
		err = fmt.Errorf("%s has more than %d MiB - take some out, or mount it", skelFolder, maxSkelBytes>>20)
	}
	if err == nil {
		err = call("chmod", unix.Fchmod(part, mode))
	}
	if err = errors.Join(err, out.Close()); err != nil {
		_ = unix.Unlinkat(to, skelPart, 0) // the error is what matters
		return err
	}
	return call("rename", unix.Renameat(to, skelPart, to, name))
}

// of names what of skel an error is about.
func of(below string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", path.Join(skelFolder, below), hint(err))
}

// hint adds what to do about the errors that an administrator can bring about.
func hint(err error) error {
	switch {
	case errors.Is(err, unix.EDQUOT), errors.Is(err, unix.ENOSPC):
		return fmt.Errorf("%w - make room for homes, or raise limits.home of the user", err)
	case errors.Is(err, unix.EACCES):
		return fmt.Errorf("%w - make it readable for everybody, in the template", err)
	}
	return err
}

func ifMissing(err error) error {
	if errors.Is(err, unix.EEXIST) {
		return nil
	}
	return err
}
