package cgroup

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// The controllers, in the order in which problems name them.
var controllers = [...]string{"memory", "pids", "cpu"}

// Host is where the controllers of this host are.
type Host struct {
	proc        string                // where proc(5) is mounted
	process     string                // the folder of the process in it
	by          map[string]*hierarchy // by controller; one that is missing has none
	hierarchies []*hierarchy          // the values of by, each once
	mkdir       func(path string) error
	rmdir       func(path string) error
}

// hierarchy is a mounted tree of cgroups.
type hierarchy struct {
	v2      bool
	mount   string   // mount point
	options []string // super options: of v1, its controllers
	own     string   // folder of the process's cgroup; "" if it is outside of what is mounted
	base    string   // where the instance's cgroup goes
	leave   bool     // the process has to leave base first
}

// Find looks at the cgroups of this process.
func Find() (*Host, error) { return find("/proc", os.Getpid()) }

// FindOf looks at those of another: of a jailshd that runs.
func FindOf(pid int) (*Host, error) { return find("/proc", pid) }

func find(proc string, pid int) (*Host, error) {
	h := &Host{
		proc: proc, process: filepath.Join(proc, strconv.Itoa(pid)), by: map[string]*hierarchy{},
		mkdir: func(path string) error { return os.Mkdir(path, 0o755) }, rmdir: os.Remove,
	}
	all, err := mounted(h.process)
	if err != nil {
		return nil, fmt.Errorf("cgroups: %w - mount /proc", err)
	}
	for _, tree := range all {
		tree.choose(pid)
		offered := tree.options
		if tree.v2 {
			offered = words(filepath.Join(tree.base, "cgroup.controllers"))
		}
		for _, c := range controllers {
			if h.by[c] == nil && slices.Contains(offered, c) {
				h.by[c] = tree
				if !slices.Contains(h.hierarchies, tree) {
					h.hierarchies = append(h.hierarchies, tree)
				}
			}
		}
	}
	return h, nil
}

// choose decides where the instance's cgroup goes.
func (t *hierarchy) choose(pid int) {
	t.base = t.mount
	switch {
	case t.own == "":
	case !t.v2:
		t.base = t.own
	case t.own == t.mount && top(t.mount):
		// Of the topmost cgroup alone may processes and controllers be together.
	case filepath.Base(t.own) == leaf:
		// A jailshd that has left already, or was put there (DelegateSubgroup= of
		// systemd.resource-control(5)).
		t.base = filepath.Dir(t.own)
	case alone(t.own, pid):
		t.base, t.leave = t.own, true
	}
}

// top tells the topmost cgroup of the host from that of a cgroup namespace: it
// has no type (cgroup-v2, "cgroup.type").
func top(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, "cgroup.type"))
	return errors.Is(err, os.ErrNotExist)
}

// alone tells whether a process is all that a cgroup has.
func alone(dir string, pid int) bool {
	procs := words(filepath.Join(dir, "cgroup.procs"))
	return len(procs) == 1 && procs[0] == strconv.Itoa(pid)
}

// words reads a file of words; one that can't be read has none.
func words(file string) []string {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil
	}
	return strings.Fields(string(text))
}
