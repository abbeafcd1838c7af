package main

import (
	"errors"
	"os"
	"strconv"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

// limitAttacks want more than their share.
func limitAttacks() []attack {
	return []attack{
		{name: "raise-limits", what: "setrlimit(2): above the hard limit", try: raiseLimits},
		{name: "raise-priority", what: "setpriority(2), sched_setscheduler, ioprio_set: before others", try: raisePriority},
		{name: "oom-score", what: "proc_pid_oom_score_adj(5): be spared when memory is short", try: spareOOM},
		{name: "core-limit", what: "core(5): a crash is written to a file, or piped to a program that runs as root on the host (CVE-2025-4598, CVE-2025-5054)", try: coreLimit},
		{name: "many-terminals", what: "pts(4), kernel.pty.max: so many terminals that other jails get none", try: manyTerminals},
		{name: "unbounded-memory-files", what: "tmpfs(5): a file system in memory without an end", try: func(*probe) outcome {
			seen := 0
			for _, m := range mountTable() {
				var st unix.Statfs_t
				if m.Type != "tmpfs" || m.Has("ro") || unix.Statfs(m.Target, &st) != nil {
					continue
				}
				seen++
				if st.Blocks == 0 || st.Files == 0 {
					return broken("%s has %d blocks and %d inodes: no limit", m.Target, st.Blocks, st.Files)
				}
			}
			return held("%d have a size", seen)
		}},
		{name: "project-quota", what: "ioctl_fs(2), FS_IOC_FSSETXATTR: give one's files to another project, past the quota of the home", try: leaveProject},
		{name: "signal-dispositions", what: "signal(7): a signal that the launcher ignored or blocked, and every shell would", try: func(*probe) outcome {
			for line := range strings.Lines(textOf("/proc/self/status")) {
				name, value, _ := strings.Cut(line, ":")
				if (name == "SigIgn" || name == "SigBlk") && strings.Trim(value, "0\t\n") != "" {
					return broken("%s is %s", name, trim(value))
				}
			}
			return held("none is ignored or blocked")
		}},
	}
}

func itoa(n int) string { return strconv.Itoa(n) }

// raiseLimits tries each; one that is infinite needs no raise, and isn't tried.
func raiseLimits(p *probe) outcome {
	var all []outcome
	for resource := range 16 {
		var now unix.Rlimit
		if unix.Getrlimit(resource, &now) != nil || now.Max == unix.RLIM_INFINITY {
			continue
		}
		all = append(all, p.raise(0, resource, now))
	}
	return worst(all...)
}

// raise asks for more than a process, 0 for this one, has now. The limit of core
// files seems to follow, and stays.
func (p *probe) raise(pid, resource int, now unix.Rlimit) outcome {
	more := unix.Rlimit{Cur: now.Cur, Max: now.Max + 1}
	err := unix.Prlimit(pid, resource, &more, nil)
	var got unix.Rlimit
	if err == nil && unix.Prlimit(pid, resource, nil, &got) == nil && got == now {
		return held("limit %d: nothing came of it", resource)
	}
	if err == nil {
		_ = unix.Prlimit(pid, resource, &now, nil)
	}
	return p.refused("raise limit "+itoa(resource), err)
}

func raisePriority(p *probe) outcome {
	const (
		ioprioProcess  = 1
		ioprioRealtime = 1 << 13
		schedFIFO      = 1
	)
	priority := int32(1)
	_, _, fifo := unix.Syscall(unix.SYS_SCHED_SETSCHEDULER, 0, schedFIFO, uintptr(unsafe.Pointer(&priority)))
	_, _, io := unix.Syscall(unix.SYS_IOPRIO_SET, ioprioProcess, 0, ioprioRealtime)
	nice := unix.Setpriority(unix.PRIO_PROCESS, 0, -5)
	back := unix.Setpriority(unix.PRIO_PROCESS, 0, 10) // refused if the server's is lower still
	if back == nil {
		back = unix.Setpriority(unix.PRIO_PROCESS, 0, 0)
	}
	if errors.Is(back, unix.ENOSYS) {
		return absent("%v", back)
	}
	return worst(
		p.refused("a nice value of -5", nice), p.refused("nice back from 10 to 0", back),
		p.refused("SCHED_FIFO", errnoOf(fifo)), p.refused("a real-time I/O class", errnoOf(io)),
	)
}

func spareOOM(p *probe) outcome {
	const file = "/proc/self/oom_score_adj"
	now, err := strconv.Atoi(trim(textOf(file)))
	if err != nil {
		return held("%v", err)
	}
	if now < 0 {
		return broken("it is %d", now)
	}
	fd, err := unix.Open(file, unix.O_WRONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return p.refused("open", err)
	}
	_, err = unix.Write(fd, []byte("-1000"))
	if err == nil {
		_ = os.WriteFile(file, []byte(itoa(now)), 0)
	}
	return p.refused("write -1000", err)
}

// leaveProject sets what a file has already: enough to be let or not.
func leaveProject(p *probe) outcome {
	const fsGetXattr, fsSetXattr = 0x801c581f, 0x401c5820
	fd, err := unix.Open(p.home, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return held("open %s: %v", p.home, err)
	}
	defer func() { _ = unix.Close(fd) }()
	var attr [28]byte // struct fsxattr
	if err := ioctl(fd, fsGetXattr, uintptr(unsafe.Pointer(&attr))); err != nil {
		return absent("the file system has none: %v", err)
	}
	var flags int32
	all := []outcome{p.refused("FS_IOC_FSSETXATTR", ioctl(fd, fsSetXattr, uintptr(unsafe.Pointer(&attr))))}
	if ioctl(fd, unix.FS_IOC_GETFLAGS, uintptr(unsafe.Pointer(&flags))) == nil {
		all = append(all, p.refused("FS_IOC_SETFLAGS", ioctl(fd, unix.FS_IOC_SETFLAGS, uintptr(unsafe.Pointer(&flags)))))
	}
	return worst(all...)
}

// coreLimit wants it to be 1 byte, and to stay that: the one value with which the
// kernel starts no program of core_pattern's either.
func coreLimit(*probe) outcome {
	const quiet = 1
	var l unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_CORE, &l); err != nil || l.Cur != quiet || l.Max != quiet {
		return broken("the limit is %d of %d, %v: with another one than 1 the host's core_pattern is run", l.Cur, l.Max, err)
	}
	set := unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{})
	_, _, old := unix.RawSyscall(unix.SYS_SETRLIMIT, unix.RLIMIT_CORE, uintptr(unsafe.Pointer(&unix.Rlimit{})), 0)
	if err := unix.Getrlimit(unix.RLIMIT_CORE, &l); err != nil || l.Cur != quiet {
		return broken("the limit can be lowered to %d, %v", l.Cur, err)
	}
	return held("it stays 1; setrlimit answers %v, the old call %v", set, errnoOf(old))
}

// manyTerminals opens no more than it takes to know. 3072 is what all jails have
// together.
func manyTerminals(*probe) outcome {
	const enough = 400
	var open []int
	defer func() {
		for _, fd := range open {
			_ = unix.Close(fd)
		}
	}()
	for len(open) < enough {
		fd, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
		if err != nil {
			return held("%d, then: %v", len(open), err)
		}
		open = append(open, fd)
	}
	return broken("%d and more", enough)
}
