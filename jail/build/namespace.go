package build

import (
	"bytes"
	"os"

	"golang.org/x/sys/unix"
)

// hideCgroup makes the cgroup namespace, whose root is the cell's own cgroup: in
// it the process was born (jail/cgroup).
func (j *jail) hideCgroup() error {
	return call("unshare(NEWCGROUP)", unix.Unshare(unix.CLONE_NEWCGROUP))
}

func (j *jail) setHostname() error {
	if err := unix.Sethostname([]byte(j.spec.Hostname)); err != nil {
		return call("sethostname", err)
	}
	return call("setdomainname", unix.Setdomainname([]byte("(none)")))
}

// raiseLoopback brings the loopback of the cell's own network up (netdevice(7)). With
// the host's network there is nothing to do.
func (j *jail) raiseLoopback() error {
	if !j.ownNetwork {
		return nil
	}
	s, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return call("socket", err)
	}
	defer unix.Close(s)
	ifr, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	ifr.SetUint16(unix.IFF_UP)
	return call("ioctl(SIOCSIFFLAGS, lo)", unix.IoctlIfreq(s, unix.SIOCSIFFLAGS, ifr))
}

// pivot makes the new root the root of the mount namespace and lets go of the
// host's tree: unlike after chroot(2), there is nothing left to escape to. Both
// arguments are the new root, so no folder for the old one is needed
// (pivot_root(2), NOTES).
func (j *jail) pivot() error {
	if err := unix.Fchdir(j.root); err != nil {
		return call("fchdir", err)
	}
	if err := unix.PivotRoot(".", "."); err != nil {
		return call("pivot_root", err)
	}
	if err := unix.Unmount(".", unix.MNT_DETACH); err != nil {
		return call("umount(old root)", err)
	}
	return call("chdir", unix.Chdir("/"))
}

// sealRoot makes the root file system itself read-only; what is mounted on it
// has flags of its own.
func (j *jail) sealRoot() error {
	return call("mount_setattr", setAttr(j.root, unix.MOUNT_ATTR_RDONLY))
}

// newKeyring leaves the session keyring that came from whoever started jailshd
// (keyrings(7)). A kernel without keys has none to leave.
func (j *jail) newKeyring() error {
	_, err := unix.KeyctlInt(unix.KEYCTL_JOIN_SESSION_KEYRING, 0, 0, 0, 0) // no name: a new one
	if err == unix.ENOSYS {
		return nil
	}
	return call("keyctl(JOIN_SESSION_KEYRING)", err)
}

// resetOOM undoes a protection from the OOM killer that jailshd may have. The
// opposite is left alone: it takes CAP_SYS_RESOURCE to undo, and harms nobody.
func (j *jail) resetOOM() error { return raiseOOM("/proc/self/oom_score_adj") }

func raiseOOM(file string) error {
	now, err := os.ReadFile(file)
	if err != nil || !bytes.HasPrefix(now, []byte("-")) {
		return err
	}
	return os.WriteFile(file, []byte("0"), 0)
}

// markCloexec leaves nothing open across the coming execve but the standard
// three and the control socket (CVE-2024-21626, CVE-2016-9962).
func (j *jail) markCloexec() error {
	return call("close_range", unix.CloseRange(4, ^uint(0), unix.CLOSE_RANGE_CLOEXEC))
}
