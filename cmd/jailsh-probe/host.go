package main

import (
	"bytes"
	"os"
	"slices"
	"strings"

	"github.com/jailsh/jailsh/internal/wire"
	"golang.org/x/sys/unix"
)

// hostAttacks look out: what of the host, and of others on it, can be seen.
func hostAttacks() []attack {
	return []attack{
		{name: "sys", what: "sysfs(5): devices, drivers, the kernel's objects", try: sysFolder},
		{name: "mount-paths", what: "proc_pid_mountinfo(5): paths of other users, of the host's disks", try: mountPaths},
		{name: "node-name", what: "uname(2), /etc/hostname: the host's name", try: nodeName},
		{name: "users-of-host", what: "/etc/passwd, /etc/group, /etc/shadow: who else has an account", try: usersOfHost},
		{name: "environment", what: "environ(7): what the launcher was started with", try: environment},
		{name: "cgroup-path", what: "proc_pid_cgroup(5): where on the host one is", try: cgroupPath},
		{name: "tmp-of-host", what: "/tmp, /run, /root, /home: what the host has in them", try: hostFolders},
		{name: "host-files", what: "keys, shadow, configuration of the host", try: hostFiles},
	}
}

func trim(s string) string { return strings.TrimSpace(s) }

func sysFolder(p *probe) outcome {
	var all []outcome
	for _, path := range []string{"/sys/kernel", "/sys/class", "/sys/block", "/sys/fs/cgroup", "/sys/firmware", "/sys/module", "/sys/devices", "/sys/bus"} {
		_, err := os.ReadDir(path)
		all = append(all, p.refused(path, err))
	}
	for _, m := range mountTable() {
		switch m.Type {
		case "sysfs", "debugfs", "tracefs", "securityfs", "configfs", "bpf", "efivarfs", "pstore", "fusectl", "cgroup", "cgroup2", "devtmpfs", "hugetlbfs":
			all = append(all, broken("%s is %s", m.Target, m.Type))
		}
	}
	return worst(all...)
}

func mountPaths(p *probe) outcome {
	text := textOf("/proc/self/mountinfo") + textOf("/proc/self/mounts") + textOf("/proc/self/mountstats") + textOf(p.initPath("mountinfo"))
	for _, secret := range p.secrets() {
		if strings.Contains(text, secret) {
			return broken("mountinfo tells of %s", secret)
		}
	}
	for _, m := range mountTable() {
		if strings.HasSuffix(m.Root, "//deleted") && strings.Contains(m.Root, "/homes/") {
			return broken("%s is mounted from %s", m.Target, m.Root)
		}
	}
	return held("%d mounts, none of others", len(mountTable()))
}

func nodeName(p *probe) outcome {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return held("%v", err)
	}
	name, domain := cString(u.Nodename[:]), cString(u.Domainname[:])
	outside := p.victim["node-name"]
	switch {
	case outside != "" && name == outside:
		return broken("it is %s, as outside", name)
	case domain != "(none)" && domain != "":
		return broken("the domain is %s", domain)
	case trim(textOf("/etc/hostname")) != name:
		return broken("/etc/hostname says %q, the kernel %q", trim(textOf("/etc/hostname")), name)
	case outside != "" && strings.Contains(textOf("/etc/hosts")+textOf("/proc/sys/kernel/hostname"), outside):
		return broken("/etc/hosts has %s", outside)
	}
	return held("it is %s", name)
}

func cString(b []byte) string {
	if i := bytes.IndexByte(b, 0); i >= 0 {
		b = b[:i]
	}
	return string(b)
}

// usersOfHost expects root, nobody and the user, and a group or two of hers.
func usersOfHost(p *probe) outcome {
	const most = 3
	passwd := textOf("/etc/passwd")
	if n := strings.Count(passwd, "\n"); n > most {
		return broken("/etc/passwd has %d accounts", n)
	}
	for _, secret := range p.secrets() {
		if strings.Contains(passwd+textOf("/etc/group"), secret) {
			return broken("/etc tells of %s", secret)
		}
	}
	var all []outcome
	for _, path := range []string{"/etc/shadow", "/etc/gshadow", "/etc/sudoers", "/etc/ssh/ssh_host_ed25519_key", "/etc/machine-id", "/etc/fstab", "/etc/passwd-"} {
		all = append(all, p.refused("read "+path, readable(path)))
	}
	return worst(all...)
}

// environment looks for names that only a service's or an administrator's has.
func environment(p *probe) outcome {
	for _, e := range os.Environ() {
		name, value, _ := strings.Cut(e, "=")
		for _, prefix := range []string{"SUDO_", "LISTEN_", "NOTIFY_SOCKET", "INVOCATION_ID", "JOURNAL_STREAM", "WATCHDOG_", "JAILSH_", "GO", "LD_", "SYSTEMD_", "MAINPID"} {
			if strings.HasPrefix(name, prefix) && name != wire.WordsVariable {
				return broken("%s is set", name)
			}
		}
		for _, secret := range p.secrets() {
			if strings.Contains(value, secret) {
				return broken("%s is %s", name, value)
			}
		}
	}
	return held("%d names", len(os.Environ()))
}

func cgroupPath(p *probe) outcome {
	text := textOf("/proc/self/cgroup")
	for line := range strings.Lines(text) {
		f := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(f) == 3 && f[2] != "/" {
			return broken("%s", strings.TrimSpace(line))
		}
	}
	for _, m := range mountTable() {
		if strings.HasPrefix(m.Type, "cgroup") {
			return broken("%s", m.Target)
		}
	}
	return held("/ in each hierarchy")
}

// hostFolders: those that are the jail's own are empty or hers, but for the command of
// those who may share a terminal.
func hostFolders(*probe) outcome {
	for _, dir := range []string{"/run", "/root", "/mnt", "/media", "/srv", "/boot", "/opt", "/lost+found"} {
		for _, name := range namesIn(dir) {
			if dir != "/run" || name != "jailsh" || !slices.Equal(namesIn("/run/jailsh"), []string{"jailsh"}) {
				return broken("%s has %s", dir, name)
			}
		}
	}
	entries, _ := os.ReadDir("/home")
	if len(entries) > 1 {
		return broken("/home has %d folders", len(entries))
	}
	return held("empty, or not there")
}

func namesIn(dir string) (names []string) {
	entries, _ := os.ReadDir(dir) // what can't be read has none
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func hostFiles(p *probe) outcome {
	paths := []string{"/etc/jailsh", "/var/lib/jailsh", "/var/log", "/var/run", "/var/lib/dpkg/status", "/usr/lib/jailsh", "/.dockerenv", "/init", "/vmlinuz"}
	var all []outcome
	for _, path := range paths {
		if entries, err := os.ReadDir(path); err != nil || len(entries) == 0 {
			all = append(all, p.refused(path, orEmpty(err)))
			continue
		}
		all = append(all, broken("%s is there", path))
	}
	if path := p.victim["config"]; path != "" {
		_, err := os.Lstat(path)
		all = append(all, p.refused(path, err))
	}
	return worst(all...)
}
