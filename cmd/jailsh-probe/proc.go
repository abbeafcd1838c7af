package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// procAttacks use what the kernel shows as files and doesn't keep apart.
func procAttacks() []attack {
	all := []attack{
		{name: "core-pattern", what: "core(5): a program that the kernel runs as root when another crashes", try: settings("kernel/core_pattern", "kernel/core_pipe_limit", "fs/suid_dumpable")},
		{name: "modprobe-path", what: "proc_sys_kernel(5): programs that the kernel runs as root", try: settings("kernel/modprobe", "kernel/hotplug", "kernel/poweroff_cmd", "kernel/usermodehelper/bset")},
		{name: "uevent-helper", what: "a program that the kernel runs for each event of a device", try: func(p *probe) outcome {
			return p.refused("write to /sys/kernel/uevent_helper", openForWriting("/sys/kernel/uevent_helper"))
		}},
		{name: "binfmt-misc", what: "binfmt_misc: a program that runs for everybody's files of a kind", try: settings("fs/binfmt_misc/register", "fs/binfmt_misc/status")},
		{name: "kernel-settings", what: "proc_sys(5): any setting that can be written to", try: anySetting},
		{name: "sysrq", what: "proc_sysrq-trigger(5), proc_sys_kernel(5): reboot, kill, crash", try: func(p *probe) outcome {
			return worst(p.refused("write to /proc/sysrq-trigger", covered("/proc/sysrq-trigger", openForWriting)),
				p.refused("write to kernel/sysrq", openForWriting("/proc/sys/kernel/sysrq")))
		}},
		{name: "release-agent", what: "CVE-2022-0492: cgroups v1 run a program of the writer's on the host", try: releaseAgent},
		{name: "procfs-redirect", what: "CVE-2025-52881: what is written to a file of /proc lands in another", try: redirected},
		{name: "proc-entries", what: "what /proc tells of the host, beside what every program needs", try: procEntries},
		{name: "proc-net", what: "proc_pid_net(5): connections and sockets of the host", try: procNet},
	}
	for _, m := range []struct{ name, what, path string }{
		{"kernel-memory", "proc_kcore(5): the kernel's memory", "/proc/kcore"},
		{"kernel-symbols", "proc_kallsyms(5): where the kernel's code is", "/proc/kallsyms"},
		{"kernel-keys", "proc_keys(5): keys of everybody with the same rights", "/proc/keys"},
		{"kernel-timers", "proc_timer_list(5): who waits for what", "/proc/timer_list"},
		{"kernel-scheduler", "/proc/sched_debug: what runs on the host", "/proc/sched_debug"},
		{"kernel-command-line", "proc_cmdline(5): what the host was started with", "/proc/cmdline"},
		{"kernel-log", "proc_kmsg(5): what the kernel tells the host", "/proc/kmsg"},
	} {
		all = append(all, attack{name: m.name, what: m.what, try: func(p *probe) outcome {
			return p.refused("read "+m.path, covered(m.path, readable))
		}})
	}
	return all
}

// settings opens files below /proc/sys for writing.
func settings(names ...string) func(*probe) outcome {
	return func(p *probe) outcome {
		var all []outcome
		for _, name := range names {
			all = append(all, p.refused("write to "+name, openForWriting("/proc/sys/"+name)))
		}
		return worst(all...)
	}
}

// covered does something to a file of /proc, unless it is a mask: the null
// device, which is as good as no file.
func covered(path string, do func(string) error) error {
	var st unix.Stat_t
	if err := unix.Stat(path, &st); err != nil {
		return err
	}
	if st.Mode&unix.S_IFMT == unix.S_IFCHR && st.Rdev == unix.Mkdev(1, 3) {
		return fmt.Errorf("masked by the null device")
	}
	return do(path)
}

// readable fails for a file that is empty, too.
func readable(path string) error {
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC|unix.O_NONBLOCK|unix.O_NOCTTY, 0)
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(fd) }()
	n, err := unix.Read(fd, make([]byte, 1))
	if err == nil && n == 0 {
		return fmt.Errorf("is empty")
	}
	return err
}

func anySetting(*probe) outcome {
	seen := 0
	var open []string
	_ = filepath.WalkDir("/proc/sys", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return nil //nolint:nilerr // what can't be read isn't written to either
		}
		seen++
		if openForWriting(path) == nil {
			open = append(open, path)
		}
		return nil
	})
	if len(open) > 0 {
		return broken("%d can be written to: %s", len(open), strings.Join(open, ", "))
	}
	return held("none of %d", seen)
}

func releaseAgent(p *probe) outcome {
	var all []outcome
	for _, m := range mountTable() {
		if strings.HasPrefix(m.Type, "cgroup") {
			all = append(all, broken("%s is a cgroup file system", m.Target))
			if openForWriting(m.Target+"/release_agent") == nil {
				all = append(all, broken("%s/release_agent can be written to", m.Target))
			}
		}
	}
	for _, path := range append(glob("/sys/fs/cgroup/*/release_agent"), "/sys/fs/cgroup/release_agent", "/sys/fs/cgroup/cgroup.procs") {
		all = append(all, p.refused("write to "+path, openForWriting(path)))
	}
	return worst(all...)
}

// redirected makes sure that what a launcher writes to is what it thinks: /proc
// is a proc file system, whole, and of the masks each is where it belongs.
func redirected(p *probe) outcome {
	for _, path := range []string{"/proc", "/proc/self/attr", "/proc/self/oom_score_adj", "/proc/sys", "/proc/self/uid_map"} {
		var st unix.Statfs_t
		if err := unix.Statfs(path, &st); err != nil {
			continue
		}
		if st.Type != unix.PROC_SUPER_MAGIC {
			return broken("%s is of file system %#x", path, st.Type)
		}
	}
	for _, m := range mountTable() {
		if isBelow(m.Target, "/proc") && (m.Type != "proc" && m.Type != "tmpfs" || !m.Has("ro") && m.Target != "/proc") {
			return broken("%s is %s %s", m.Target, m.Type, strings.Join(m.Options, ","))
		}
	}
	return worst(
		p.refused("put a link into /proc/self", os.Symlink("/proc/sysrq-trigger", "/proc/self/attr/current")),
		p.refused("rename in /proc", os.Rename("/proc/self/attr", "/proc/self/other")),
		p.refused("bind over /proc/self/attr", mountAlone("/proc/sys/kernel", "/proc/self/attr", "", unix.MS_BIND)),
	)
}

// harmless are the entries of /proc that programs need and that tell of the
// machine no more than the processor does itself, or are kept apart by a
// namespace.
func harmless() []string {
	return []string{
		"cgroups", "cpuinfo", "filesystems", "loadavg", "meminfo", "mounts", "net", "self", "stat", "sys", "sysvipc",
		"thread-self", "tty", "uptime", "version",
	}
}

// procEntries reads each other entry. An empty folder or file is a mask.
func procEntries(*probe) outcome {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return held("%v", err)
	}
	var open []string
	for _, e := range entries {
		name := e.Name()
		if strings.Trim(name, "0123456789") == "" || slices.Contains(harmless(), name) {
			continue
		}
		path := "/proc/" + name
		if e.IsDir() {
			if below, err := os.ReadDir(path); err == nil && len(below) > 0 {
				open = append(open, path)
			}
		} else if covered(path, readable) == nil {
			open = append(open, path)
		}
	}
	if len(open) > 0 {
		return broken("%s", strings.Join(open, ", "))
	}
	return held("none of %d entries", len(entries))
}

// procNet looks for devices and sockets that aren't the jail's: with a network of
// its own it has a loopback, and perhaps one way out.
func procNet(p *probe) outcome {
	if p.victim["network"] == "host" {
		return absent("the jail has the host's network")
	}
	for line := range strings.Lines(textOf("/proc/net/dev")) {
		name, _, ok := strings.Cut(strings.TrimSpace(line), ":")
		if ok && name != "lo" && !strings.HasPrefix(name, "eth") && !strings.HasPrefix(name, "jailsh") && !strings.HasPrefix(name, "sit") &&
			!strings.HasPrefix(name, "tunl") && !strings.HasPrefix(name, "ip") && !strings.HasPrefix(name, "gre") && !strings.HasPrefix(name, "erspan") {
			return broken("device %s", name)
		}
	}
	text := textOf("/proc/net/unix") + textOf("/proc/net/tcp")
	for _, secret := range p.secrets() {
		if strings.Contains(text, secret) {
			return broken("/proc/net tells of %s", secret)
		}
	}
	return held("nothing of the host's")
}

// secrets are names that the victim has left and nobody else should see.
func (p *probe) secrets() []string {
	var all []string
	for _, name := range []string{"abstract", "mark", "path"} {
		if v := p.victim[name]; v != "" {
			all = append(all, v)
		}
	}
	return all
}
