package main

import (
	"errors"
	"fmt"
	"os"
	"unsafe"

	"github.com/jailsh/jailsh/jail/identity"
	"golang.org/x/sys/unix"
)

// confine takes everything away from the process that the network doesn't need
// to be served, and executes the program again. jailshd has cloned it into
// namespaces of its own, so the network namespace has no way out either: the
// listeners come over the socket, and nothing can be dialled.
func confine(who identity.Identity, largest uint64) error {
	self, err := unix.Open("/proc/self/exe", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("open the own program: %w", err)
	}
	for _, s := range []struct {
		name string
		do   func() error
	}{
		{"empty root", emptyRoot},
		{"descriptors", func() error { return unix.CloseRange(broker+1, ^uint(0), unix.CLOSE_RANGE_CLOEXEC) }},
		// What it is given to write to are recordings, which may get no larger.
		{"limit", func() error { return unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: largest, Max: largest}) }},
		{"identity", func() error { return identity.Drop(who) }},
		{"verify", func() error { return errors.Join(identity.Verify(who), verifyEmpty()) }},
		{"exec", func() error { return execute(self) }},
	} {
		if err := s.do(); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
	}
	return nil
}

// emptyRoot makes an empty, read-only tmpfs the root of the mount namespace.
func emptyRoot() error {
	const stage = "/tmp" // any folder does: the mount is seen by this process only
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("mount(/, MS_PRIVATE): %w", err)
	}
	flags := uintptr(unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC | unix.MS_RDONLY)
	if err := unix.Mount("none", stage, "tmpfs", flags, "mode=0555,size=4k,nr_inodes=1"); err != nil {
		return fmt.Errorf("mount tmpfs: %w", err)
	}
	if err := unix.Chdir(stage); err != nil {
		return err
	}
	if err := unix.PivotRoot(".", "."); err != nil {
		return fmt.Errorf("pivot_root: %w", err)
	}
	if err := unix.Unmount(".", unix.MNT_DETACH); err != nil {
		return fmt.Errorf("umount: %w", err)
	}
	return unix.Chdir("/")
}

func verifyEmpty() error {
	entries, err := os.ReadDir("/")
	if err != nil {
		return err
	}
	if len(entries) != 0 {
		return fmt.Errorf("the root folder holds %s", entries[0].Name())
	}
	if err := unix.Mkdir("/verify", 0o700); err == nil {
		return errors.New("the root folder can be written to")
	}
	return nil
}

// execute runs the program again from its descriptor: there is no /proc and no
// file any more. What is left open is the standard three and the broker's socket.
func execute(self int) error {
	if _, err := unix.FcntlInt(broker, unix.F_SETFD, 0); err != nil {
		return err
	}
	empty, argv0, argv1 := []byte{0}, []byte("jailsh-net\x00"), []byte(serving+"\x00")
	argv := []*byte{&argv0[0], &argv1[0], nil}
	envp := []*byte{nil}
	_, _, errno := unix.RawSyscall6(unix.SYS_EXECVEAT, uintptr(self), uintptr(unsafe.Pointer(&empty[0])),
		uintptr(unsafe.Pointer(&argv[0])), uintptr(unsafe.Pointer(&envp[0])), unix.AT_EMPTY_PATH, 0)
	return os.NewSyscallError("execveat", errno)
}
