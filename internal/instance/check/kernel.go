package check

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/jailsh/jailsh/internal/landlock"
	"github.com/jailsh/jailsh/internal/strict"
	"github.com/jailsh/jailsh/internal/thread"
	"golang.org/x/sys/unix"
)

// namespaces are those that every cell is cloned into (namespaces(7)). The name
// is that of /proc/self/ns and of /proc/sys/user/max_NAME_namespaces.
var namespaces = []struct {
	name, option string
	flag         int
}{
	{"mnt", "CONFIG_NAMESPACES", unix.CLONE_NEWNS},
	{"pid", "CONFIG_PID_NS", unix.CLONE_NEWPID},
	{"ipc", "CONFIG_IPC_NS", unix.CLONE_NEWIPC},
	{"uts", "CONFIG_UTS_NS", unix.CLONE_NEWUTS},
	{"net", "CONFIG_NET_NS", unix.CLONE_NEWNET},
	{"cgroup", "CONFIG_CGROUPS", unix.CLONE_NEWCGROUP},
}

// calls are the system calls that build a jail and came to Linux late.
var calls = []struct {
	name  string
	nr    uintptr
	since string
}{
	{"open_tree", unix.SYS_OPEN_TREE, "5.2"},
	{"move_mount", unix.SYS_MOVE_MOUNT, "5.2"},
	{"fsopen", unix.SYS_FSOPEN, "5.2"},
	{"pidfd_open", unix.SYS_PIDFD_OPEN, "5.3"},
	{"openat2", unix.SYS_OPENAT2, "5.6"},
	{"close_range", unix.SYS_CLOSE_RANGE, "5.9"},
	{"mount_setattr", unix.SYS_MOUNT_SETATTR, "5.12"},
}

// kernel is where the answers come from: this host, or a test.
type kernel struct {
	proc    string // where proc(5) is mounted
	root    bool
	probe   func(nr uintptr) unix.Errno
	unshare func(flags int) error
	// landlock tells the version of landlock(7), 0 for none.
	landlock func() int
}

// host is the kernel that runs.
func host() kernel {
	return kernel{proc: "/proc", root: os.Geteuid() == 0, probe: probe, unshare: unshare, landlock: landlock.Version}
}

// Kernel names what a jail needs of this kernel and doesn't get: each with what
// the administrator can do about it. As root it also tries, since a container
// may forbid what the kernel has.
func Kernel() strict.Problems {
	return host().problems()
}

func (k kernel) problems() strict.Problems {
	var found strict.Problems
	add := func(where, what, fix string) {
		found = append(found, &strict.Problem{File: where, What: what, Fix: fix})
	}
	if !k.root {
		add("process", fmt.Sprintf("runs as uid %d: only root can make jails", os.Geteuid()), "use sudo")
	}
	for _, ns := range namespaces {
		if _, err := os.Stat(filepath.Join(k.proc, "self/ns", ns.name)); err != nil {
			add("kernel", fmt.Sprintf("has no %s namespaces: %v", ns.name, err), "boot one that was built with "+ns.option)
			continue
		}
		limit := filepath.Join(k.proc, "sys/user/max_"+ns.name+"_namespaces")
		if b, err := os.ReadFile(limit); err == nil && strings.TrimSpace(string(b)) == "0" {
			add(limit, "is 0: no jail can have a "+ns.name+" namespace", "run: sysctl -w user.max_"+ns.name+"_namespaces=10000")
		}
	}
	for _, c := range calls {
		if k.probe(c.nr) == unix.ENOSYS {
			add("kernel", "has no "+c.name+"(2)", "boot Linux "+c.since+" or newer; Debian 12 and Ubuntu 22.04 have it")
		}
	}
	actions := filepath.Join(k.proc, "sys/kernel/seccomp/actions_avail")
	if b, err := os.ReadFile(actions); err != nil || !strings.Contains(string(b), "errno") {
		add("kernel", "has no seccomp filters", "boot one that was built with CONFIG_SECCOMP_FILTER")
	}
	if len(found) > 0 {
		return found
	}
	for _, ns := range namespaces {
		if err := k.unshare(ns.flag); err != nil {
			add("kernel", fmt.Sprintf("refuses a %s namespace: unshare: %v", ns.name, err),
				"run jailshd outside of containers, or in one that has CAP_SYS_ADMIN and no seccomp or AppArmor profile")
		}
	}
	return found
}

// probe makes a system call with arguments that no version of it accepts, and
// that name no memory.
func probe(nr uintptr) unix.Errno {
	const bad = ^uintptr(0)
	_, _, errno := unix.RawSyscall6(nr, bad, bad, bad, bad, bad, bad)
	return errno
}

// unshare makes the namespaces on a thread that ends with them.
func unshare(flags int) error {
	return thread.Apart(func() error { return unix.Unshare(flags) })
}
