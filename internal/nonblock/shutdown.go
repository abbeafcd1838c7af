package nonblock

import "golang.org/x/sys/unix"

// EndWrite is shutdown(2) with SHUT_WR: whoever reads at the other end of the
// socket gets end of file, and may go on writing.
func EndWrite(fd int) error {
	if _, _, errno := unix.RawSyscall(unix.SYS_SHUTDOWN, uintptr(fd), unix.SHUT_WR, 0); errno != 0 {
		return errno
	}
	return nil
}
