package sftp

import (
	"errors"
	"io"
	"unsafe"

	"github.com/jailsh/jailsh/internal/nonblock"
	"golang.org/x/sys/unix"
)

// pipe is one of the two descriptors that lead to the client. It is non-blocking,
// and waited for here, not by the runtime's poller: there is one goroutine, so
// nobody else could run meanwhile, and each answer would wait for two threads to
// wake each other.
type pipe struct{ fd int }

// patience is how long a wait isn't announced to the scheduler, in milliseconds.
// Announcing costs more than answering a request; but a wait that isn't, keeps the
// runtime's monitor awake.
const patience = 5

// newPipe makes fd non-blocking, and as large as the user may have it: with each
// fill of the usual 64 KiB the two processes would have to change places.
func newPipe(fd int) (pipe, error) {
	const size = 1 << 20                                       // fs.pipe-max-size, pipe(7)
	_, _ = unix.FcntlInt(uintptr(fd), unix.F_SETPIPE_SZ, size) // no pipe, or too many of hers: slower, and as good
	return pipe{fd}, nonblock.Set(fd)
}

func (p pipe) Read(b []byte) (int, error) {
	for {
		n, err := nonblock.Read(p.fd, b)
		switch {
		case err == nil && n == 0:
			return 0, io.EOF
		case !errors.Is(err, unix.EAGAIN):
			return n, err
		}
		if err := p.wait(unix.POLLIN); err != nil {
			return 0, err
		}
	}
}

func (p pipe) Write(b []byte) (int, error) {
	written := 0
	for written < len(b) {
		n, err := nonblock.Write(p.fd, b[written:])
		written += n
		if err == nil {
			continue
		}
		if errors.Is(err, unix.EAGAIN) {
			err = p.wait(unix.POLLOUT)
		}
		if err != nil {
			return written, err
		}
	}
	return written, nil
}

// gone tells whether nobody has the other end of a pipe any more.
func (p pipe) gone() bool {
	fds := []unix.PollFd{{Fd: int32(p.fd)}}
	n, err := unix.Poll(fds, 0)
	return err == nil && n > 0 && fds[0].Revents&(unix.POLLHUP|unix.POLLERR) != 0
}

// wait waits for an event. A pipe whose other end is gone is ready.
func (p pipe) wait(event int16) error {
	fds := []unix.PollFd{{Fd: int32(p.fd), Events: event}}
	short := unix.Timespec{Nsec: patience * 1e6}
	n, _, errno := unix.RawSyscall6(unix.SYS_PPOLL, uintptr(unsafe.Pointer(&fds[0])), 1, uintptr(unsafe.Pointer(&short)), 0, 0, 0)
	if errno == 0 && n > 0 {
		return nil
	}
	for {
		if _, err := unix.Poll(fds, -1); !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}
