package nonblock

import (
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// These ask or tell the kernel something about a descriptor. They never wait,
// whether it is non-blocking or not.

// SetsockoptInt is setsockopt(2) of an option that is an int.
func SetsockoptInt(fd, level, option, value int) error {
	v := int32(value)
	_, _, errno := unix.RawSyscall6(unix.SYS_SETSOCKOPT, uintptr(fd), uintptr(level), uintptr(option), uintptr(unsafe.Pointer(&v)), unsafe.Sizeof(v), 0)
	if errno != 0 {
		return errno
	}
	return nil
}

// GetsockoptInt is getsockopt(2) of an option that is an int.
func GetsockoptInt(fd, level, option int) (int, error) {
	var v int32
	size := uint32(unsafe.Sizeof(v))
	_, _, errno := unix.RawSyscall6(unix.SYS_GETSOCKOPT, uintptr(fd), uintptr(level), uintptr(option), uintptr(unsafe.Pointer(&v)), uintptr(unsafe.Pointer(&size)), 0)
	if errno != 0 {
		return 0, errno
	}
	return int(v), nil
}

// HungUp tells whether the other end of a socket is closed (POLLHUP, poll(2)).
func HungUp(fd int) bool {
	p := unix.PollFd{Fd: int32(fd)}
	var now unix.Timespec
	_, _, errno := unix.RawSyscall6(unix.SYS_PPOLL, uintptr(unsafe.Pointer(&p)), 1, uintptr(unsafe.Pointer(&now)), 0, 0, 0)
	return errno == 0 && p.Revents&unix.POLLHUP != 0
}

// Flags are the status flags of the file, F_GETFL of fcntl(2).
func Flags(fd int) (int, error) {
	flags, _, errno := unix.RawSyscall(unix.SYS_FCNTL, uintptr(fd), unix.F_GETFL, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(flags), nil
}

// Set makes fd non-blocking.
func Set(fd int) error {
	flags, err := Flags(fd)
	if err != nil || flags&unix.O_NONBLOCK != 0 {
		return err
	}
	if _, _, errno := unix.RawSyscall(unix.SYS_FCNTL, uintptr(fd), unix.F_SETFL, uintptr(flags|unix.O_NONBLOCK)); errno != 0 {
		return errno
	}
	return nil
}

// GrowPipe has a pipe hold size bytes, unless it holds as many (F_SETPIPE_SZ of fcntl(2)).
func GrowPipe(fd, size int) error {
	has, _, errno := unix.RawSyscall(unix.SYS_FCNTL, uintptr(fd), unix.F_GETPIPE_SZ, 0)
	if errno == 0 && int(has) < size {
		_, _, errno = unix.RawSyscall(unix.SYS_FCNTL, uintptr(fd), unix.F_SETPIPE_SZ, uintptr(size))
	}
	if errno != 0 {
		return errno
	}
	return nil
}

// Fstat is fstat(2), of what isn't on a file system that could keep it waiting: a
// pipe, a socket, a device.
func Fstat(fd int, st *unix.Stat_t) error {
	if _, _, errno := unix.RawSyscall(unix.SYS_FSTAT, uintptr(fd), uintptr(unsafe.Pointer(st)), 0); errno != 0 {
		return errno
	}
	return nil
}

// RTT is how long the kernel takes a round trip of a TCP connection to be;
// TCP_INFO of tcp(7). It is 0 if the kernel doesn't know.
func RTT(fd int) (time.Duration, error) {
	var info unix.TCPInfo
	size := uint32(unix.SizeofTCPInfo)
	_, _, errno := unix.RawSyscall6(unix.SYS_GETSOCKOPT, uintptr(fd), unix.IPPROTO_TCP, unix.TCP_INFO, uintptr(unsafe.Pointer(&info)), uintptr(unsafe.Pointer(&size)), 0)
	if errno != 0 {
		return 0, errno
	}
	return time.Duration(info.Rtt) * time.Microsecond, nil
}
