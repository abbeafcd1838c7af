package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

// attempt is something that a jail exists to forbid.
type attempt struct {
	name string
	try  func() error
}

// escape tries everything, and fails if something works.
func escape() error {
	var worked []string
	for _, a := range attempts() {
		err := a.try()
		if err == nil {
			worked = append(worked, a.name)
			err = errors.New("WORKED")
		}
		fmt.Printf("%s: %v\n", a.name, err)
	}
	if len(worked) > 0 {
		return fmt.Errorf("worked: %s", strings.Join(worked, ", "))
	}
	return nil
}

func attempts() []attempt {
	return []attempt{
		{"mount a tmpfs", func() error { return unix.Mount("none", "/tmp", "tmpfs", 0, "") }},
		{"bind / to /tmp", func() error { return unix.Mount("/", "/tmp", "", unix.MS_BIND, "") }},
		{"make / writable", func() error { return unix.Mount("", "/", "", unix.MS_REMOUNT|unix.MS_BIND, "") }},
		{"mount /proc anew", func() error { return unix.Mount("proc", "/tmp", "proc", 0, "") }},
		{"unmask /proc/kcore", func() error { return unix.Unmount("/proc/kcore", unix.MNT_DETACH) }},
		{"unmount the home", func() error { home, _ := os.Getwd(); return unix.Unmount(home, unix.MNT_DETACH) }},
		{"fsopen", func() error { return second(unix.Fsopen("tmpfs", 0)) }},
		{"open_tree", func() error { return second(unix.OpenTree(unix.AT_FDCWD, "/", unix.OPEN_TREE_CLONE)) }},
		{"pivot_root", func() error { return unix.PivotRoot(".", ".") }},
		{"chroot", func() error { return unix.Chroot("/tmp") }},
		{"a block device", func() error { return unix.Mknod("/tmp/sda", unix.S_IFBLK|0o600, int(unix.Mkdev(8, 0))) }},
		{"/dev/mem", func() error { return unix.Mknod("/tmp/mem", unix.S_IFCHR|0o600, int(unix.Mkdev(1, 1))) }},
		{"become root", func() error { return unix.Setresuid(0, 0, 0) }},
		{"become somebody else", func() error { return unix.Setresuid(20001, 20001, 20001) }},
		{"root's group", func() error { return unix.Setresgid(0, 0, 0) }},
		{"further groups", func() error { return unix.Setgroups([]int{0}) }},
		{"a capability", capability},
		{"the host name", func() error { return unix.Sethostname([]byte("other")) }},
		{"a raw socket", func() error { return second(unix.Socket(unix.AF_INET, unix.SOCK_RAW, unix.IPPROTO_ICMP)) }},
		{"a packet socket", func() error { return second(unix.Socket(unix.AF_PACKET, unix.SOCK_RAW, 0)) }},
		{"the loopback down", loopbackDown},
		{"a file by its handle", byHandle}, // the way out of containers that have CAP_DAC_READ_SEARCH
		{"namespaces without a user's", func() error { return unix.Unshare(unix.CLONE_NEWNS) }},
		{"PID 1's namespaces", func() error { return open("/proc/1/ns/mnt") }},
		{"PID 1's root", func() error { return open("/proc/1/root/") }},
		{"PID 1's environment", func() error { return open("/proc/1/environ") }},
		{"PID 1's memory", func() error { return open("/proc/1/mem") }},
		{"PID 1's program", func() error { return write("/proc/1/exe") }},
		{"trace PID 1", func() error { return unix.PtraceAttach(1) }},
		{"read PID 1", readPID1},
		{"write to /", func() error { return write("/new") }},
		{"write to /usr", func() error { return write("/usr/bin/new") }},
		{"write to /etc/passwd", func() error { return write("/etc/passwd") }},
		{"write to /dev", func() error { return write("/dev/new") }},
		{"core_pattern", func() error { return write("/proc/sys/kernel/core_pattern") }},
		{"sysrq", func() error { return write("/proc/sysrq-trigger") }},
		{"drop caches", func() error { return write("/proc/sys/vm/drop_caches") }},
		{"kernel memory", func() error { return read("/proc/kcore") }},
		{"kernel symbols", func() error { return read("/proc/kallsyms") }},
		{"the kernel's command line", func() error { return read("/proc/cmdline") }},
		{"/sys", func() error { return open("/sys/kernel") }},
		{"cgroups", func() error { return open("/sys/fs/cgroup") }},
		{"the host's log", func() error { return second(unix.Klogctl(unix.SYSLOG_ACTION_READ_ALL, make([]byte, 64))) }},
		{"a higher priority", func() error { return unix.Setpriority(unix.PRIO_PROCESS, 0, -5) }},
		{"more open files", func() error { return unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 1 << 24, Max: 1 << 24}) }},
		{"privileges of a setuid program", newPrivileges},
	}
}

func second(_ int, err error) error { return err }

func open(path string) error {
	f, err := os.Open(path)
	if err == nil {
		f.Close()
	}
	return err
}

func write(path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE, 0o600)
	if err == nil {
		f.Close()
	}
	return err
}

// read fails for a file that is empty, too: that is what masks look like.
func read(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = f.Read(make([]byte, 1))
	return err
}

func capability() error {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	sets := [2]unix.CapUserData{{Effective: 1, Permitted: 1, Inheritable: 1}}
	return unix.Capset(&header, &sets[0])
}

func loopbackDown() error {
	s, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM, 0)
	if err != nil {
		return err
	}
	ifr, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	ifr.SetUint16(0)
	return unix.IoctlIfreq(s, unix.SIOCSIFFLAGS, ifr)
}

// byHandle opens inode 2, the root of most file systems, below a mount of hers.
func byHandle() error {
	home, err := unix.Open(".", unix.O_RDONLY, 0)
	if err != nil {
		return err
	}
	handle := unix.NewFileHandle(1, []byte{2, 0, 0, 0, 0, 0, 0, 0})
	return second(unix.OpenByHandleAt(home, handle, unix.O_RDONLY))
}

func readPID1() error {
	b := make([]byte, 8)
	local := []unix.Iovec{{Base: &b[0], Len: 8}}
	remote := []unix.RemoteIovec{{Base: uintptr(unsafe.Pointer(&b[0])), Len: 8}}
	return second(unix.ProcessVMReadv(1, local, remote, 0))
}

// newPrivileges fails if a setuid program couldn't give any.
func newPrivileges() error {
	on, err := unix.PrctlRetInt(unix.PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0)
	if err == nil && on == 1 {
		return errors.New("no_new_privs is set")
	}
	return nil // as good as done
}
