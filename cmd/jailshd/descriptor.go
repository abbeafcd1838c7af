package main

import (
	"os"
	"syscall"

	"github.com/jailsh/jailsh/internal/wire"
	"golang.org/x/sys/unix"
)

// closeAll doesn't wait: what a hostile jailsh-net sent may be slow to close.
func closeAll(files []*os.File) { (&wire.Packet{Files: files}).Close() }

// duplicate returns another descriptor of the same open file.
func duplicate(f *os.File) (*os.File, error) {
	raw, err := f.SyscallConn() // Fd would make the file blocking
	if err != nil {
		return nil, err
	}
	return duplicateRaw(raw, f.Name())
}

func duplicateRaw(raw syscall.RawConn, name string) (*os.File, error) {
	fd := -1
	var dupErr error
	if err := raw.Control(func(old uintptr) { fd, dupErr = unix.FcntlInt(old, unix.F_DUPFD_CLOEXEC, 0) }); err != nil {
		return nil, err
	}
	if dupErr != nil {
		return nil, os.NewSyscallError("fcntl(F_DUPFD_CLOEXEC)", dupErr)
	}
	return os.NewFile(uintptr(fd), name), nil
}
