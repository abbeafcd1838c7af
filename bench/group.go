package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/jailsh/jailsh/internal/mountinfo"
)

// group is a control group of version 2 that a server is started in. The kernel
// counts its CPU time to the microsecond, also of processes that have ended; it
// does so without any controller (cgroup-v2.rst, cpu.stat).
type group struct {
	dir  string
	file *os.File
}

// newGroup makes a group below that of this process. One of that name that an
// earlier run has left is taken over.
func newGroup(name string) (*group, error) {
	top, err := groupFolder("/proc/self/mountinfo", "/proc/self/cgroup")
	if err != nil {
		return nil, err
	}
	g := &group{dir: filepath.Join(top, "jailsh-bench-"+name)}
	if err := os.Mkdir(g.dir, 0o755); err != nil && !errors.Is(err, os.ErrExist) {
		return nil, err
	}
	g.file, err = os.Open(g.dir)
	return g, err
}

// groupFolder is the folder of the version 2 group of the process that the two
// files of proc(5) speak of.
func groupFolder(mountTable, cgroup string) (string, error) {
	mounts, err := os.ReadFile(mountTable)
	if err != nil {
		return "", err
	}
	groups, err := os.ReadFile(cgroup)
	if err != nil {
		return "", err
	}
	table, err := mountinfo.Parse(string(mounts))
	if err != nil {
		return "", err
	}
	for _, m := range table {
		if m.Type != "cgroup2" {
			continue
		}
		for line := range strings.Lines(string(groups)) {
			if own, ok := strings.CutPrefix(line, "0::"); ok {
				return filepath.Join(m.Target, strings.TrimSpace(own)), nil
			}
		}
	}
	return "", errors.New("no cgroup2 file system is mounted - run: mount -t cgroup2 none /sys/fs/cgroup/unified")
}

// cpu is the time that the group's processes have used since it was made.
func (g *group) cpu() (time.Duration, error) {
	stat, err := os.ReadFile(filepath.Join(g.dir, "cpu.stat"))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(stat)) {
		if usec, ok := strings.CutPrefix(line, "usage_usec "); ok {
			n, err := strconv.ParseInt(strings.TrimSpace(usec), 10, 64)
			return time.Duration(n) * time.Microsecond, err
		}
	}
	return 0, fmt.Errorf("%s/cpu.stat has no usage_usec", g.dir)
}

// pids are the group's processes.
func (g *group) pids() (pids []int, err error) {
	text, err := os.ReadFile(filepath.Join(g.dir, "cgroup.procs"))
	if err != nil {
		return nil, err
	}
	for line := range strings.Lines(string(text)) {
		pid, err := strconv.Atoi(strings.TrimSpace(line))
		if err != nil {
			return nil, err
		}
		pids = append(pids, pid)
	}
	return pids, nil
}

// remove removes the group. Its processes have ended, or are about to: one that
// the kernel hasn't cleared away yet keeps it for a moment.
func (g *group) remove() {
	g.file.Close()
	_ = poll(context.Background(), time.Second, func() (bool, error) {
		return os.Remove(g.dir) == nil, nil // else the next run takes it over
	})
}
