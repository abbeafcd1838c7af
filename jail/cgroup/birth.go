package cgroup

import (
	"os"
	"path/filepath"
	"runtime"
	"syscall"

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
	return enter(threads, start)
}

// enter calls start in a thread that has entered v1 cgroups. The thread isn't
// used for anything else: it ends with its goroutine, which leaves it locked
// (runtime.LockOSThread). The main thread wouldn't end.
func enter(threads []string, start func() (*os.Process, error)) (p *os.Process, err error) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread()
		if unix.Gettid() == unix.Getpid() {
			p, err = enter(threads, start) // elsewhere: this thread is taken meanwhile
			runtime.UnlockOSThread()
			return
		}
		for _, file := range threads {
			if err = put(file, "0"); err != nil { // whoever writes (cgroup-v1)
				return
			}
		}
		p, err = start()
	}()
	<-done
	return p, err
}
