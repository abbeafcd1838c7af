package pid1

import (
	"github.com/jailsh/jailsh/jail/disposition"
	"golang.org/x/sys/unix"
)

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
	return disposition.Default(func(s unix.Signal, _ bool) bool { return s != unix.SIGURG })
}
