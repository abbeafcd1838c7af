package pid1

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"syscall"
	"time"

	"github.com/jailsh/jailsh/internal/wire"
	"golang.org/x/sys/unix"
)

// LimitedArg is the first argument of a jailsh-init that sets a limit and becomes
// the user's program.
const LimitedArg = "limited"

// self is the program that PID 1 runs. It is no file of the jail's, and can't be
// written to (package jail, Program).
const self = "/proc/self/exe"

// lastSecond is between SIGXCPU, which says that the time is over, and SIGKILL.
const lastSecond = 1

// limited is what has to be executed for a program to start with the limit of
// processor time. PID 1 can't have it itself and pass it on: after a month of
// logins it would be killed for it. And a limit that is set when the program runs
// already comes too late for what it has forked.
func limited(l *wire.Limits, program string, argv []string) (string, []string) {
	if l.CPUTime <= 0 {
		return program, argv
	}
	seconds := max(1, int64(l.CPUTime/time.Second))
	return self, append([]string{"jailsh-init", LimitedArg, strconv.FormatInt(seconds, 10), program}, argv...)
}

// Limited sets the limit and executes the program: args are the seconds, the path
// of the program and its arguments. It returns only on an error.
func Limited(args []string) error {
	if len(args) < 3 {
		return errors.New("limited: SECONDS PROGRAM ARG... are missing")
	}
	seconds, err := strconv.ParseUint(args[0], 10, 32)
	if err != nil {
		return fmt.Errorf("limited: %w", err)
	}
	if err := unix.Setrlimit(unix.RLIMIT_CPU, &unix.Rlimit{Cur: seconds, Max: seconds + lastSecond}); err != nil {
		return fmt.Errorf("setrlimit cpu to %d: %w", seconds, err)
	}
	return &os.PathError{Op: "start", Path: args[1], Err: syscall.Exec(args[1], args[2:], os.Environ())}
}
