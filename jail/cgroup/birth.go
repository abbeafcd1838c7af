package cgroup

import (
	"os"
	"path/filepath"
	"syscall"

	"github.com/jailsh/jailsh/internal/thread"
	"golang.org/x/sys/unix"
)

// Start starts a process that is in the cgroup from its birth. A child of jailshd
// that was moved later would have a moment outside; and moving a process makes
// the kernel wait for all processors, which takes some 20 ms on an idle host.
//
// v2 takes the cgroup as an argument of clone3(2). In v1 a child inherits the
// cgroup of the thread that forks: a thread of its own enters, forks, and ends.
func (g *Group) Start(sys *syscall.SysProcAttr, start func() (*os.Process, error)) (*os.Process, error) {
	var threads []string
	modern := ""
	for i, y := range g.tree.host.hierarchies {
		if y.v2 {
			modern = g.dirs[i]
		} else {
			threads = append(threads, filepath.Join(g.dirs[i], "tasks"))
		}
	}
	if modern != "" {
		dir, err := os.OpenFile(modern, unix.O_PATH|unix.O_DIRECTORY, 0)
		if err != nil {
			return nil, err
		}
		defer dir.Close()
		sys.UseCgroupFD, sys.CgroupFD = true, int(dir.Fd())
	}
	if len(threads) == 0 {
		return start()
	}
	var p *os.Process
	err := thread.Apart(func() (err error) {
		for _, file := range threads {
			if err := put(file, "0"); err != nil { // whoever writes (cgroup-v1)
				return err
			}
		}
		p, err = start()
		return err
	})
	return p, err
}
