package cgroup

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// Event is what the limits of a cell have done since the last one.
type Event struct {
	Killed  uint64 // processes that the kernel killed for memory
	Refused uint64 // forks over the number of processes
}

// eyes are what a group sees of its limits at work.
type eyes struct {
	watches []int32
	oom     *os.File      // eventfd of v1's memory controller
	closed  chan struct{} // when the goroutine of oom has ended

	mu     sync.Mutex
	report func(Event)
	seen   Event
}

// Watch calls report after each time that a limit struck, until Remove. It is
// called from goroutines of the package's, and must not wait.
func (g *Group) Watch(report func(Event)) error {
	g.eyes.mu.Lock()
	g.eyes.report, g.eyes.seen = report, g.counters()
	g.eyes.mu.Unlock()
	var errs []error
	see := func(dir, name string) {
		wd, err := g.tree.watch.add(g, filepath.Join(dir, name))
		if err == nil {
			g.eyes.watches = append(g.eyes.watches, wd)
		}
		errs = append(errs, err)
	}
	pids, modernPids := g.in("pids")
	memory, modernMemory := g.in("memory")
	if modernPids {
		see(pids, "pids.events")
	}
	if modernMemory {
		see(memory, "memory.events")
		memory = ""
	}
	if memory != "" || pids != "" && !modernPids {
		errs = append(errs, g.watchV1(memory))
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("cgroups: %w", err)
	}
	return nil
}

// counters reads how often the limits have struck.
func (g *Group) counters() (e Event) {
	if dir, v2 := g.in("memory"); v2 {
		e.Killed = counter(filepath.Join(dir, "memory.events"), "oom_kill")
	} else if dir != "" {
		e.Killed = counter(filepath.Join(dir, "memory.oom_control"), "oom_kill")
	}
	if dir, _ := g.in("pids"); dir != "" {
		e.Refused = counter(filepath.Join(dir, "pids.events"), "max")
	}
	return e
}

// look reports what is new, and tells whether a process was killed.
func (g *Group) look() (killed bool) {
	g.eyes.mu.Lock()
	defer g.eyes.mu.Unlock()
	if g.eyes.report == nil {
		return false
	}
	now := g.counters()
	fresh := Event{Killed: now.Killed - g.eyes.seen.Killed, Refused: now.Refused - g.eyes.seen.Refused}
	g.eyes.seen = now
	if fresh != (Event{}) {
		g.eyes.report(fresh)
	}
	return fresh.Killed > 0
}

// watchV1 asks v1's memory controller to be told through an eventfd(2) of a cell
// that is out of memory (cgroup-v1/memory, "OOM Control"). Of its other counters
// v1 says nothing: they are read at times.
func (g *Group) watchV1(memory string) error {
	fd, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		return os.NewSyscallError("eventfd", err)
	}
	g.eyes.oom, g.eyes.closed = os.NewFile(uintptr(fd), "oom"), make(chan struct{})
	go g.hear()
	if memory == "" {
		return nil
	}
	control, err := os.Open(filepath.Join(memory, "memory.oom_control"))
	if err != nil {
		return err
	}
	defer control.Close()
	return put(filepath.Join(memory, "cgroup.event_control"), fmt.Sprintf("%d %d", fd, int(control.Fd())))
}

const (
	// The kernel tells of v1's event before it has chosen whom to kill; the counter
	// follows, unless the memory of a cgroup above was short, which all below are
	// told as well.
	lookTries = 10
	lookPause = 20 * time.Millisecond

	// lookEvery is how often counters are read that nobody tells of.
	lookEvery = 5 * time.Second
)

// hear waits for the eventfd, until blind closes it.
func (g *Group) hear() {
	defer close(g.eyes.closed)
	var count [8]byte
	for {
		_ = g.eyes.oom.SetReadDeadline(time.Now().Add(lookEvery)) // closed: Read says so
		_, err := g.eyes.oom.Read(count[:])
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
			g.look()
		case err != nil:
			return
		default:
			for try := 0; try < lookTries && !g.look(); try++ {
				time.Sleep(lookPause) //nolint:forbidigo // the kernel tells of the beginning only
			}
		}
	}
}

// blind ends all watching.
func (g *Group) blind() {
	for _, wd := range g.eyes.watches {
		g.tree.watch.remove(wd)
	}
	if g.eyes.oom != nil {
		g.eyes.oom.Close()
		<-g.eyes.closed
	}
	g.eyes.mu.Lock()
	g.eyes.report = nil
	g.eyes.mu.Unlock()
}
