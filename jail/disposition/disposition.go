// Package disposition sets what signals do to the calling process back to their
// defaults (signal(7), "Signal dispositions"), unknown to the Go runtime. It is for
// jailsh-init: before execve, for what was ignored by whoever started jailshd; and
// after it, for the handlers that the runtime has set.
package disposition

import (
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	last   = 64
	sigIgn = 1 // SIG_IGN
)

// sigaction is the kernel's struct for rt_sigaction(2) on 64-bit machines. All
// zero it is SIG_DFL.
type sigaction struct {
	handler, flags, restorer, mask uintptr
}

// Default sets each signal to its default of which which says so.
func Default(which func(s unix.Signal, ignored bool) bool) error {
	for s := unix.Signal(1); s <= last; s++ {
		if s == unix.SIGKILL || s == unix.SIGSTOP { // are always
			continue
		}
		var now, dfl sigaction
		if err := rtSigaction(s, nil, &now); err != nil {
			return err
		}
		if !which(s, now.handler == sigIgn) {
			continue
		}
		if err := rtSigaction(s, &dfl, nil); err != nil {
			return err
		}
	}
	return nil
}

func rtSigaction(s unix.Signal, set, get *sigaction) error {
	_, _, errno := unix.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(s), uintptr(unsafe.Pointer(set)), uintptr(unsafe.Pointer(get)), last/8, 0, 0)
	if errno != 0 {
		return os.NewSyscallError("rt_sigaction", errno)
	}
	return nil
}
