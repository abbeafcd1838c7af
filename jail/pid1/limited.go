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
// already comes too late for what it has forked. It may add to attr.Files.
func limited(l *wire.Limits, p *program, attr *syscall.ProcAttr) (string, []string) {
	if l.CPUTime <= 0 {
		return p.path, p.argv
	}
	path := p.path
	if p.file != nil { // of PID 1's descriptors only those in attr.Files reach it
		path = descriptor(uintptr(len(attr.Files)))
		attr.Files = append(attr.Files, p.file.Fd()) //nolint:forbidigo // a file, which can't block
	}
	seconds := max(1, int64(l.CPUTime/time.Second))
	return self, append([]string{"jailsh-init", LimitedArg, strconv.FormatInt(seconds, 10), path}, p.argv...)
}

// firstExtra is the first descriptor after the standard three.
const firstExtra = 3

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
	// The program's own descriptor, if it came by one.
	if err := unix.CloseRange(firstExtra, ^uint(0), unix.CLOSE_RANGE_CLOEXEC); err != nil {
		return os.NewSyscallError("close_range", err)
	}
	return &os.PathError{Op: "start", Path: args[1], Err: syscall.Exec(args[1], args[2:], os.Environ())}
}
