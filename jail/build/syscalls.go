package build

import (
	"github.com/jailsh/jailsh/internal/seccomp"
	"golang.org/x/sys/unix"
)

// lastSyscall is the highest number that this table was made with in view. What
// a newer kernel adds doesn't exist in a jail until somebody has looked at it.
const lastSyscall = unix.SYS_RSEQ_SLICE_YIELD

// The two answers. EPERM is what the kernel itself says to somebody without the
// right; programs tell their user. ENOSYS is what a kernel says that was built
// without the call; programs that know an older way take it.
const (
	eperm  = unix.EPERM
	enosys = unix.ENOSYS
)

// denied are the system calls that nobody in a jail can make. Most of them a
// user without capabilities could only fail at; they are here because each is
// kernel code that somebody hostile doesn't need to reach, and because the next
// hole in a check for capabilities shouldn't be one in every jail.
//
// Not here, on purpose: ptrace. The kernel lets a user trace what she could
// signal, what is dumpable and in her PID namespace: in a jail that is her own
// processes without PID 1, and debuggers need it. Since Linux 4.8 a tracer can't
// change a call behind the filter. Nor seccomp and Landlock, with which programs
// confine themselves; nor chmod to setuid, which every mount of a jail ignores.
var denied = []seccomp.Denial{
	{
		Why: "the jail's mounts are made; code for mounts is for root, and has had holes for others (CVE-2022-0185)",
		Calls: []uint32{
			unix.SYS_MOUNT, unix.SYS_UMOUNT2, unix.SYS_PIVOT_ROOT, unix.SYS_CHROOT, unix.SYS_OPEN_TREE, unix.SYS_OPEN_TREE_ATTR,
			unix.SYS_MOVE_MOUNT, unix.SYS_FSOPEN, unix.SYS_FSCONFIG, unix.SYS_FSMOUNT, unix.SYS_FSPICK, unix.SYS_MOUNT_SETATTR,
		},
		Errno: eperm,
	},
	{
		Why:   "what is mounted and which namespaces there are: /proc/self tells of her own, as before Linux 6.8",
		Calls: []uint32{unix.SYS_STATMOUNT, unix.SYS_LISTMOUNT, unix.SYS_LISTNS},
		Errno: enosys,
	},
	{
		Why:   "a user namespace makes her root over code that was written for root; most local holes of the last years begin there",
		Calls: []uint32{unix.SYS_UNSHARE, unix.SYS_SETNS},
		Errno: eperm,
	},
	{
		Why:   "the same by clone; CLONE_NEWTIME is none of its flags",
		Calls: []uint32{unix.SYS_CLONE},
		When:  []seccomp.Condition{{Arg: 0, Mask: newNamespaces, Values: []uint32{0}, Not: true}},
		Errno: eperm,
	},
	{
		Why:   "its flags are in memory, where a filter can't look; libc and Go take clone instead",
		Calls: []uint32{unix.SYS_CLONE3},
		Errno: enosys,
	},
	{
		Why: "parts of the kernel whose size and age have cost them many holes, and that programs do without",
		Calls: []uint32{
			unix.SYS_IO_URING_SETUP, unix.SYS_IO_URING_ENTER, unix.SYS_IO_URING_REGISTER, unix.SYS_USERFAULTFD,
		},
		Errno: enosys,
	},
	{
		Why:   "programs in the kernel, and its counters, which see other users' work",
		Calls: []uint32{unix.SYS_BPF, unix.SYS_PERF_EVENT_OPEN},
		Errno: eperm,
	},
	{
		Why:   "keys aren't kept apart by a namespace: those of her uid are reachable from elsewhere, and count for it",
		Calls: []uint32{unix.SYS_ADD_KEY, unix.SYS_REQUEST_KEY, unix.SYS_KEYCTL},
		Errno: enosys,
	},
	{
		Why: "the machine: its kernel, its swap, its clock, its name, its accounting",
		Calls: []uint32{
			unix.SYS_KEXEC_LOAD, unix.SYS_KEXEC_FILE_LOAD, unix.SYS_INIT_MODULE, unix.SYS_FINIT_MODULE, unix.SYS_DELETE_MODULE,
			unix.SYS_REBOOT, unix.SYS_SWAPON, unix.SYS_SWAPOFF, unix.SYS_ACCT, unix.SYS_QUOTACTL, unix.SYS_QUOTACTL_FD,
			unix.SYS_SETTIMEOFDAY, unix.SYS_CLOCK_SETTIME, unix.SYS_ADJTIMEX, unix.SYS_CLOCK_ADJTIME,
			unix.SYS_SETHOSTNAME, unix.SYS_SETDOMAINNAME, unix.SYS_VHANGUP,
		},
		Errno: eperm,
	},
	{
		Why:   "the kernel's log: addresses, devices, other people's crashes",
		Calls: []uint32{unix.SYS_SYSLOG},
		Errno: eperm,
	},
	{
		Why:   "a file by its inode, past every folder above it: the way out of containers called shocker",
		Calls: []uint32{unix.SYS_OPEN_BY_HANDLE_AT, unix.SYS_NAME_TO_HANDLE_AT},
		Errno: eperm,
	},
	{
		Why:   "marks on whole file systems, which are the host's; inotify is there",
		Calls: []uint32{unix.SYS_FANOTIFY_INIT, unix.SYS_FANOTIFY_MARK},
		Errno: eperm,
	},
	{
		Why: "another process's memory and descriptors without ptrace's stops; debuggers fall back to ptrace",
		Calls: []uint32{
			unix.SYS_PROCESS_VM_READV, unix.SYS_PROCESS_VM_WRITEV, unix.SYS_PROCESS_MADVISE, unix.SYS_PIDFD_GETFD, unix.SYS_KCMP,
		},
		Errno: enosys,
	},
	{
		Why: "which memory is on which node: a kernel without NUMA answers so, and libnuma believes it",
		Calls: []uint32{
			unix.SYS_MBIND, unix.SYS_SET_MEMPOLICY, unix.SYS_GET_MEMPOLICY, unix.SYS_SET_MEMPOLICY_HOME_NODE,
			unix.SYS_MIGRATE_PAGES, unix.SYS_MOVE_PAGES,
		},
		Errno: enosys,
	},
	{
		Why:   "which pages of a file are in memory, and so what others read: until Linux 6.13 of any file that she can open",
		Calls: []uint32{unix.SYS_CACHESTAT},
		Errno: enosys,
	},
	{
		Why:   "gone from Linux, or used by nobody",
		Calls: []uint32{unix.SYS_LOOKUP_DCOOKIE, unix.SYS_NFSSERVCTL, unix.SYS_LSM_SET_SELF_ATTR},
		Errno: enosys,
	},
	{
		Why:   "beyond PER_LINUX32, UNAME26 and ADDR_NO_RANDOMIZE (gdb) it takes away protections: READ_IMPLIES_EXEC, MMAP_PAGE_ZERO; -1 asks",
		Calls: []uint32{unix.SYS_PERSONALITY},
		When: []seccomp.Condition{
			{Arg: 0, Values: []uint32{0xffffffff}, Not: true},
			{Arg: 0, Mask: ^uint32(perLinux32 | uname26 | addrNoRandomize), Values: []uint32{0}, Not: true},
		},
		Errno: eperm,
	},
	{
		Why:   "typing for somebody else (CVE-2017-5226, CVE-2019-10063, CVE-2023-28100), and other drivers for a line: loaded by being asked for, and full of holes (CVE-2017-2636, CVE-2023-6546)",
		Calls: []uint32{unix.SYS_IOCTL},
		When:  []seccomp.Condition{{Arg: 1, Values: []uint32{unix.TIOCSTI, unix.TIOCLINUX, unix.TIOCSETD, unix.TIOCCONS}}},
		Errno: eperm,
	},
	{
		Why:   "a file's owner can give it to another project, and so fill the disk past her quota",
		Calls: []uint32{unix.SYS_IOCTL},
		When:  []seccomp.Condition{{Arg: 1, Values: []uint32{fsIocFssetxattr, unix.FS_IOC_SETFLAGS}}},
		Errno: eperm,
	},
	{
		Why:   "the same by a call of its own (Linux 6.17)",
		Calls: []uint32{unix.SYS_FILE_SETATTR},
		Errno: enosys,
	},
	{
		// Errno 0: it seems to work, since programs that keep secrets (ssh-agent, gpg)
		// ask for 0, and give up when they don't get it.
		Why:   "the limit of core files stays at 1: with 0 the kernel would run the host's program for crashes on her memory, as root (CVE-2025-4598, CVE-2025-5054)",
		Calls: []uint32{unix.SYS_SETRLIMIT},
		When:  []seccomp.Condition{{Arg: 0, Values: []uint32{unix.RLIMIT_CORE}}},
	},
	{
		Why:   "the same; without a new limit it only asks",
		Calls: []uint32{unix.SYS_PRLIMIT64},
		When: []seccomp.Condition{
			{Arg: 1, Values: []uint32{unix.RLIMIT_CORE}},
			{Arg: 2, Values: []uint32{0}, Not: true},
		},
	},
	{
		Why:   "the same, whatever its address is",
		Calls: []uint32{unix.SYS_PRLIMIT64},
		When: []seccomp.Condition{
			{Arg: 1, Values: []uint32{unix.RLIMIT_CORE}},
			{Arg: 2, High: true, Values: []uint32{0}, Not: true},
		},
	},
	{
		Why:   "a device is the host's; pipes and sockets can be made",
		Calls: []uint32{unix.SYS_MKNODAT},
		When:  []seccomp.Condition{{Arg: 2, Mask: unix.S_IFMT, Values: []uint32{unix.S_IFCHR, unix.S_IFBLK}}},
		Errno: eperm,
	},
	{
		Why:   "vsock reaches the machine's own host past every namespace; packet, alg, tipc, rds and the like are loaded by being asked for, and rarely looked at",
		Calls: []uint32{unix.SYS_SOCKET},
		When:  []seccomp.Condition{{Arg: 0, Values: []uint32{unix.AF_UNIX, unix.AF_INET, unix.AF_INET6, unix.AF_NETLINK}, Not: true}},
		Errno: unix.EAFNOSUPPORT,
	},
	{
		Why:   "of netlink, libc asks for addresses and routes",
		Calls: []uint32{unix.SYS_SOCKET},
		When: []seccomp.Condition{
			{Arg: 0, Values: []uint32{unix.AF_NETLINK}},
			{Arg: 2, Values: []uint32{unix.NETLINK_ROUTE}, Not: true},
		},
		Errno: unix.EPROTONOSUPPORT,
	},
	{
		Why:   "raw sockets are for root",
		Calls: []uint32{unix.SYS_SOCKET},
		When:  []seccomp.Condition{{Arg: 0, Values: []uint32{unix.AF_INET, unix.AF_INET6}}, {Arg: 1, Mask: sockTypeMask, Values: []uint32{unix.SOCK_RAW}}},
		Errno: eperm,
	},
	{
		Why:   "streams and datagrams; SOCK_PACKET is another name for packet sockets, SOCK_SEQPACKET for SCTP, SOCK_DCCP for DCCP (CVE-2017-6074)",
		Calls: []uint32{unix.SYS_SOCKET},
		When: []seccomp.Condition{{Arg: 0, Values: []uint32{unix.AF_INET, unix.AF_INET6}}, {
			Arg: 1, Mask: sockTypeMask, Values: []uint32{unix.SOCK_STREAM, unix.SOCK_DGRAM}, Not: true,
		}},
		Errno: unix.ESOCKTNOSUPPORT,
	},
	{
		Why:   "TCP, UDP and echo; SCTP, L2TP, SMC and the like are loaded by being asked for. Without MPTCP programs take TCP",
		Calls: []uint32{unix.SYS_SOCKET},
		When: []seccomp.Condition{{Arg: 0, Values: []uint32{unix.AF_INET, unix.AF_INET6}}, {
			Arg: 2, Not: true,
			Values: []uint32{unix.IPPROTO_IP, unix.IPPROTO_TCP, unix.IPPROTO_UDP, unix.IPPROTO_ICMP, unix.IPPROTO_ICMPV6},
		}},
		Errno: unix.EPROTONOSUPPORT,
	},
	{
		Why:   "the same families; of these the kernel makes pairs of unix sockets only",
		Calls: []uint32{unix.SYS_SOCKETPAIR},
		When:  []seccomp.Condition{{Arg: 0, Values: []uint32{unix.AF_UNIX}, Not: true}},
		Errno: unix.EOPNOTSUPP,
	},
}

// newNamespaces are the flags of clone(2) that make namespaces. CLONE_NEWTIME
// has the place of the signal there, and counts in unshare and clone3 only.
const newNamespaces = unix.CLONE_NEWNS | unix.CLONE_NEWCGROUP | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC |
	unix.CLONE_NEWUSER | unix.CLONE_NEWPID | unix.CLONE_NEWNET

// What x/sys doesn't name: <linux/personality.h>, <linux/fs.h>, <linux/net.h>.
const (
	perLinux32      = 0x0008
	uname26         = 0x0020000
	addrNoRandomize = 0x0040000
	fsIocFssetxattr = 0x401c5820
	sockTypeMask    = 0xf
)
