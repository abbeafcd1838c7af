package build

import (
	"fmt"

	"github.com/jailsh/jailsh/jail/identity"
	"golang.org/x/sys/unix"
)

func (j *jail) becomeUser() error { return identity.Drop(j.who) }

// verify reads back who the process is, and then tries the things that a jail
// exists to forbid. One that works ends the login.
func (j *jail) verify() error {
	if err := identity.Verify(j.who); err != nil {
		return err
	}
	for _, a := range attempts {
		if err := a.try(); err == nil {
			return fmt.Errorf("%s worked, and must not", a.name)
		}
	}
	if err := j.verifyMounts(); err != nil {
		return err
	}
	return j.verifyRoot()
}

var attempts = []struct {
	name string
	try  func() error
}{
	{"mounting a file system", func() error { return unix.Mount("none", "/tmp", "tmpfs", 0, "") }},
	{"unmounting /proc", func() error { return unix.Unmount("/proc", unix.MNT_DETACH) }},
	{"chroot", func() error { return unix.Chroot("/tmp") }},
	{"writing to the root", func() error { return unix.Mkdir("/.verify", 0o700) }},
	{"writing to /dev", func() error { return unix.Mkdir("/dev/.verify", 0o700) }},
	{"writing to /etc", func() error { return unix.Access("/etc/passwd", unix.W_OK) }},
	{"changing the host name", func() error { return unix.Sethostname([]byte("verify")) }},
	{"making a device", func() error { return unix.Mknod("/tmp/.verify", unix.S_IFBLK|0o600, 0) }},
	{"reading a masked file of /proc", func() error { return openFile("/proc/interrupts") }},
	{"writing a kernel setting", func() error { return unix.Access("/proc/sys/kernel/core_pattern", unix.W_OK) }},
}

// openFile tries it: access(2) knows nothing of nodev.
func openFile(name string) error {
	fd, err := unix.Open(name, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err == nil {
		unix.Close(fd)
	}
	return err
}

// verifyRoot makes sure that / is the jail's own, and that nothing of another
// tree is its parent.
func (j *jail) verifyRoot() error {
	var st unix.Statfs_t
	if err := unix.Statfs("/", &st); err != nil {
		return call("statfs /", err)
	}
	if st.Type != unix.TMPFS_MAGIC || st.Flags&unix.ST_RDONLY == 0 {
		return fmt.Errorf("/ is file system %#x with flags %#x instead of a read-only tmpfs", st.Type, st.Flags)
	}
	var root, up unix.Stat_t
	if err := unix.Stat("/", &root); err != nil {
		return call("stat /", err)
	}
	if err := unix.Stat("/..", &up); err != nil {
		return call("stat /..", err)
	}
	if root.Dev != up.Dev || root.Ino != up.Ino {
		return fmt.Errorf("/.. is not /")
	}
	return nil
}
