package sftp

import (
	"errors"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The system calls of small requests go to the kernel directly. Announced to the
// scheduler, as those of package unix are, each would keep the runtime's monitor
// looking for one that blocks, every 20 µs, and hand the one goroutine there is to
// another thread when it has found one. While a call lasts nobody else could run
// here anyway.

// fileCall is a call whose first argument is a descriptor.
func fileCall(number uintptr, fd int, a unsafe.Pointer, b, c uintptr) (int, error) {
	for {
		n, _, errno := unix.RawSyscall6(number, uintptr(fd), uintptr(a), b, c, 0, 0)
		if errno == 0 {
			return int(n), nil
		}
		if !errors.Is(errno, unix.EINTR) {
			return 0, errno
		}
	}
}

// pathCall is one of those that take a folder's descriptor and a path.
func pathCall(number uintptr, folder int, path string, a unsafe.Pointer, b, c uintptr) (int, error) {
	name, err := unix.BytePtrFromString(path)
	if err != nil {
		return 0, err
	}
	for {
		n, _, errno := unix.RawSyscall6(number, uintptr(folder), uintptr(unsafe.Pointer(name)), uintptr(a), b, c, 0)
		if errno == 0 {
			return int(n), nil
		}
		if !errors.Is(errno, unix.EINTR) {
			return 0, errno
		}
	}
}

// openFile is open(2).
func openFile(path string, flags int, mode uint32) (int, error) {
	name, err := unix.BytePtrFromString(path)
	if err != nil {
		return -1, err
	}
	at := unix.AT_FDCWD
	for {
		fd, _, errno := unix.RawSyscall6(unix.SYS_OPENAT, uintptr(at), uintptr(unsafe.Pointer(name)), uintptr(flags), uintptr(mode), 0, 0)
		if errno == 0 {
			return int(fd), nil
		}
		if !errors.Is(errno, unix.EINTR) {
			return -1, errno
		}
	}
}

// closeFile is close(2), which is never tried again: the descriptor is free even
// if it was interrupted.
func closeFile(fd int) error {
	if _, _, errno := unix.RawSyscall(unix.SYS_CLOSE, uintptr(fd), 0, 0); errno != 0 && !errors.Is(errno, unix.EINTR) {
		return errno
	}
	return nil
}

// pread is pread(2) of at most len(b) bytes.
func pread(fd int, b []byte, offset uint64) (int, error) {
	if offset > maxOffset {
		return 0, statusEOF
	}
	return fileCall(unix.SYS_PREAD64, fd, unsafe.Pointer(unsafe.SliceData(b)), uintptr(len(b)), uintptr(offset))
}

// pwrite is pwrite(2) of all of b. What could be written before an error is told.
// On a file that is open for appending the kernel ignores the place, as the
// protocol wants.
func pwrite(fd int, b []byte, offset uint64) (int, error) {
	written := 0
	for written < len(b) {
		if offset > maxOffset {
			return written, unix.EFBIG
		}
		n, err := fileCall(unix.SYS_PWRITE64, fd, unsafe.Pointer(&b[written]), uintptr(len(b)-written), uintptr(offset))
		if err != nil {
			return written, err
		}
		written += n
		offset += uint64(n)
	}
	return written, nil
}

// maxOffset is the largest place in a file, off_t's.
const maxOffset = 1<<63 - 1

// statFile is fstat(2).
func statFile(fd int, st *unix.Stat_t) error {
	_, err := fileCall(unix.SYS_FSTAT, fd, unsafe.Pointer(st), 0, 0)
	return err
}

// statAt is fstatat(2).
func statAt(folder int, path string, st *unix.Stat_t, flags int) error {
	_, err := pathCall(unix.SYS_NEWFSTATAT, folder, path, unsafe.Pointer(st), uintptr(flags), 0)
	return err
}
