package sftp

import (
	"time"

	"golang.org/x/sys/unix"
)

// openMode is that of a new file for which the client names none, less the umask.
const openMode = 0o666

// open answers OPEN. It never waits: a named pipe that nobody else has open would
// keep the server from seeing that the client is gone.
func (s *Server) open(r *request) error {
	path, bits, a := r.path(), r.u32(), r.attrs()
	if r.bad {
		return statusBadMessage
	}
	flags, write := openFlags(bits)
	if s.options.ReadOnly && (write || bits&(openCreate|openTrunc) != 0) {
		return statusDenied
	}
	mode := uint32(openMode)
	if a.flags&attrPermissions != 0 {
		mode = a.mode & permissions
	}
	fd, err := openFile(path, flags|unix.O_CLOEXEC|unix.O_NOCTTY|unix.O_NONBLOCK, mode)
	if err != nil {
		return err
	}
	h := &handle{fd: fd, path: path, write: write}
	if s.report != nil {
		h.opened = time.Now()
	}
	return s.opened(r, h)
}

func openFlags(bits uint32) (flags int, write bool) {
	switch bits & (openRead | openWrite) {
	case openRead | openWrite:
		flags, write = unix.O_RDWR, true
	case openWrite:
		flags, write = unix.O_WRONLY, true
	}
	for _, f := range [...]struct {
		bit  uint32
		flag int
	}{{openAppend, unix.O_APPEND}, {openCreate, unix.O_CREAT}, {openTrunc, unix.O_TRUNC}, {openExcl, unix.O_EXCL}} {
		if bits&f.bit != 0 {
			flags |= f.flag
		}
	}
	return flags, write
}

// opened answers with a handle, which is closed again if it is one too many.
func (s *Server) opened(r *request, h *handle) error {
	place, ok := s.handles.add(h)
	if !ok {
		_ = h.close() // nothing was done with it
		return unix.EMFILE
	}
	s.out.begin(typeHandle, r.id)
	s.out.u32(4)
	s.out.u32(place)
	s.out.end()
	return nil
}

// closeHandle answers CLOSE.
func (s *Server) closeHandle(r *request) error {
	name := r.bytes(maxPacket)
	if r.bad {
		return statusBadMessage
	}
	h, place := s.handles.get(name)
	if h == nil {
		return statusFailure
	}
	s.handles.remove(place)
	err := h.close()
	s.report.transfer(h, false)
	return done(err)
}

// read answers READ, with less than was asked for where the file has no more. The
// data goes from the file to where it is sent from.
func (s *Server) read(r *request) error {
	h, _, err := s.file(r)
	offset, n := r.u64(), min(r.u32(), maxData)
	if err != nil || r.bad {
		return err
	}
	s.out.begin(typeData, r.id)
	s.out.u32(n)
	from := len(s.out.buf)
	s.out.grow(int(n))
	got, err := pread(h.fd, s.out.buf[from:from+int(n)], offset)
	switch {
	case err != nil:
		return err
	case got == 0 && n > 0:
		return statusEOF
	}
	h.read += uint64(got)
	s.out.buf = s.out.buf[:from+got]
	s.out.setCount(from-4, uint32(got))
	s.out.end()
	return nil
}

// write answers WRITE. What could be written of it before an error stays, as with
// write(2).
func (s *Server) write(r *request) error {
	h, _, err := s.file(r)
	offset, data := r.u64(), r.bytes(maxPacket)
	if err != nil || r.bad {
		return err
	}
	n, err := pwrite(h.fd, data, offset)
	h.written += uint64(n)
	if err != nil {
		return err
	}
	return errDone
}

// fsync answers fsync@openssh.com.
func (s *Server) fsync(r *request) error {
	h, _, err := s.file(r)
	if err != nil {
		return err
	}
	return done(unix.Fsync(h.fd))
}

// done is what a verb returns whose answer is a status.
func done(err error) error {
	if err != nil {
		return err
	}
	return errDone
}
