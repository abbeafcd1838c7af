package main

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// namespaceAttacks make namespaces, or enter those of others.
func namespaceAttacks() []attack {
	all := []attack{
		{name: "user-namespace-clone", what: "clone(2), CLONE_NEWUSER: root over what is one's own, where most kernel exploits begin", try: func(p *probe) outcome {
			return p.within("clone(CLONE_NEWUSER)", &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWUSER})
		}, inside: func(*probe) outcome { return broken("a user namespace can be made") }},
		{name: "user-namespace-unshare", what: "unshare(2), CLONE_NEWUSER", try: func(p *probe) outcome {
			return p.within("unshare(CLONE_NEWUSER)", &syscall.SysProcAttr{Unshareflags: unix.CLONE_NEWUSER})
		}, inside: func(*probe) outcome { return broken("a user namespace can be made") }},
		{name: "clone3", what: "clone3(2): its flags are in memory, where no filter can look", try: clone3},
		{name: "setns", what: "setns(2): a namespace by its file, by a pidfd, by nothing", try: setns},
		{name: "namespace-of-init", what: "proc_pid_ns(5): PID 1's namespaces", try: func(p *probe) outcome {
			var all []outcome
			for _, kind := range []string{"mnt", "pid", "net", "user", "cgroup", "ipc", "uts", "time"} {
				path := p.initPath("ns/" + kind)
				fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
				if err == nil {
					_ = unix.Close(fd)
				}
				all = append(all, p.refused(path, err))
			}
			return worst(all...)
		}},
		{name: "mounts-beside", what: "ioctl_ns(2), NS_MNT_GET_NEXT: the mount namespaces made before and after this one", try: namespaceBeside},
		{name: "mounts-of-others", what: "listmount(2), statmount: the mounts of a namespace by its number", try: mountsOfOthers},
		{name: "own-namespaces", what: "namespaces(7): a namespace that the jail shares with the host", try: ownNamespaces},
	}
	for _, ns := range []struct {
		kind string
		flag uintptr
	}{
		{"mount", unix.CLONE_NEWNS},
		{"pid", unix.CLONE_NEWPID},
		{"network", unix.CLONE_NEWNET},
		{"ipc", unix.CLONE_NEWIPC},
		{"uts", unix.CLONE_NEWUTS},
		{"cgroup", unix.CLONE_NEWCGROUP},
		{"time", unix.CLONE_NEWTIME},
	} {
		all = append(all, attack{
			name: "namespace-" + ns.kind, what: "unshare(2) and clone(2): a further " + ns.kind + " namespace, with and without one of users",
			try: func(p *probe) outcome {
				var tried []outcome
				if ns.flag != unix.CLONE_NEWPID { // in which a Go program couldn't start its threads
					tried = append(tried, p.within("unshare, with users", &syscall.SysProcAttr{Unshareflags: ns.flag | unix.CLONE_NEWUSER}))
				}
				if ns.flag != unix.CLONE_NEWTIME { // which clone(2) can't ask for
					tried = append(tried, p.within("clone", &syscall.SysProcAttr{Cloneflags: ns.flag}),
						p.within("clone, with users", &syscall.SysProcAttr{Cloneflags: ns.flag | unix.CLONE_NEWUSER}))
				}
				// Last, as it changes this process.
				return worst(append(tried, p.unreached("unshare", unix.Unshare(int(ns.flag))))...)
			},
			inside: func(*probe) outcome { return broken("a %s namespace can be made", ns.kind) },
		})
	}
	return all
}

// clone3 asks for a process in a new user namespace, and for none at all: a
// filter can't tell one from the other, so neither may be answered.
func clone3(p *probe) outcome {
	type cloneArgs struct{ flags, pidfd, childTID, parentTID, exitSignal, stack, stackSize, tls uint64 }
	args := cloneArgs{flags: unix.CLONE_NEWUSER, exitSignal: uint64(unix.SIGCHLD)}
	pid, _, errno := unix.RawSyscall(unix.SYS_CLONE3, uintptr(unsafe.Pointer(&args)), unsafe.Sizeof(args), 0)
	if errno == 0 && pid == 0 {
		for { // a copy of a Go process with one thread: it can only end
			_, _, _ = unix.RawSyscall(unix.SYS_EXIT_GROUP, 0, 0, 0)
		}
	}
	if errno == 0 {
		_, _ = unix.Wait4(int(pid), nil, 0, nil)
	}
	runtime.KeepAlive(&args)
	_, _, size := unix.RawSyscall(unix.SYS_CLONE3, 0, 0, 0)
	return worst(p.unreached("clone3(CLONE_NEWUSER)", errnoOf(errno)), p.unreached("clone3 of nothing", errnoOf(size)))
}

func setns(p *probe) outcome {
	all := []outcome{p.unreached("setns of nothing", unix.Setns(-1, 0))}
	for _, kind := range []string{"mnt", "net", "uts", "user"} {
		fd, err := unix.Open("/proc/self/ns/"+kind, unix.O_RDONLY|unix.O_CLOEXEC, 0)
		if err != nil {
			continue
		}
		all = append(all, p.unreached("setns to "+kind, unix.Setns(fd, 0)))
		_ = unix.Close(fd)
	}
	pidfd, err := unix.PidfdOpen(p.init, 0)
	if err == nil {
		all = append(all, p.unreached("setns by pidfd", unix.Setns(pidfd, unix.CLONE_NEWNS|unix.CLONE_NEWNET)))
	}
	return worst(all...)
}

// ioctl_ns(2), of linux/nsfs.h; x/sys hasn't all of them.
const (
	nsMountNext = 0x8010b70b // NS_MNT_GET_NEXT, since Linux 6.12
	nsMountPrev = 0x8010b70c
	nsMountID   = 0x8008b705 // NS_GET_MNTNS_ID, since Linux 6.11
)

func namespaceBeside(p *probe) outcome {
	var all []outcome
	for what, request := range map[string]uintptr{"NS_MNT_GET_NEXT": nsMountNext, "NS_MNT_GET_PREV": nsMountPrev} {
		fd, err := unix.Open("/proc/self/ns/mnt", unix.O_RDONLY|unix.O_CLOEXEC, 0)
		if err != nil {
			return held("%v", err)
		}
		var info [64]byte
		got, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), request, uintptr(unsafe.Pointer(&info)))
		if errno == 0 {
			_ = unix.Close(int(got))
		}
		_ = unix.Close(fd)
		if errno == unix.ENOTTY || errno == unix.EINVAL {
			all = append(all, absent("%s: %v", what, errno))
			continue
		}
		all = append(all, p.refused(what, errnoOf(errno)))
	}
	return worst(all...)
}

// mountsOfOthers asks for the mounts of the namespaces that were made before and
// after this one: their numbers are counted up.
func mountsOfOthers(p *probe) outcome {
	fd, err := unix.Open("/proc/self/ns/mnt", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return held("%v", err)
	}
	var own uint64
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), nsMountID, uintptr(unsafe.Pointer(&own))); errno != 0 {
		if errno == unix.ENOTTY || errno == unix.EINVAL {
			return absent("mount namespaces have no numbers: %v", errno)
		}
		return held("NS_GET_MNTNS_ID: %v", errno)
	}
	// struct mnt_id_req, listmount(2); number 458 on every architecture.
	type request struct {
		size, fd  uint32
		id, param uint64
		namespace uint64
	}
	const listmount, around = 458, 2048
	answers := map[unix.Errno]int{}
	for n := own - around; n < own+around; n++ {
		if n == own {
			continue
		}
		r := request{size: 32, id: ^uint64(0), namespace: n} // LSMT_ROOT
		var ids [8]uint64
		got, _, errno := unix.Syscall6(listmount, uintptr(unsafe.Pointer(&r)), uintptr(unsafe.Pointer(&ids)), uintptr(len(ids)), 0, 0, 0)
		if errno == 0 && got > 0 {
			return broken("namespace %d tells its mounts", n)
		}
		answers[errno]++
	}
	if answers[unix.ENOSYS] > 0 && !p.filtered {
		return absent("no listmount")
	}
	return held("%d tried, %d are there", 2*around, answers[unix.EPERM]+answers[unix.EACCES])
}

// hostInode are the numbers that the kernel gives its first namespaces
// (include/uapi/linux/nsfs.h, PROC_*_INIT_INO).
func hostInodes() map[string]uint64 {
	return map[string]uint64{"ipc": 0xeffffff_f, "uts": 0xeffffffe, "pid": 0xeffffffc, "cgroup": 0xeffffffb, "mnt": 0xeffffff8}
}

// ownNamespaces compares with the host's, by the numbers that are always the same
// and by what the test says that the starter's are.
func ownNamespaces(p *probe) outcome {
	for kind, first := range hostInodes() {
		own, err := os.Readlink("/proc/self/ns/" + kind)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return broken("%v", err)
		}
		if own == fmt.Sprintf("%s:[%d]", kind, first) {
			return broken("the %s namespace is the host's", kind)
		}
		if theirs := p.victim["ns-"+kind]; theirs != "" && own == theirs {
			return broken("the %s namespace is %s, as outside", kind, own)
		}
	}
	if theirs := p.victim["ns-net"]; theirs != "" {
		if own, _ := os.Readlink("/proc/self/ns/net"); own == theirs && p.victim["network"] != "host" {
			return broken("the network namespace is %s, as outside", own)
		}
	}
	return held("mount, PID, IPC, UTS and cgroup namespaces are others")
}
