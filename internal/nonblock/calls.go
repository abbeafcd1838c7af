package nonblock

import (
	"errors"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Read is read(2). At the end it returns 0 without an error.
func Read(fd int, b []byte) (int, error) {
	defer taken(fd)
	return transfer(unix.SYS_READ, fd, b)
}

// Write is write(2); fewer bytes than len(b) may be written.
func Write(fd int, b []byte) (int, error) {
	written()
	return transfer(unix.SYS_WRITE, fd, b)
}

func transfer(number uintptr, fd int, b []byte) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	for {
		n, _, errno := unix.RawSyscall(number, uintptr(fd), uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)))
		if errno == 0 {
			return int(n), nil
		}
		if !errors.Is(errno, unix.EINTR) {
			return 0, errno
		}
	}
}

// Writev is writev(2) of two parts; fewer bytes than both have may be written.
func Writev(fd int, first, second []byte) (int, error) {
	if len(first) == 0 {
		return Write(fd, second)
	}
	if len(second) == 0 {
		return Write(fd, first)
	}
	written()
	vectors := [2]unix.Iovec{{Base: &first[0]}, {Base: &second[0]}}
	vectors[0].SetLen(len(first))
	vectors[1].SetLen(len(second))
	for {
		n, _, errno := unix.RawSyscall(unix.SYS_WRITEV, uintptr(fd), uintptr(unsafe.Pointer(&vectors[0])), uintptr(len(vectors)))
		if errno == 0 {
			return int(n), nil
		}
		if !errors.Is(errno, unix.EINTR) {
			return 0, errno
		}
	}
}

// Sendmsg is sendmsg(2) of one packet that consists of parts, with control
// messages (cmsg(3)) unless oob is empty. It raises no SIGPIPE.
func Sendmsg(fd int, parts [][]byte, oob []byte) error {
	var vectors [4]unix.Iovec
	if len(parts) > len(vectors) {
		return unix.EMSGSIZE
	}
	message := unix.Msghdr{Iov: &vectors[0]}
	message.SetIovlen(len(parts))
	for i, part := range parts {
		if len(part) > 0 {
			vectors[i].Base = &part[0]
		}
		vectors[i].SetLen(len(part))
	}
	if len(oob) > 0 {
		message.Control = &oob[0]
		message.SetControllen(len(oob))
	}
	written()
	_, err := call(unix.SYS_SENDMSG, fd, &message, unix.MSG_NOSIGNAL|unix.MSG_DONTWAIT)
	return err
}

// Recvmsg is recvmsg(2). Descriptors that come along are close-on-exec. It
// returns the lengths of what was put into b and oob, and the flags, of which
// MSG_TRUNC and MSG_CTRUNC say that something was too long.
func Recvmsg(fd int, b, oob []byte, flags int) (n, oobn, recvFlags int, err error) {
	if len(b) == 0 {
		return 0, 0, 0, unix.EINVAL
	}
	vector := unix.Iovec{Base: &b[0]}
	vector.SetLen(len(b))
	message := unix.Msghdr{Iov: &vector}
	message.SetIovlen(1)
	if len(oob) > 0 {
		message.Control = &oob[0]
		message.SetControllen(len(oob))
	}
	n, err = call(unix.SYS_RECVMSG, fd, &message, flags|unix.MSG_DONTWAIT|unix.MSG_CMSG_CLOEXEC)
	taken(fd)
	return n, int(message.Controllen), int(message.Flags), err
}

func call(number uintptr, fd int, m *unix.Msghdr, flags int) (int, error) {
	for {
		n, _, errno := unix.RawSyscall(number, uintptr(fd), uintptr(unsafe.Pointer(m)), uintptr(flags))
		if errno == 0 {
			return int(n), nil
		}
		if !errors.Is(errno, unix.EINTR) {
			return 0, errno
		}
	}
}
