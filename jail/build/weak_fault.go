//go:build faultinject

package build

import (
	"os"
	"strings"

	"github.com/jailsh/jailsh/internal/wire"
	"golang.org/x/sys/unix"
)

// weaknesses are mistakes that aren't the leaving out of a step. Each is one that
// some launcher of jails has made.
var weaknesses = []struct {
	name, step      string
	before, instead func(*jail) error
}{
	{name: "suid", step: "limits", before: clear(unix.MOUNT_ATTR_NOSUID)},
	{name: "nodev", step: "limits", before: clear(unix.MOUNT_ATTR_NODEV)},
	{name: "writable", step: "limits", before: clear(unix.MOUNT_ATTR_RDONLY)},
	{name: "submounts", step: "limits", before: (*jail).forgetSubmounts},
	{name: "shared", step: "limits", before: func(*jail) error { return unix.Mount("", "/", "", unix.MS_REC|unix.MS_SHARED, "") }},
	{name: "chroot", step: "pivot", instead: func(*jail) error {
		if err := unix.Chroot(stage); err != nil {
			return err
		}
		return unix.Chdir("/")
	}},
	{name: "leak", step: "root", before: leakRoot},
	{name: "host-net", step: "private", before: enter("net")},
	{name: "host-ipc", step: "private", before: enter("ipc")},
	{name: "host-uts", step: "private", before: enter("uts")},
	{name: "host-cgroup", step: "private", before: enter("cgroup")},
	{name: "host-proc", step: "proc", instead: bind("/proc")},
	{name: "host-dev", step: "dev", instead: bind("/dev")},
	{name: "host-shm", step: "shm", instead: bind("/dev/shm")},
	{name: "host-tmp", step: "devpts", before: bind("/var/tmp")},
	{name: "host-pts", step: "devpts", instead: bind("/dev/pts")},
	{name: "pts-max", step: "devpts", instead: func(j *jail) error {
		return j.mountNew("devpts", "newinstance,ptmxmode=0666,mode=0620", unix.MOUNT_ATTR_NOSUID|unix.MOUNT_ATTR_NOEXEC, "/dev/pts")
	}},
	{name: "tmp-size", step: "shm", instead: func(j *jail) error {
		return j.mountNew("tmpfs", "mode=1777,size=0,nr_inodes=0", unix.MOUNT_ATTR_NOSUID|unix.MOUNT_ATTR_NODEV, "/dev/shm")
	}},
	{name: "host-usr", step: "devpts", before: bind("/usr")},
	{name: "binfmt", step: "mask", before: func(*jail) error {
		return unix.Mount("none", stage+"/proc/sys/fs/binfmt_misc", "binfmt_misc", 0, "")
	}},
	{name: "host-sys", step: "proc", before: bind("/sys")},
	{name: "host-etc", step: "etc", instead: bind("/etc")},
	{name: "host-run", step: "proc", before: bind("/run")},
	{name: "privs", step: "identity", instead: (*jail).becomeUserHalfway},
	{name: "mistaken-mask", step: "mask", instead: (*jail).maskTheWrong},
}

// clear takes a flag off every mount, once the host's tree is gone.
func clear(attr uint64) func(*jail) error {
	return func(*jail) error {
		return unix.MountSetattr(unix.AT_FDCWD, "/", unix.AT_RECURSIVE, &unix.MountAttr{Attr_clr: attr})
	}
}

// forgetSubmounts is what a remount does: of a read-only bind the mounts below
// stay writable.
func (j *jail) forgetSubmounts() error {
	table, err := os.ReadFile("/proc/thread-self/mountinfo")
	if err != nil {
		return err
	}
	for _, m := range j.spec.Mounts {
		if m.Kind != wire.MountBind || m.Writable {
			continue
		}
		for line := range strings.Lines(string(table)) {
			at := strings.Fields(line)[4]
			if !strings.HasPrefix(at, m.Target+"/") {
				continue
			}
			if err := unix.MountSetattr(unix.AT_FDCWD, at, 0, &unix.MountAttr{Attr_clr: unix.MOUNT_ATTR_RDONLY}); err != nil {
				return err
			}
		}
	}
	return nil
}

// leaked is the number that leakRoot uses, above those of the steps.
const leaked = 200

// leakRoot leaves the host's root open, across every execve to come, if the step
// "descriptors" is left out as well.
func leakRoot(*jail) error {
	fd, err := unix.Open("/", unix.O_RDONLY|unix.O_DIRECTORY, 0)
	if err != nil {
		return err
	}
	return unix.Dup3(fd, leaked, 0)
}

// enter leaves a namespace of the jail's for that of the host's PID 1.
func enter(kind string) func(*jail) error {
	return func(*jail) error {
		fd, err := unix.Open("/proc/1/ns/"+kind, unix.O_RDONLY|unix.O_CLOEXEC, 0)
		if err != nil {
			return err
		}
		defer unix.Close(fd)
		return unix.Setns(fd, 0)
	}
}

// bind shows a folder of the host in the jail, with what is mounted below it.
func bind(dir string) func(*jail) error {
	return func(j *jail) error {
		var tree int
		err := j.onHost(func() (err error) {
			tree, err = unix.OpenTree(unix.AT_FDCWD, dir, unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC|unix.AT_RECURSIVE)
			if err != nil {
				return err
			}
			return unix.MountSetattr(tree, "", unix.AT_EMPTY_PATH|unix.AT_RECURSIVE, &unix.MountAttr{Propagation: unix.MS_PRIVATE})
		})
		if err != nil {
			return err
		}
		if err := j.makeDir(dir); err != nil {
			return err
		}
		return j.place(tree, dir)
	}
}

// becomeUserHalfway changes the ids, and forgets no_new_privs and the bounding
// set. The steps after it that need no_new_privs have to be left out.
func (j *jail) becomeUserHalfway() error {
	if _, _, errno := unix.RawSyscall(unix.SYS_SETGROUPS, 0, 0, 0); errno != 0 {
		return errno
	}
	uid, gid := uintptr(j.who.UID), uintptr(j.who.GID)
	if _, _, errno := unix.RawSyscall(unix.SYS_SETRESGID, gid, gid, gid); errno != 0 {
		return errno
	}
	if _, _, errno := unix.RawSyscall(unix.SYS_SETRESUID, uid, uid, uid); errno != 0 {
		return errno
	}
	return nil
}

// maskTheWrong is CVE-2025-31133: what is bound over a file isn't the null device.
func (j *jail) maskTheWrong() error {
	tree, err := j.cloneOf("/proc/version")
	if err != nil {
		return err
	}
	return j.place(tree, "/proc/cmdline")
}
