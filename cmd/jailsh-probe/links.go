package main

import (
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// linkAttacks have root, or the next login, follow where it shouldn't. What needs
// somebody outside at the same time is in package integration.
func linkAttacks() []attack {
	return []attack{
		{name: "hard-link", what: "link(2), linkat: a second name for a file of the template, of /etc, of /proc", try: hardLinks},
		{name: "read-only-by-descriptor", what: "open a read-only file again for writing, through /proc/self/fd", try: func(p *probe) outcome {
			fd, err := unix.Open("/etc/passwd", unix.O_RDONLY|unix.O_CLOEXEC, 0)
			if err != nil {
				return held("%v", err)
			}
			path := filepath.Join("/proc/self/fd", itoa(fd))
			return p.refused("open", openForWriting(path))
		}},
	}
}

func hardLinks(p *probe) outcome {
	var all []outcome
	paths := []string{"/etc/passwd", "/etc/hostname", "/dev/null", "/proc/kcore", "/proc/sys/kernel/core_pattern", p.initPath("exe")}
	if os.Geteuid() != 0 { // root, out of a jail, would touch a program of the host's, which somebody may be copying
		paths = append(paths, "/usr/bin/env")
	}
	for _, path := range paths {
		for _, dir := range []string{p.scratch, p.home} {
			name := filepath.Join(dir, ".probe-link")
			err := unix.Linkat(unix.AT_FDCWD, path, unix.AT_FDCWD, name, unix.AT_SYMLINK_FOLLOW)
			_ = unix.Unlink(name)
			all = append(all, p.refused("link "+path, err))
		}
	}
	return worst(all...)
}
