package sftp

import (
	"errors"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

const (
	// someNames is how many entries of a folder are read at once.
	someNames = 64

	// fullNames is when a NAME is sent: clients take packets of 34000 bytes, as
	// draft section 3 asks of them.
	fullNames = 24 << 10
)

// opendir answers OPENDIR.
func (s *Server) opendir(r *request) error {
	path := r.path()
	if r.bad {
		return statusBadMessage
	}
	fd, err := openFile(path, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	return s.opened(r, &handle{fd: fd, folder: os.NewFile(uintptr(fd), path), path: path})
}

// readdir answers READDIR with the next entries: with . and .. first, which Go
// leaves out, and sftp-server doesn't.
func (s *Server) readdir(r *request) error {
	h, _, err := s.folder(r)
	if err != nil {
		return err
	}
	s.out.begin(typeName, r.id)
	at := len(s.out.buf)
	s.out.u32(0)
	count := uint32(0)
	if !h.begun {
		h.begun = true
		count += s.entry(h.fd, ".") + s.entry(h.fd, "..")
	}
	for len(s.out.buf)-at < fullNames {
		names, err := h.folder.Readdirnames(someNames)
		for _, name := range names {
			count += s.entry(h.fd, name)
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
	}
	if count == 0 {
		return statusEOF
	}
	s.out.setCount(at, count)
	s.out.end()
	return nil
}

// entry adds an entry of a folder, unless it is gone since its name was read.
func (s *Server) entry(folder int, name string) uint32 {
	var st unix.Stat_t
	if statAt(folder, name, &st, unix.AT_SYMLINK_NOFOLLOW) != nil {
		return 0
	}
	s.out.str(name)
	s.out.str(s.longName(name, &st))
	s.out.attrs(attrsOf(&st))
	return 1
}

// mkdir answers MKDIR.
func (s *Server) mkdir(r *request) error {
	path, a := r.path(), r.attrs()
	if r.bad {
		return statusBadMessage
	}
	mode := uint32(0o777)
	if a.flags&attrPermissions != 0 {
		mode = a.mode & permissions
	}
	return done(unix.Mkdir(path, mode))
}

// rmdir answers RMDIR.
func (s *Server) rmdir(r *request) error {
	path := r.path()
	if r.bad {
		return statusBadMessage
	}
	return done(unix.Rmdir(path))
}
