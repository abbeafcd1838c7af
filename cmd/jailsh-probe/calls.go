package main

import (
	"slices"

	"golang.org/x/sys/unix"
)

// none is -1, as a descriptor or a process.
const none = ^uintptr(0)

// badNanoseconds is no time of day in any unit.
const badNanoseconds = 2_000_000_000

// callGroups are calls by themselves. What their arguments are is chosen so that
// nothing happens, and so that the kernel, if it is asked, complains about them.
func callGroups() []callGroup {
	return slices.Concat([]callGroup{
		{"io-uring", "io_uring_setup(2): system calls past the filter (CVE-2021-41073, CVE-2022-29582)", func(*memory) []systemCall {
			return []systemCall{
				{"io_uring_setup", unix.SYS_IO_URING_SETUP, nil},
				{"io_uring_enter", unix.SYS_IO_URING_ENTER, []uintptr{none, 1}},
				{"io_uring_register", unix.SYS_IO_URING_REGISTER, []uintptr{none}},
			}
		}},
		{"bpf", "bpf(2): programs in the kernel (CVE-2020-8835, CVE-2021-3490)", func(m *memory) []systemCall {
			return []systemCall{
				{"bpf(BPF_MAP_CREATE)", unix.SYS_BPF, []uintptr{0, m.words(0), 8}},
				{"bpf(BPF_PROG_LOAD)", unix.SYS_BPF, []uintptr{5, m.words(0), 8}},
			}
		}},
		{"perf", "perf_event_open(2) (CVE-2013-2094)", func(m *memory) []systemCall {
			return []systemCall{
				{"perf_event_open of nothing", unix.SYS_PERF_EVENT_OPEN, []uintptr{0, 0, none, none, 0}},
				// type PERF_TYPE_SOFTWARE, size 64, of oneself, without the kernel: what
				// perf_event_paranoid = 2 lets anybody do.
				{"perf_event_open", unix.SYS_PERF_EVENT_OPEN, []uintptr{m.words(1|64<<32, 0, 0, 0, 0, 1<<5|1<<6), 0, none, none, 8}},
			}
		}},
		{"userfaultfd", "userfaultfd(2): stop the kernel in the middle of a copy", func(*memory) []systemCall {
			return []systemCall{{"userfaultfd", unix.SYS_USERFAULTFD, []uintptr{1 | 1<<20}}} // UFFD_USER_MODE_ONLY and an unknown flag
		}},
		{"keyrings", "add_key(2), request_key, keyctl (CVE-2016-0728)", func(m *memory) []systemCall {
			word := m.text("probe")
			return []systemCall{
				{"add_key", unix.SYS_ADD_KEY, []uintptr{m.text("user"), word, word, 5, ^uintptr(1)}}, // KEY_SPEC_PROCESS_KEYRING
				{"request_key", unix.SYS_REQUEST_KEY, []uintptr{m.text("user"), m.text("nothing of the kind")}},
				{"keyctl", unix.SYS_KEYCTL, []uintptr{unix.KEYCTL_GET_KEYRING_ID, ^uintptr(0)}},
				{"keyctl join", unix.SYS_KEYCTL, []uintptr{unix.KEYCTL_JOIN_SESSION_KEYRING, word}},
			}
		}},
		{"kexec", "kexec_load(2): another kernel", func(m *memory) []systemCall {
			return []systemCall{
				{"kexec_load", unix.SYS_KEXEC_LOAD, []uintptr{0, 1 << 20, 0, 1 << 10}},
				{"kexec_file_load", unix.SYS_KEXEC_FILE_LOAD, []uintptr{none, none, 0, 0, 1 << 20}},
			}
		}},
		{"kernel-modules", "init_module(2): code in the kernel", func(m *memory) []systemCall {
			return []systemCall{
				{"init_module", unix.SYS_INIT_MODULE, []uintptr{0, 0, m.text("")}},
				{"finit_module", unix.SYS_FINIT_MODULE, []uintptr{none, m.text(""), 0}},
				{"delete_module", unix.SYS_DELETE_MODULE, []uintptr{m.text("jailsh_probe_has_none"), unix.O_NONBLOCK}},
			}
		}},
		{"reboot", "reboot(2)", func(*memory) []systemCall {
			return []systemCall{{"reboot", unix.SYS_REBOOT, nil}} // without its magic numbers
		}},
		{"swap", "swapon(2)", func(*memory) []systemCall {
			return []systemCall{{"swapon", unix.SYS_SWAPON, nil}, {"swapoff", unix.SYS_SWAPOFF, nil}}
		}},
		{"accounting", "acct(2): a file that the kernel writes", func(m *memory) []systemCall {
			return []systemCall{{"acct", unix.SYS_ACCT, []uintptr{m.text("/nonexistent/probe")}}}
		}},
		{"quota", "quotactl(2)", func(m *memory) []systemCall {
			return []systemCall{
				{"quotactl", unix.SYS_QUOTACTL, []uintptr{0x7fffffff, m.text("/nonexistent")}},
				{"quotactl_fd", unix.SYS_QUOTACTL_FD, []uintptr{none}},
			}
		}},
		{"clock", "settimeofday(2), clock_settime, adjtimex", func(m *memory) []systemCall {
			bad := m.words(0, badNanoseconds)
			const setOffset = 0x0100 // ADJ_SETOFFSET, whose microseconds are looked at
			return []systemCall{
				{"settimeofday", unix.SYS_SETTIMEOFDAY, []uintptr{bad, 0}},
				{"clock_settime", unix.SYS_CLOCK_SETTIME, []uintptr{unix.CLOCK_REALTIME, bad}},
				{"adjtimex", unix.SYS_ADJTIMEX, []uintptr{m.words(setOffset, 0, 0, 0, 0, 0, 0, 0, 0, 0, badNanoseconds, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)}},
				{"clock_adjtime", unix.SYS_CLOCK_ADJTIME, []uintptr{none - 1}},
			}
		}},
		{"memory-policy", "mbind(2), set_mempolicy, migrate_pages, move_pages", func(*memory) []systemCall {
			return []systemCall{
				{"mbind", unix.SYS_MBIND, []uintptr{0, 0, 99}},
				{"set_mempolicy", unix.SYS_SET_MEMPOLICY, []uintptr{99}},
				{"migrate_pages", unix.SYS_MIGRATE_PAGES, []uintptr{none >> 1, 1, 1, 1}},
				{"move_pages", unix.SYS_MOVE_PAGES, []uintptr{none >> 1, 1, 1, 1, 1, 1 << 20}},
			}
		}},
		{"hangup", "vhangup(2)", func(*memory) []systemCall {
			return []systemCall{{"vhangup", unix.SYS_VHANGUP, nil}}
		}},
		{"ancient-calls", "lookup_dcookie, nfsservctl: gone from today's kernels, there in old ones", func(*memory) []systemCall {
			return []systemCall{{"lookup_dcookie", unix.SYS_LOOKUP_DCOOKIE, nil}, {"nfsservctl", unix.SYS_NFSSERVCTL, nil}}
		}},
		{"memory-of-others", "process_vm_readv(2), process_vm_writev, of whomever", func(*memory) []systemCall {
			return []systemCall{
				{"process_vm_readv", unix.SYS_PROCESS_VM_READV, []uintptr{pid(), 0, 0, 0, 0, 1}},
				{"process_vm_writev", unix.SYS_PROCESS_VM_WRITEV, []uintptr{pid(), 0, 0, 0, 0, 1}},
			}
		}},
		{"descriptors-of-others", "pidfd_getfd(2), kcmp, process_madvise", func(*memory) []systemCall {
			return []systemCall{
				{"pidfd_getfd", unix.SYS_PIDFD_GETFD, []uintptr{none, 0, 0}},
				{"kcmp", unix.SYS_KCMP, []uintptr{pid(), pid(), 99}},
				{"process_madvise", unix.SYS_PROCESS_MADVISE, []uintptr{none}},
			}
		}},
		{"file-marks", "fanotify_init(2): see what everybody does on a file system", func(*memory) []systemCall {
			return []systemCall{
				{"fanotify_init", unix.SYS_FANOTIFY_INIT, []uintptr{0x40000000}},
				{"fanotify_mark", unix.SYS_FANOTIFY_MARK, []uintptr{none}},
			}
		}},
		{"page-cache", "cachestat(2): which pages of a shared file are in memory", func(*memory) []systemCall {
			const cachestat = 451 // on every architecture
			return []systemCall{{"cachestat", cachestat, []uintptr{none, 0, 0, 0}}}
		}},
		{"mount-table-calls", "statmount(2), listmount: mounts past what /proc shows", func(*memory) []systemCall {
			const statmount, listmount = 457, 458 // on every architecture
			return []systemCall{{"statmount", statmount, nil}, {"listmount", listmount, nil}}
		}},
		{"root-calls", "chroot(2), pivot_root, umount2, asked for what isn't there", func(m *memory) []systemCall {
			nowhere := m.text("/nonexistent/probe")
			return []systemCall{
				{"chroot", unix.SYS_CHROOT, []uintptr{nowhere}},
				{"pivot_root", unix.SYS_PIVOT_ROOT, []uintptr{nowhere, nowhere}},
				{"umount2", unix.SYS_UMOUNT2, []uintptr{nowhere, 0}},
			}
		}},
	}, ownCallGroups())
}
