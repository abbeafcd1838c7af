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
	if err := check(prog); err != nil {
		return err
	}
	fprog := unix.SockFprog{Len: uint16(len(prog)), Filter: &prog[0]}
	thread, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER,
		unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&fprog)))
	runtime.KeepAlive(prog)
	if errno != 0 {
		return fmt.Errorf("seccomp: %w - use a kernel with CONFIG_SECCOMP_FILTER", errno)
	}
	if thread != 0 {
		return fmt.Errorf("seccomp: thread %d can't take the filter", thread)
	}
	return nil
}
