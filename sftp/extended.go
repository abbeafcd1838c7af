package sftp

import (
	"encoding/binary"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// limits answers limits@openssh.com: OpenSSH's client takes its packets' sizes
// from it.
func (s *Server) limits(r *request) error {
	s.out.begin(typeExtendedReply, r.id)
	s.out.u64(maxPacket)
	s.out.u64(maxData)
	s.out.u64(maxData)
	s.out.u64(uint64(s.handles.most))
	s.out.end()
	return nil
}

// statvfs answers statvfs@openssh.com.
func (s *Server) statvfs(r *request) error {
	path, err := r.onePath()
	var fs unix.Statfs_t
	if err == nil {
		err = unix.Statfs(path, &fs)
	}
	return s.sendStatvfs(r, &fs, err)
}

// fstatvfs answers fstatvfs@openssh.com.
func (s *Server) fstatvfs(r *request) error {
	h, _, err := s.file(r)
	var fs unix.Statfs_t
	if err == nil {
		err = unix.Fstatfs(h.fd, &fs)
	}
	return s.sendStatvfs(r, &fs, err)
}

// Bits of f_flag that the protocol has.
const (
	vfsReadOnly = 1
	vfsNoSUID   = 2
)

func (s *Server) sendStatvfs(r *request, fs *unix.Statfs_t, err error) error {
	if err != nil {
		return err
	}
	var flags uint64
	if fs.Flags&unix.ST_RDONLY != 0 {
		flags |= vfsReadOnly
	}
	if fs.Flags&unix.ST_NOSUID != 0 {
		flags |= vfsNoSUID
	}
	id := uint64(uint32(fs.Fsid.Val[0])) | uint64(uint32(fs.Fsid.Val[1]))<<32
	s.out.begin(typeExtendedReply, r.id)
	for _, v := range [...]uint64{
		uint64(fs.Bsize), uint64(fs.Frsize), fs.Blocks, fs.Bfree, fs.Bavail, fs.Files, fs.Ffree, fs.Ffree, id, flags, uint64(fs.Namelen),
	} {
		s.out.u64(v)
	}
	s.out.end()
	return nil
}

// expandPath answers expand-path@openssh.com: realpath of a path that may begin
// with ~ or ~USER. As with sftp-server, ~ is where the server has started, which
// Start may have set; it never changes its folder.
func (s *Server) expandPath(r *request) error {
	path, err := r.onePath()
	if err != nil {
		return err
	}
	if rest, tilde := strings.CutPrefix(path, "~"); tilde {
		name, below, _ := strings.Cut(rest, "/")
		path = "./" + below
		if name != "" {
			home := s.accounts.home(name)
			if home == "" {
				return statusNoSuchFile
			}
			path = home + "/" + below
		}
	}
	return s.sendReal(r, path)
}

// homeDirectory answers home-directory: of a user by name, or of this one.
func (s *Server) homeDirectory(r *request) error {
	name, err := r.onePath()
	if err != nil {
		return err
	}
	home := s.home
	if name != "" {
		home = s.accounts.home(name)
	}
	if home == "" {
		return statusNoSuchFile
	}
	s.out.name(r.id, home)
	return nil
}

// usersGroupsByID answers users-groups-by-id@openssh.com: names of numbers, empty
// for those that have none.
func (s *Server) usersGroupsByID(r *request) error {
	users, groups := r.bytes(4*maxIDs), r.bytes(4*maxIDs)
	if r.bad {
		return statusBadMessage
	}
	s.accounts.load()
	s.out.begin(typeExtendedReply, r.id)
	s.names(s.accounts.users, users)
	s.names(s.accounts.groups, groups)
	s.out.end()
	return nil
}

// names adds a string that holds one string for each number.
func (s *Server) names(names map[uint32]string, ids []byte) {
	at := len(s.out.buf)
	s.out.u32(0)
	for ; len(ids) >= 4; ids = ids[4:] {
		s.out.str(names[binary.BigEndian.Uint32(ids)])
	}
	s.out.setCount(at, uint32(len(s.out.buf)-at-4))
}

// copyChunk is how much copy-data copies between two looks at whether the client
// is still there.
const copyChunk = 4 << 20

// copyData answers copy-data, draft-ietf-secsh-filexfer-extensions-00 section 7.
func (s *Server) copyData(r *request) error {
	from, _, err := s.file(r)
	if err != nil {
		return err
	}
	offset, n := r.u64(), r.u64()
	to, _, err := s.file(r)
	at := r.u64()
	if err != nil || r.bad {
		return err
	}
	if sameFile(from.fd, to.fd) {
		return statusFailure // it would never end, or overwrite what is to be read
	}
	if n == 0 {
		n = maxOffset // to the end
	}
	for n > 0 && !s.gone() {
		done, err := s.copy(from, to, offset, at, int(min(n, copyChunk)))
		if err != nil {
			return err
		}
		if done == 0 {
			return errDone
		}
		offset, at, n = offset+uint64(done), at+uint64(done), n-uint64(done)
	}
	return errDone
}

// copy copies some, by way of the place where replies are made: no more is used
// than for a READ.
func (s *Server) copy(from, to *handle, offset, at uint64, most int) (int, error) {
	buf := make([]byte, min(most, maxData))
	copied := 0
	for copied < most {
		n, err := pread(from.fd, buf[:min(len(buf), most-copied)], offset+uint64(copied))
		if err != nil || n == 0 {
			return copied, err
		}
		from.read += uint64(n)
		n, err = pwrite(to.fd, buf[:n], at+uint64(copied))
		copied += n
		to.written += uint64(n)
		if err != nil {
			return copied, err
		}
	}
	return copied, nil
}

func sameFile(a, b int) bool {
	var one, other unix.Stat_t
	if unix.Fstat(a, &one) != nil || unix.Fstat(b, &other) != nil {
		return true
	}
	return one.Dev == other.Dev && one.Ino == other.Ino
}

// user is who the server runs as, by name.
func (s *Server) user() string { return s.accounts.user(uint32(os.Getuid())) }
