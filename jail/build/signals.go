package build

import (
	"github.com/jailsh/jailsh/jail/disposition"
	"golang.org/x/sys/unix"
)

// resetSignals gives the user's processes a clean start: a SIGHUP that jailshd's
// own starter ignored must not be ignored by every shell (signal(7), execve(2)),
// and none is blocked. Signals with a handler get their default by execve itself.
func (j *jail) resetSignals() error {
	if err := disposition.Default(func(_ unix.Signal, ignored bool) bool { return ignored }); err != nil {
		return err
	}
	return call("sigprocmask", unix.PthreadSigmask(unix.SIG_SETMASK, &unix.Sigset_t{}, nil))
}
