package build

import (
	"fmt"
	"math"

	"golang.org/x/sys/unix"
)

// noLimit is RLIM_INFINITY (getrlimit(2)).
const noLimit = math.MaxUint64

// noCore keeps a crash from writing what a program knew into a file, and from being
// handed to a program of the host's: where kernel.core_pattern is a pipe the limit
// isn't looked at (core(5)), but for this value, with which the kernel runs nothing
// (fs/coredump.c). A file can't be as small. The filter of system calls keeps it
// there.
const noCore = 1

// limit sets what each process may use up, hard and soft alike: without a
// capability nobody can raise it again. RLIMIT_CPU isn't among them: it would
// count, and end, PID 1 too (pid1.Limited).
func (j *jail) limit() error {
	l := j.spec.Limits
	fileSize := uint64(noLimit)
	if l.FileSize > 0 {
		fileSize = uint64(l.FileSize)
	}
	set := []struct {
		name     string
		resource int
		value    uint64
	}{
		{"core", unix.RLIMIT_CORE, noCore},
		// jailshd's own may have been started with rights to more.
		{"nice", unix.RLIMIT_NICE, 0},
		{"rtprio", unix.RLIMIT_RTPRIO, 0},
		{"fsize", unix.RLIMIT_FSIZE, fileSize},
	}
	for _, s := range set {
		if err := setLimit(s.resource, s.value); err != nil {
			return fmt.Errorf("setrlimit %s to %d: %w", s.name, s.value, err)
		}
	}
	if l.OpenFiles > 0 {
		if err := setLimit(unix.RLIMIT_NOFILE, uint64(l.OpenFiles)); err != nil {
			return fmt.Errorf("setrlimit nofile to %d: %w - lower open_files, or raise LimitNOFILE of jailshd's unit and the sysctl fs.nr_open", l.OpenFiles, err)
		}
	}
	return call("setpriority", resetNice())
}

func setLimit(resource int, value uint64) error {
	return unix.Setrlimit(resource, &unix.Rlimit{Cur: value, Max: value})
}

// resetNice takes back a higher priority that jailshd may have.
func resetNice() error {
	got, err := unix.Getpriority(unix.PRIO_PROCESS, 0)
	if err != nil || 20-got >= 0 { // the call itself, unlike libc's, returns 20 less the nice value
		return err
	}
	return unix.Setpriority(unix.PRIO_PROCESS, 0, 0)
}
