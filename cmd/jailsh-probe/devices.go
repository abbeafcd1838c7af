package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// deviceAttacks want a device, or a terminal that isn't theirs.
func deviceAttacks() []attack {
	return []attack{
		{name: "mknod", what: "mknod(2): a disk, memory, a terminal of the host", try: makeNodes},
		{name: "device-left", what: "a device node in the home or in a mount, put there by root or by an older system", try: func(p *probe) outcome {
			var all []outcome
			for path := range strings.SplitSeq(p.victim["device"], ":") {
				if path != "" {
					fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
					if err == nil {
						_ = unix.Close(fd)
					}
					if errors.Is(err, unix.ENOENT) {
						return broken("%s: the test has left none", path)
					}
					all = append(all, p.refused("open "+path, err))
				}
			}
			return worst(all...)
		}},
		{name: "dev-contents", what: "what /dev has beside the six nodes and the links that every program expects", try: devContents},
		{name: "null-replaced", what: "CVE-2025-31133: /dev/null becomes a link while masks are made of it", try: replaceNull},
		{name: "masks", what: "CVE-2025-31133: each mask covers what it is meant to, and is the null device or an empty folder", try: masks},
		{name: "console", what: "CVE-2025-52565: /dev/console, /dev/pts/N as mount targets: a terminal of the host's", try: console},
		{name: "terminals-of-others", what: "pts(4): terminals of other users and of the host", try: foreignTerminals},
		{name: "shared-memory-device", what: "/dev/shm, /dev/mqueue of the host", try: func(p *probe) outcome {
			for _, dir := range []string{"/dev/shm", "/dev/mqueue", "/tmp", "/var/tmp"} {
				entries, _ := os.ReadDir(dir)
				for _, e := range entries {
					for _, secret := range p.secrets() {
						if strings.Contains(e.Name(), secret) {
							return broken("%s has %s", dir, e.Name())
						}
					}
				}
			}
			return held("nothing of others")
		}},
	}
}

// makeNodes opens nothing: that it could be made is enough.
func makeNodes(p *probe) outcome {
	var all []outcome
	for _, dir := range []string{p.scratch, p.home, "/dev", "/dev/shm", "/var/tmp", "/"} {
		for _, n := range []struct {
			what         string
			mode         uint32
			major, minor uint32
		}{
			{"a disk", unix.S_IFBLK, 8, 0},
			{"memory", unix.S_IFCHR, 1, 1},
			{"a terminal", unix.S_IFCHR, 4, 1},
			{"the console", unix.S_IFCHR, 5, 1},
			{"fuse", unix.S_IFCHR, 10, 229},
			{"kvm", unix.S_IFCHR, 10, 232},
		} {
			name := filepath.Join(dir, fmt.Sprintf(".probe%d", os.Getpid()))
			err := unix.Mknod(name, n.mode|0o600, int(unix.Mkdev(n.major, n.minor)))
			if err == nil {
				_ = unix.Unlink(name)
			}
			all = append(all, p.refused("make "+n.what+" in "+dir, err))
		}
	}
	return worst(all...)
}

func devNames() []string {
	return []string{"fd", "full", "null", "ptmx", "pts", "random", "shm", "stderr", "stdin", "stdout", "tty", "urandom", "zero"}
}

func devContents(*probe) outcome {
	entries, err := os.ReadDir("/dev")
	if err != nil {
		return held("%v", err)
	}
	numbers := map[string]uint64{
		"null": unix.Mkdev(1, 3), "zero": unix.Mkdev(1, 5), "full": unix.Mkdev(1, 7), "random": unix.Mkdev(1, 8),
		"urandom": unix.Mkdev(1, 9), "tty": unix.Mkdev(5, 0),
	}
	for _, e := range entries {
		path := "/dev/" + e.Name()
		if !slices.Contains(devNames(), e.Name()) {
			return broken("%s", path)
		}
		var st unix.Stat_t
		if err := unix.Lstat(path, &st); err != nil {
			return broken("%s: %v", path, err)
		}
		kind := st.Mode & unix.S_IFMT
		if number, ok := numbers[e.Name()]; ok && (kind != unix.S_IFCHR || st.Rdev != number) || kind == unix.S_IFBLK {
			return broken("%s is %o, device %#x", path, kind, st.Rdev)
		}
	}
	return held("%d names", len(entries))
}

// replaceNull would have masks made of something else: in this jail later ones,
// if there were any.
func replaceNull(p *probe) outcome {
	flipped := filepath.Join(p.scratch, "null")
	if err := os.Symlink("/proc/sys/kernel/core_pattern", flipped); err != nil {
		return held("symlink: %v", err)
	}
	return worst(
		p.refused("exchange /dev/null", exchange("/dev/null", flipped)),
		p.refused("rename over /dev/null", os.Rename(flipped, "/dev/null")),
		p.refused("rename /dev", os.Rename("/dev", "/dev2")),
		p.refused("chmod /dev/null", unix.Fchmodat(unix.AT_FDCWD, "/dev/null", 0o666, 0)),
		p.refused("make a file in /dev", makeFile("/dev")),
	)
}

// exchange swaps two names, so that a success can be undone.
func exchange(a, b string) error {
	err := unix.Renameat2(unix.AT_FDCWD, a, unix.AT_FDCWD, b, unix.RENAME_EXCHANGE)
	if err == nil {
		_ = unix.Renameat2(unix.AT_FDCWD, a, unix.AT_FDCWD, b, unix.RENAME_EXCHANGE)
	}
	return err
}

// masks looks at each mount below /proc.
func masks(*probe) outcome {
	seen := 0
	for _, m := range mountTable() {
		if !strings.HasPrefix(m.Target, "/proc/") || m.Target == "/proc/sys" || isBelow(m.Target, "/proc/sys") {
			continue
		}
		seen++
		var st unix.Stat_t
		if err := unix.Lstat(m.Target, &st); err != nil {
			return broken("%s: %v", m.Target, err)
		}
		entries, err := os.ReadDir(m.Target)
		isNull := st.Mode&unix.S_IFMT == unix.S_IFCHR && st.Rdev == unix.Mkdev(1, 3)
		isEmpty := st.Mode&unix.S_IFMT == unix.S_IFDIR && len(entries) == 0 && (err == nil || errors.Is(err, unix.EACCES))
		if !isNull && !isEmpty || !m.Has("ro") {
			return broken("%s is neither null nor empty, or writable", m.Target)
		}
	}
	if seen == 0 {
		return broken("there is no mask")
	}
	return held("%d masks", seen)
}

func console(p *probe) outcome {
	var all []outcome
	for _, path := range []string{"/dev/console", "/dev/tty0", "/dev/tty1", "/dev/ttyS0", "/dev/vcs", "/dev/input", "/dev/kmsg", "/dev/mem", "/dev/net/tun", "/dev/fuse", "/dev/userfaultfd", "/dev/vsock"} {
		_, err := os.Lstat(path)
		all = append(all, p.refused(path, err))
	}
	return worst(all...)
}

// foreignTerminals finds terminals that are there and aren't the user's, and a
// ptmx that leads into another instance than /dev/pts.
func foreignTerminals(*probe) outcome {
	for _, path := range glob("/dev/pts/*") {
		var st unix.Stat_t
		if err := unix.Stat(path, &st); err != nil || filepath.Base(path) == "ptmx" {
			continue
		}
		if int(st.Uid) != os.Getuid() {
			return broken("%s belongs to uid %d", path, st.Uid)
		}
		if st.Mode&0o007 != 0 || st.Mode&0o040 != 0 {
			return broken("%s has mode %o", path, st.Mode&0o777)
		}
	}
	pair, err := newTerminal()
	if err != nil {
		return held("no terminal at all: %v", err)
	}
	defer pair.close()
	var st, instance unix.Stat_t
	if unix.Fstat(pair.slave, &st) != nil || unix.Stat("/dev/pts", &instance) != nil || st.Dev != instance.Dev {
		return broken("/dev/ptmx makes terminals of another instance than /dev/pts")
	}
	return held("a new terminal is of the jail's own instance")
}
