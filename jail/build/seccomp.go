package build

import (
	"fmt"
	"slices"

	"github.com/jailsh/jailsh/internal/seccomp"
	"golang.org/x/sys/unix"
)

// writeFilter takes longer than what the kernel then makes of the filter.
func (j *jail) writeFilter() error {
	j.filter = Filter()
	return nil
}

// filterCalls loads the filter of system calls on this thread, which executes
// PID 1, and makes sure that it is there: calls that it denies must get its
// answer, which is another one than the kernel's.
func (j *jail) filterCalls() error {
	if err := seccomp.LoadThread(j.filter); err != nil {
		return err
	}
	for _, a := range filtered {
		if _, _, errno := unix.RawSyscall(a.call, a.args[0], a.args[1], a.args[2]); errno != a.want {
			return fmt.Errorf("%s answered %q instead of %q", a.name, errno, a.want)
		}
	}
	return nil
}

// Filter is the jail's filter of system calls.
func Filter() []unix.SockFilter {
	return seccomp.Deny(lastSyscall, slices.Concat(denied, deniedHere))
}

// readImpliesExec is of <linux/personality.h>.
const readImpliesExec = 0x0400000

// garbage is above what the kernel looks at of a 32-bit argument.
const garbage = 0xdead_beef << 32

// filtered have arguments for which the kernel, without the filter, has another
// answer, or makes the call and harms nobody but this process, which then ends.
var filtered = []struct {
	name string
	call uintptr
	args [3]uintptr
	want unix.Errno
}{
	{"unshare(CLONE_NEWUSER)", unix.SYS_UNSHARE, [3]uintptr{unix.CLONE_NEWUSER}, unix.EPERM},
	{"clone3", unix.SYS_CLONE3, [3]uintptr{0, 0}, unix.ENOSYS},
	{"keyctl", unix.SYS_KEYCTL, [3]uintptr{^uintptr(0)}, unix.ENOSYS},
	{"prlimit(CORE)", unix.SYS_PRLIMIT64, [3]uintptr{0, unix.RLIMIT_CORE, ^uintptr(0)}, 0},
	{"ioctl(TIOCSTI)", unix.SYS_IOCTL, [3]uintptr{^uintptr(0), unix.TIOCSTI | garbage}, unix.EPERM},
	{"socket(AF_VSOCK)", unix.SYS_SOCKET, [3]uintptr{unix.AF_VSOCK | garbage, ^uintptr(0)}, unix.EAFNOSUPPORT},
	{"personality(READ_IMPLIES_EXEC)", unix.SYS_PERSONALITY, [3]uintptr{readImpliesExec}, unix.EPERM},
}
