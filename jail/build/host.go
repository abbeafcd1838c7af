package build

import "golang.org/x/sys/unix"

// host is where the sources are: the mount namespace that jailshd is in, and its
// root there. The jail's own namespace is without any of the host's mounts long
// before it is known whose jail it will be: a copy of them would be out of date by
// then, and keep file systems busy that the administrator has unmounted.
type host struct{ namespace, root int }

// makePrivate goes into a mount namespace of its own, and detaches what it has
// copied from the host's: what is mounted from here on is seen nowhere else, and
// the other way round. The other threads stay behind, and end with execve.
func (j *jail) makePrivate() (err error) {
	if j.host.root, err = unix.Open("/", unix.O_PATH|unix.O_CLOEXEC, 0); err != nil {
		return call("open /", err)
	}
	if j.host.namespace, err = openNamespace(); err != nil {
		return err
	}
	if err := unix.Unshare(unix.CLONE_NEWNS); err != nil {
		return call("unshare(NEWNS)", err)
	}
	if j.own, err = openNamespace(); err != nil {
		return err
	}
	return call("mount(/, MS_PRIVATE)", unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""))
}

// openNamespace opens the calling thread's.
func openNamespace() (int, error) {
	fd, err := unix.Open("/proc/thread-self/ns/mnt", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	return fd, call("open the mount namespace", err)
}

// onHost calls do in the host's mount namespace. What do has cloned there can be
// mounted here. It needs a thread that shares its root and working directory with
// no other (setns(2), EINVAL): unshare has seen to that.
func (j *jail) onHost(do func() error) error {
	root, err := unix.Open("/", unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		return call("open /", err)
	}
	defer unix.Close(root)
	if err := unix.Setns(j.host.namespace, unix.CLONE_NEWNS); err != nil {
		return call("setns(host)", err)
	}
	if err := do(); err != nil {
		return err
	}
	if err := unix.Setns(j.own, unix.CLONE_NEWNS); err != nil {
		return call("setns(jail)", err)
	}
	// setns has gone to the namespace's root, which is another one where jailshd
	// lives in a chroot.
	if err := unix.Fchdir(root); err != nil {
		return call("fchdir", err)
	}
	return call("chroot", unix.Chroot("."))
}

// openHost opens an absolute path of the host, no part of which may be a
// symbolic link.
func (j *jail) openHost(name string, flags uint64) (int, error) {
	return unix.Openat2(j.host.root, below(name), &unix.OpenHow{
		Flags:   unix.O_PATH | unix.O_CLOEXEC | flags,
		Resolve: unix.RESOLVE_IN_ROOT | unix.RESOLVE_NO_SYMLINKS | unix.RESOLVE_NO_MAGICLINKS,
	})
}

// leaveHost closes what leads back to the host.
func (j *jail) leaveHost() error {
	for _, fd := range []int{j.host.namespace, j.host.root, j.own} {
		if err := unix.Close(fd); err != nil {
			return call("close", err)
		}
	}
	return nil
}
