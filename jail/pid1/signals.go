package pid1

import (
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

const numSignals = 64

// sigaction is the kernel's struct for rt_sigaction(2) on 64-bit machines. All
// zero it is SIG_DFL.
type sigaction struct {
	handler, flags, restorer, mask uintptr
}

// dropSignals takes the Go runtime's handlers away. What a process of a PID
// namespace sends to its PID 1 is dropped by the kernel unless PID 1 has a handler
// for it (pid_namespaces(7)), and so nothing that the user sends ends or disturbs
// it: neither a SIGTERM, nor a SIGSEGV that the runtime would take for a fault of
// its own, whichever way it was sent. A fault that is real still ends it. They
// are defaults, not ignored: an ignored signal would stay ignored in every shell.
//
// SIGURG is kept, with which the scheduler interrupts its own threads, and which
// does no more than that.
func dropSignals() error {
	var dfl sigaction
	for s := uintptr(1); s <= numSignals; s++ {
		switch unix.Signal(s) {
		case unix.SIGURG, unix.SIGKILL, unix.SIGSTOP:
			continue
		}
		if _, _, errno := unix.RawSyscall6(unix.SYS_RT_SIGACTION, s, uintptr(unsafe.Pointer(&dfl)), 0, numSignals/8, 0, 0); errno != 0 {
			return os.NewSyscallError("rt_sigaction", errno)
		}
	}
	return nil
}
