package seccomp

import (
	"fmt"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// LoadAllThreads applies the filter to every thread of the process, for good.
// no_new_privs must be set on the calling thread; the kernel sets it on the
// others (SECCOMP_FILTER_FLAG_TSYNC).
func LoadAllThreads(prog []unix.SockFilter) error {
	return set(prog, unix.SECCOMP_FILTER_FLAG_TSYNC)
}

// LoadThread applies the filter to the calling thread, for good, and to what it
// executes. no_new_privs must be set, and the thread locked.
func LoadThread(prog []unix.SockFilter) error { return set(prog, 0) }

// set loads a filter. SECCOMP_FILTER_FLAG_SPEC_ALLOW isn't among the flags:
// before Linux 5.16 a filter switches on what keeps a process from being spied
// on by its neighbours on the same core, which costs something and is worth it
// where neighbours are strangers. Newer kernels don't tie the two together.
func set(prog []unix.SockFilter, flags uintptr) error {
	if err := check(prog); err != nil {
		return err
	}
	fprog := unix.SockFprog{Len: uint16(len(prog)), Filter: &prog[0]}
	thread, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, flags, uintptr(unsafe.Pointer(&fprog)))
	runtime.KeepAlive(prog)
	if errno != 0 {
		return fmt.Errorf("seccomp: %w - use a kernel with CONFIG_SECCOMP_FILTER", errno)
	}
	if thread != 0 {
		return fmt.Errorf("seccomp: thread %d can't take the filter", thread)
	}
	return nil
}
