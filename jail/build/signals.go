package build

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	sigIgn  = 1
	numSigs = 64
)

// sigaction is the kernel's struct for rt_sigaction(2) on 64-bit machines; only
// handler is looked at.
type sigaction struct {
	handler, flags, restorer, mask uintptr
}

// resetIgnored sets each ignored signal to its default and unblocks all. Signals
// with a handler get their default by execve itself.
func resetIgnored() error {
	for sig := uintptr(1); sig <= numSigs; sig++ {
		if sig == uintptr(unix.SIGKILL) || sig == uintptr(unix.SIGSTOP) {
			continue
		}
		var now, dfl sigaction
		if _, _, errno := unix.RawSyscall6(unix.SYS_RT_SIGACTION, sig, 0, uintptr(unsafe.Pointer(&now)), numSigs/8, 0, 0); errno != 0 {
			return call("rt_sigaction", errno)
		}
		if now.handler != sigIgn {
			continue
		}
		if _, _, errno := unix.RawSyscall6(unix.SYS_RT_SIGACTION, sig, uintptr(unsafe.Pointer(&dfl)), 0, numSigs/8, 0, 0); errno != 0 {
			return call("rt_sigaction", errno)
		}
	}
	return call("sigprocmask", unix.PthreadSigmask(unix.SIG_SETMASK, &unix.Sigset_t{}, nil))
}
