package main

import (
	"github.com/jailsh/jailsh/internal/seccomp"
	"golang.org/x/sys/unix"
)

// syscalls is all that jailsh-net may ask of the kernel: what the Go runtime
// needs, and what is done with descriptors that others gave it. It can't make a
// socket, open a file, start a program or signal anybody. The most frequent come
// first.
var syscalls = []seccomp.Rule{
	{Number: unix.SYS_FUTEX},
	{Number: unix.SYS_READ},
	{Number: unix.SYS_WRITE},
	{Number: unix.SYS_WRITEV},
	{Number: unix.SYS_EPOLL_PWAIT},
	{Number: unix.SYS_NANOSLEEP},
	{Number: unix.SYS_RT_SIGRETURN},
	{Number: unix.SYS_TGKILL},
	{Number: unix.SYS_GETPID},
	{Number: unix.SYS_RECVMSG},
	{Number: unix.SYS_SENDMSG},
	// On the listeners too, which outlive this process: nothing that could spoil
	// them for the next one, as a filter would, or a lingering close.
	{Number: unix.SYS_SETSOCKOPT, Arg: 2, Values: []uint32{
		unix.TCP_QUICKACK, unix.TCP_NODELAY, unix.SO_KEEPALIVE, unix.TCP_KEEPIDLE, unix.TCP_KEEPINTVL, unix.TCP_KEEPCNT,
	}},
	{Number: unix.SYS_ACCEPT4},
	{Number: unix.SYS_EPOLL_CTL},
	{Number: unix.SYS_CLOSE},
	// The size of a terminal; that a descriptor is a terminal's master; whether it echoes.
	{Number: unix.SYS_IOCTL, Arg: 1, Values: []uint32{unix.TIOCSWINSZ, unix.TIOCGPTN, unix.TCGETS}},
	{Number: unix.SYS_FCNTL},
	{Number: unix.SYS_FSTAT},
	{Number: unix.SYS_GETSOCKOPT},
	{Number: unix.SYS_GETSOCKNAME},
	// The end of one direction of a forward. It does nothing to a listener.
	{Number: unix.SYS_SHUTDOWN, Arg: 1, Values: []uint32{unix.SHUT_WR}},
	{Number: unix.SYS_GETRANDOM},
	{Number: unix.SYS_SCHED_YIELD},
	{Number: unix.SYS_MADVISE},
	// Memory, but none that can be executed.
	{Number: unix.SYS_MMAP, Arg: 2, Mask: unix.PROT_EXEC, Values: []uint32{0}},
	{Number: unix.SYS_MPROTECT, Arg: 2, Mask: unix.PROT_EXEC, Values: []uint32{0}},
	{Number: unix.SYS_MUNMAP},
	{Number: unix.SYS_RT_SIGPROCMASK},
	{Number: unix.SYS_RT_SIGACTION},
	{Number: unix.SYS_SIGALTSTACK},
	{Number: unix.SYS_GETTID},
	// A thread, never a process.
	{Number: unix.SYS_CLONE, Arg: 0, Mask: unix.CLONE_THREAD, Values: []uint32{unix.CLONE_THREAD}},
	{Number: unix.SYS_SCHED_GETAFFINITY},
	{Number: unix.SYS_CLOCK_GETTIME},
	{Number: unix.SYS_CLOCK_NANOSLEEP},
	{Number: unix.SYS_PPOLL},
	{Number: unix.SYS_EPOLL_CREATE1},
	{Number: unix.SYS_EVENTFD2},
	{Number: unix.SYS_PIPE2},
	{Number: unix.SYS_RESTART_SYSCALL},
	{Number: unix.SYS_EXIT},
	{Number: unix.SYS_EXIT_GROUP},
}
