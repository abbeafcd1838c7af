package sftp

import (
	"errors"

	"golang.org/x/sys/unix"
)

// onePath is the path that is all of a request.
func (r *request) onePath() (string, error) {
	path := r.path()
	if r.bad {
		return "", statusBadMessage
	}
	return path, nil
}

// twoPaths are both.
func (r *request) twoPaths() (first, second string, err error) {
	first, second = r.path(), r.path()
	if r.bad {
		return "", "", statusBadMessage
	}
	return first, second, nil
}

func (s *Server) sendAttrs(r *request, st *unix.Stat_t, err error) error {
	if err != nil {
		return err
	}
	s.out.begin(typeAttrs, r.id)
	s.out.attrs(attrsOf(st))
	s.out.end()
	return nil
}

// stat answers STAT.
func (s *Server) stat(r *request) error {
	path, err := r.onePath()
	var st unix.Stat_t
	if err == nil {
		err = statAt(unix.AT_FDCWD, path, &st, 0)
	}
	return s.sendAttrs(r, &st, err)
}

// lstat answers LSTAT.
func (s *Server) lstat(r *request) error {
	path, err := r.onePath()
	var st unix.Stat_t
	if err == nil {
		err = statAt(unix.AT_FDCWD, path, &st, unix.AT_SYMLINK_NOFOLLOW)
	}
	return s.sendAttrs(r, &st, err)
}

// fstat answers FSTAT.
func (s *Server) fstat(r *request) error {
	h, _, err := s.file(r)
	var st unix.Stat_t
	if err == nil {
		err = statFile(h.fd, &st)
	}
	return s.sendAttrs(r, &st, err)
}

// setstat answers SETSTAT.
func (s *Server) setstat(r *request) error { return s.setPath(r, true) }

// lsetstat answers lsetstat@openssh.com: SETSTAT of a link itself.
func (s *Server) lsetstat(r *request) error { return s.setPath(r, false) }

func (s *Server) setPath(r *request, follow bool) error {
	path, a := r.path(), r.attrs()
	if r.bad {
		return statusBadMessage
	}
	return done(a.set(target{fd: -1, path: path, follow: follow}))
}

// fsetstat answers FSETSTAT.
func (s *Server) fsetstat(r *request) error {
	h, _, err := s.file(r)
	a := r.attrs()
	if err != nil || r.bad {
		return err
	}
	return done(a.set(target{fd: h.fd}))
}

// remove answers REMOVE.
func (s *Server) remove(r *request) error {
	path, err := r.onePath()
	if err == nil {
		err = unix.Unlink(path)
	}
	return done(err)
}

// rename answers RENAME, which of this version of the protocol replaces nothing
// (draft section 6.5).
func (s *Server) rename(r *request) error {
	from, to, err := r.twoPaths()
	if err != nil {
		return err
	}
	err = unix.Renameat2(unix.AT_FDCWD, from, unix.AT_FDCWD, to, unix.RENAME_NOREPLACE)
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOSYS) { // a file system that can't (rename(2))
		err = renameByLink(from, to)
	}
	return done(err)
}

// renameByLink is rename for files on file systems without RENAME_NOREPLACE:
// link(2) doesn't replace either.
func renameByLink(from, to string) error {
	if err := unix.Link(from, to); err != nil {
		return err
	}
	return unix.Unlink(from)
}

// posixRename answers posix-rename@openssh.com: rename(2).
func (s *Server) posixRename(r *request) error {
	from, to, err := r.twoPaths()
	if err == nil {
		err = unix.Rename(from, to)
	}
	return done(err)
}

// hardlink answers hardlink@openssh.com.
func (s *Server) hardlink(r *request) error {
	from, to, err := r.twoPaths()
	if err == nil {
		err = unix.Link(from, to)
	}
	return done(err)
}

// symlink answers SYMLINK. What the link holds comes first, other than the draft
// says: PROTOCOL of OpenSSH section 4.1, which all clients follow.
func (s *Server) symlink(r *request) error {
	holds, at, err := r.twoPaths()
	if err == nil {
		err = unix.Symlink(holds, at)
	}
	return done(err)
}

// readlink answers READLINK.
func (s *Server) readlink(r *request) error {
	path, err := r.onePath()
	if err != nil {
		return err
	}
	holds, err := readlink(path)
	if err != nil {
		return err
	}
	s.out.name(r.id, holds)
	return nil
}

// readlink reads what a link holds; the kernel allows no more than a path.
func readlink(path string) (string, error) {
	var b [maxPath]byte
	n, err := unix.Readlink(path, b[:])
	if err != nil {
		return "", err
	}
	return string(b[:n]), nil
}
