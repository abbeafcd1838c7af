package main

import (
	"fmt"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// descriptorAttacks are about what was open when somebody started the shell.
func descriptorAttacks() []attack {
	return []attack{
		{name: "inherited-descriptors", what: "CVE-2016-9962, CVE-2024-21626: descriptors 3 to 1023 that the launcher left open", try: inherited},
		{name: "standard-descriptors", what: "CVE-2024-21626: standard input, output or error is a file outside of the jail", try: standard},
		{name: "working-folder", what: "CVE-2024-21626: the working folder is outside of the root", try: workingFolder},
		{name: "folder-by-descriptor", what: "CVE-2024-21626: cd /proc/self/fd/N", try: folderByDescriptor},
		{name: "program-overwrite", what: "CVE-2019-5736: write to the launcher through /proc/PID/exe", try: overwriteProgram},
		{name: "program-race", what: "CVE-2019-5736: catch a process between fork and exec, while it is the launcher", try: raceProgram},
		{name: "descriptors-of-init", what: "pidfd_getfd(2): PID 1's sockets", try: stealDescriptor},
	}
}

const lastDescriptor = 1023

// inherited looks at every number: /proc might not tell. What this program has
// opened itself is close-on-exec; what came over an exec can't be.
func inherited(*probe) outcome {
	var found []string
	for fd := 3; fd <= lastDescriptor; fd++ {
		flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
		if err != nil || flags&unix.FD_CLOEXEC != 0 {
			continue
		}
		to, _ := os.Readlink(fmt.Sprint("/proc/self/fd/", fd))
		found = append(found, fmt.Sprintf("%d is %s", fd, to))
	}
	if len(found) > 0 {
		return broken("%s", strings.Join(found, ", "))
	}
	return held("none of 3 to %d is open", lastDescriptor)
}

// standard looks at what the three are: pipes, terminals, or files of a mount
// that is in the jail.
func standard(*probe) outcome {
	mounts := map[string]bool{}
	for _, m := range mountTable() {
		mounts[m.ID] = true
	}
	for fd := range 3 {
		var st unix.Stat_t
		if err := unix.Fstat(fd, &st); err != nil {
			continue
		}
		switch st.Mode & unix.S_IFMT {
		case unix.S_IFIFO, unix.S_IFSOCK:
			continue
		case unix.S_IFDIR, unix.S_IFBLK:
			return broken("%d is a folder or a disk", fd)
		}
		info := textOf(fmt.Sprintf("/proc/self/fdinfo/%d", fd))
		_, id, _ := strings.Cut(info, "mnt_id:")
		id, _, _ = strings.Cut(strings.TrimSpace(id), "\n")
		if !mounts[id] {
			to, _ := os.Readlink(fmt.Sprint("/proc/self/fd/", fd))
			return broken("%d is %s, of mount %q that isn't in the jail", fd, to, id)
		}
	}
	return held("pipes, or of the jail")
}

func workingFolder(*probe) outcome {
	dir, err := os.Readlink("/proc/self/cwd")
	if err != nil {
		return held("%v", err)
	}
	buf := make([]byte, unix.PathMax)
	n, err := unix.Getcwd(buf)
	if err == nil && n > 0 {
		dir = string(buf[:n-1])
	}
	if !strings.HasPrefix(dir, "/") {
		return broken("%s", dir)
	}
	return held("%s", dir)
}

func folderByDescriptor(*probe) outcome {
	root, err := placeOf("/")
	if err != nil {
		return held("stat /: %v", err)
	}
	for fd := range lastDescriptor + 1 {
		if unix.Chdir(fmt.Sprint("/proc/self/fd/", fd)) != nil {
			continue
		}
		here, err := unix.Open(".", unix.O_PATH|unix.O_CLOEXEC, 0)
		if err != nil {
			continue
		}
		if end, err := top(here); err != nil || end != root {
			return broken("%d leads out", fd)
		}
	}
	return held("no descriptor is a folder outside")
}

// overwriteProgram wants PID 1's program, to write to it now or once nobody runs
// it any more.
func overwriteProgram(p *probe) outcome {
	path := p.initPath("exe")
	var all []outcome
	for _, flags := range []int{unix.O_RDONLY, unix.O_WRONLY, unix.O_PATH} {
		fd, err := unix.Open(path, flags|unix.O_CLOEXEC, 0)
		all = append(all, p.refused("open "+path, err))
		if err != nil {
			continue
		}
		again, err := unix.Open(fmt.Sprint("/proc/self/fd/", fd), unix.O_WRONLY|unix.O_CLOEXEC, 0)
		all = append(all, p.refused("open it again for writing", err))
		_ = unix.Close(fd)
		_ = unix.Close(again)
	}
	return worst(all...)
}

// raceTime is how long a race is tried.
const raceTime = 400 * time.Millisecond

// raceProgram watches for a process that has the launcher's program, and isn't
// guarded like PID 1: one that it forks to become a shell. The test logs in
// meanwhile; without that, few are seen.
func raceProgram(p *probe) outcome {
	end := time.Now().Add(raceTime)
	looks := 0
	for time.Now().Before(end) {
		for _, exe := range glob("/proc/[0-9]*/exe") {
			looks++
			to, err := os.Readlink(exe)
			if err != nil || !strings.Contains(to, p.launcher()) {
				continue
			}
			fd, err := unix.Open(exe, unix.O_RDONLY|unix.O_CLOEXEC, 0)
			if err == nil {
				_ = unix.Close(fd)
				return broken("%s, which is %s, can be opened", exe, to)
			}
		}
	}
	return held("%d looks", looks)
}

// launcher is what the name of its program has in it.
func (p *probe) launcher() string {
	if name := p.victim["launcher"]; name != "" {
		return name
	}
	return "memfd:"
}

func stealDescriptor(p *probe) outcome {
	pidfd, err := unix.PidfdOpen(p.init, 0)
	if err != nil {
		return p.refused("pidfd_open", err)
	}
	var all []outcome
	for fd := range 16 {
		stolen, err := unix.PidfdGetfd(pidfd, fd, 0)
		if err == nil {
			_ = unix.Close(stolen)
		}
		all = append(all, p.refused(fmt.Sprint("pidfd_getfd ", fd), err))
	}
	return worst(all...)
}
