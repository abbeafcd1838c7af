package build

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// nodes are the devices of a jail: those that every program expects, with the
// numbers of the kernel's devices.txt. No console: nothing of the host's
// terminals is in here (CVE-2025-52565).
var nodes = []struct {
	name         string
	major, minor uint32
}{
	{"null", 1, 3}, {"zero", 1, 5}, {"full", 1, 7}, {"random", 1, 8}, {"urandom", 1, 9}, {"tty", 5, 0},
}

var devLinks = [][2]string{
	{"ptmx", "pts/ptmx"},
	{"fd", "/proc/self/fd"},
	{"stdin", "/proc/self/fd/0"},
	{"stdout", "/proc/self/fd/1"},
	{"stderr", "/proc/self/fd/2"},
}

// makeDev makes /dev: a read-only tmpfs with nodes of its own, so that no mount
// of the host's devices is involved. It alone isn't nodev.
func (j *jail) makeDev() error {
	fd, err := newTmpfs("mode=0755,size=64k,nr_inodes=64", unix.MOUNT_ATTR_NOSUID|unix.MOUNT_ATTR_NOEXEC)
	if err != nil {
		return err
	}
	for _, n := range nodes {
		if err := unix.Mknodat(fd, n.name, unix.S_IFCHR|0o666, int(unix.Mkdev(n.major, n.minor))); err != nil {
			return call("mknod "+n.name, err)
		}
	}
	for _, l := range devLinks {
		if err := unix.Symlinkat(l[1], fd, l[0]); err != nil {
			return call("symlink "+l[0], err)
		}
	}
	for _, dir := range []string{"pts", "shm"} {
		if err := unix.Mkdirat(fd, dir, 0o755); err != nil {
			return call("mkdir "+dir, err)
		}
	}
	if err := setAttr(fd, unix.MOUNT_ATTR_RDONLY); err != nil {
		return call("mount_setattr", err)
	}
	if err := j.makeDir("/dev"); err != nil {
		return err
	}
	return j.place(fd, "/dev")
}

// mountDevpts mounts an instance that shares nothing with the host's: /dev/pts/0
// in here is not /dev/pts/0 out there. Terminals belong to the user and, as with
// OpenSSH, nobody else may read them. max is how many she can have: all jails
// share the host's sysctl kernel.pty.max, less the kernel.pty.reserve that the host
// keeps for itself, which is 3072 where nobody has changed it.
func (j *jail) mountDevpts() error {
	options := fmt.Sprintf("newinstance,ptmxmode=0666,mode=0620,gid=%d,max=256", j.spec.GID)
	return j.mountNew("devpts", options, unix.MOUNT_ATTR_NOSUID|unix.MOUNT_ATTR_NOEXEC, "/dev/pts")
}

func (j *jail) mountShm() error {
	options := fmt.Sprintf("mode=1777,size=%d,nr_inodes=32768", j.spec.Limits.Shm)
	fd, err := newTmpfs(options, unix.MOUNT_ATTR_NOSUID|unix.MOUNT_ATTR_NODEV)
	if err != nil {
		return err
	}
	return j.place(fd, "/dev/shm")
}

// mountNew mounts a new file system of the given type.
func (j *jail) mountNew(fstype, options string, attr int, target string) error {
	fs, err := unix.Fsopen(fstype, unix.FSOPEN_CLOEXEC)
	if err != nil {
		return call("fsopen "+fstype, err)
	}
	defer unix.Close(fs)
	if err := setOptions(fs, options); err != nil {
		return err
	}
	fd, err := unix.Fsmount(fs, unix.FSMOUNT_CLOEXEC, attr)
	if err != nil {
		return call("fsmount "+fstype, err)
	}
	return j.place(fd, target)
}
