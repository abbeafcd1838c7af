package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

// processAttacks act on processes: PID 1, which has the same uid, and those
// outside.
func processAttacks() []attack {
	return []attack{
		{name: "trace-init", what: "ptrace(2) of PID 1, which has the user's uid", try: func(p *probe) outcome {
			attach := attachTo(p.init)
			_, _, seize := unix.Syscall6(unix.SYS_PTRACE, 0x4206, uintptr(p.init), 0, 0, 0, 0) // PTRACE_SEIZE
			return worst(p.refused("PTRACE_ATTACH", attach), p.refused("PTRACE_SEIZE", errnoOf(seize)))
		}},
		{name: "memory-of-init", what: "proc_pid_mem(5), process_vm_readv(2) of PID 1", try: memoryOfInit},
		{name: "proc-of-init", what: "proc_pid_environ(5) and the like of PID 1, and writing to its settings", try: procOfInit},
		{name: "signal-init", what: "kill(2), sigqueue(3): every signal to PID 1", try: signalInit},
		{name: "signal-others", what: "kill(2), pidfd_send_signal, tkill: processes of other users and of the host by their numbers", try: signalOthers},
		{name: "processes-of-others", what: "proc(5): processes that aren't the user's", try: otherProcesses},
		{name: "trace-others", what: "ptrace(2) of a process outside", try: func(p *probe) outcome {
			n := p.number("pid")
			if n == 0 {
				return absent("the test has left none")
			}
			return p.refused("PTRACE_ATTACH", attachTo(n))
		}},
		{name: "limits-of-init", what: "prlimit(2): PID 1's limits as a way to higher ones", try: limitsOfInit},
	}
}

func (p *probe) initPath(name string) string { return fmt.Sprintf("/proc/%d/%s", p.init, name) }

// number is what the victim has said of itself, or 0.
func (p *probe) number(name string) int {
	n, err := strconv.Atoi(p.victim[name])
	if err != nil {
		return 0
	}
	return n
}

// attachTo traces a process and lets it go on.
func attachTo(pid int) error {
	err := unix.PtraceAttach(pid)
	if err == nil {
		_, _ = unix.Wait4(pid, nil, unix.WALL, nil)
		_ = unix.PtraceDetach(pid)
	}
	return err
}

func memoryOfInit(p *probe) outcome {
	path := p.initPath("mem")
	reading, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err == nil {
		_ = unix.Close(reading)
	}
	b := make([]byte, 8)
	local := []unix.Iovec{{Base: &b[0], Len: 8}}
	remote := []unix.RemoteIovec{{Base: uintptr(unsafe.Pointer(&b[0])), Len: 8}}
	_, vm := unix.ProcessVMReadv(p.init, local, remote, 0)
	if vm == unix.EFAULT { // it may look, and nothing is there
		vm = nil
	}
	return worst(p.refused("read "+path, err), p.refused("write "+path, openForWriting(path)), p.refused("process_vm_readv", vm))
}

func procOfInit(p *probe) outcome {
	var all []outcome
	for _, name := range []string{"environ", "maps", "auxv", "stack", "syscall", "io", "pagemap", "fd", "task/1/environ"} {
		path := p.initPath(name)
		fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
		if err == nil {
			// Some can be opened by anybody, and are checked when they are read.
			if n, readErr := unix.Read(fd, make([]byte, 64)); readErr != nil || n == 0 {
				err = fmt.Errorf("opened, and read %d bytes: %w", n, orEmpty(readErr))
			}
			_ = unix.Close(fd)
		}
		all = append(all, p.refused("read "+path, err))
	}
	for _, name := range []string{"oom_score_adj", "setgroups", "uid_map", "clear_refs", "coredump_filter"} {
		all = append(all, p.refused("write to "+p.initPath(name), openForWriting(p.initPath(name))))
	}
	return worst(all...)
}

func orEmpty(err error) error {
	if err == nil {
		return fmt.Errorf("is empty")
	}
	return err
}

// signalInit sends all that kill(2) can, and the same as sigqueue(3) does, without
// a mark that it is another's; and watches for its end. That it was the
// real PID 1's shows in that this process ends, too.
func signalInit(p *probe) outcome {
	pidfd, err := unix.PidfdOpen(p.init, 0)
	if err != nil {
		return held("pidfd_open: %v", err)
	}
	defer func() { _ = unix.Close(pidfd) }()
	for s := unix.Signal(1); s <= 64; s++ {
		_ = unix.Kill(p.init, s)
		queued := unix.Siginfo{Signo: int32(s), Code: siQueue}
		_, _, _ = unix.RawSyscall(unix.SYS_RT_SIGQUEUEINFO, uintptr(p.init), uintptr(s), uintptr(unsafe.Pointer(&queued)))
	}
	const soon = 200 // milliseconds
	if n, err := unix.Poll([]unix.PollFd{{Fd: int32(pidfd), Events: unix.POLLIN}}, soon); err == nil && n > 0 {
		return broken("it is gone")
	}
	for line := range strings.Lines(textOf(p.initPath("status"))) {
		state, ok := strings.CutPrefix(line, "State:")
		if !ok {
			continue
		}
		if strings.ContainsAny(state[:3], "TtZX") {
			return broken("it is %s", strings.TrimSpace(state))
		}
		return held("it lives on: %s", strings.TrimSpace(state))
	}
	return broken("it is gone")
}

// siQueue is SI_QUEUE of <asm-generic/siginfo.h>.
const siQueue = -1

func signalOthers(p *probe) outcome {
	n := p.number("pid")
	if n == 0 {
		return absent("the test has left none")
	}
	_, pidfd := unix.PidfdOpen(n, 0)
	return worst(
		p.refused("kill", unix.Kill(n, 0)), p.refused("tgkill", unix.Tgkill(n, n, 0)), p.refused("kill its group", unix.Kill(-n, 0)),
		p.refused("pidfd_open", pidfd), p.refused("getpriority", priority(n)), p.refused("sched_setaffinity", affinity(n)),
	)
}

func priority(pid int) error {
	_, err := unix.Getpriority(unix.PRIO_PROCESS, pid)
	return err
}

func affinity(pid int) error {
	var set unix.CPUSet
	if err := unix.SchedGetaffinity(pid, &set); err != nil {
		return err
	}
	return unix.SchedSetaffinity(pid, &set)
}

// otherProcesses looks at who owns what is in /proc, and tries the numbers that
// aren't: a process may be hidden from there and still be within reach.
func otherProcesses(p *probe) outcome {
	seen := map[int]bool{}
	for _, dir := range glob("/proc/[0-9]*") {
		n, err := strconv.Atoi(filepath.Base(dir))
		var st unix.Stat_t
		if err != nil || unix.Stat(dir+"/status", &st) != nil {
			continue
		}
		seen[n] = true
		// PID 1 isn't dumpable, so its files seem to be root's.
		if int(st.Uid) != os.Getuid() && n != 1 && !strings.Contains(textOf(dir+"/status"), fmt.Sprintf("\nUid:\t%d\t", os.Getuid())) {
			return broken("process %d belongs to uid %d", n, st.Uid)
		}
		line := strings.ReplaceAll(textOf(dir+"/cmdline"), "\x00", " ")
		for _, secret := range p.secrets() {
			if strings.Contains(line, secret) && !strings.Contains(line, "--victim") { // not this probe
				return broken("process %d is %s", n, line)
			}
		}
	}
	const tried = 1 << 15
	for n := 2; n < tried; n++ {
		if !seen[n] && unix.Kill(n, 0) == unix.EPERM {
			return broken("process %d is there, and somebody else's", n)
		}
	}
	return held("%d processes, all the user's", len(seen))
}

// limitsOfInit asks for more than PID 1 has, through it.
func limitsOfInit(p *probe) outcome {
	var all []outcome
	for _, resource := range []int{unix.RLIMIT_NOFILE, unix.RLIMIT_CORE, unix.RLIMIT_NPROC} {
		var now unix.Rlimit
		if err := unix.Prlimit(p.init, resource, nil, &now); err != nil {
			all = append(all, held("prlimit: %v", err))
			continue
		}
		if now.Max == unix.RLIM_INFINITY {
			continue
		}
		all = append(all, p.raise(p.init, resource, now))
	}
	return worst(all...)
}
