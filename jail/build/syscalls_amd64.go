package build

import (
	"github.com/jailsh/jailsh/internal/seccomp"
	"golang.org/x/sys/unix"
)

// deniedHere are the calls that only this architecture has.
var deniedHere = []seccomp.Denial{
	{
		Why:   "ports of the machine's devices",
		Calls: []uint32{unix.SYS_IOPL, unix.SYS_IOPERM},
		Errno: eperm,
	},
	{
		Why:   "segments for 16-bit programs, which nothing else needs (CVE-2014-8133, CVE-2015-5157)",
		Calls: []uint32{unix.SYS_MODIFY_LDT},
		Errno: enosys,
	},
	{
		Why: "gone from Linux, or used by nobody",
		Calls: []uint32{
			unix.SYS_CREATE_MODULE, unix.SYS_GET_KERNEL_SYMS, unix.SYS_QUERY_MODULE, unix.SYS_USELIB, unix.SYS_USTAT,
			unix.SYS_SYSFS, unix.SYS__SYSCTL, unix.SYS_GETPMSG, unix.SYS_PUTPMSG, unix.SYS_AFS_SYSCALL, unix.SYS_TUXCALL,
			unix.SYS_SECURITY, unix.SYS_EPOLL_CTL_OLD, unix.SYS_EPOLL_WAIT_OLD, unix.SYS_VSERVER,
		},
		Errno: enosys,
	},
	{
		Why:   "a device is the host's; pipes and sockets can be made",
		Calls: []uint32{unix.SYS_MKNOD},
		When:  []seccomp.Condition{{Arg: 1, Mask: unix.S_IFMT, Values: []uint32{unix.S_IFCHR, unix.S_IFBLK}}},
		Errno: eperm,
	},
}
