package cgroup

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jailsh/jailsh/internal/wire"
	"golang.org/x/sys/unix"
)

// These tests use the cgroups of this host: they want root and, of v1 or v2,
// memory, pids and cpu.

func onHost(t *testing.T) *Tree {
	t.Helper()
	h, err := Find()
	if err != nil {
		t.Fatal(err)
	}
	name, err := Name(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	tree, left, err := h.Prepare(name)
	if err != nil || len(left) > 0 {
		t.Fatalf("left %v: %v", left, err)
	}
	t.Cleanup(func() {
		tree.Close()
		for _, y := range h.hierarchies {
			if exists(tree.dir(y)) {
				t.Errorf("%s is left", tree.dir(y))
			}
		}
	})
	return tree
}

// run runs a shell command in the group and waits for its end.
func run(t *testing.T, g *Group, command string) (output string, state *os.ProcessState) {
	t.Helper()
	said, err := os.Create(filepath.Join(t.TempDir(), "said")) // a pipe would wait for the last of its children
	if err != nil {
		t.Fatal(err)
	}
	defer said.Close()
	attr := &os.ProcAttr{Files: []*os.File{nil, said, said}, Env: []string{"PATH=/usr/bin:/bin"}, Sys: &syscall.SysProcAttr{}}
	p, err := g.Start(attr.Sys, func() (*os.Process, error) { return os.StartProcess("/bin/sh", []string{"sh", "-c", command}, attr) })
	if err != nil {
		t.Fatal(err)
	}
	if state, err = p.Wait(); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(said.Name())
	if err != nil {
		t.Fatal(err)
	}
	return string(text), state
}

// limited makes a group and reads back what keeps the test's programs from
// hurting the host.
func limited(t *testing.T, tree *Tree, l wire.Limits) *Group {
	t.Helper()
	g := newGroup(t, tree, l)
	if dir, _ := g.in("pids"); strings.Join(words(filepath.Join(dir, "pids.max")), "") != fmt.Sprint(l.Processes) {
		t.Fatalf("%s: pids.max isn't %d", dir, l.Processes)
	}
	dir, v2 := g.in("memory")
	file := v1Memory
	if v2 {
		file = "memory.max"
	}
	if strings.Join(words(filepath.Join(dir, file)), "") != fmt.Sprint(l.Memory) {
		t.Fatalf("%s isn't %d", file, l.Memory)
	}
	return g
}

const mib = 1 << 20

// A process is in its cgroup with its first instruction: what it could do before
// somebody moved it would not be bounded.
func TestBornInside(t *testing.T) {
	t.Parallel()
	tree := onHost(t)
	g := limited(t, tree, wire.Limits{Memory: 64 * mib, Processes: 20, CPU: 500})
	out, _ := run(t, g, "exec cat /proc/self/cgroup")
	for i, y := range tree.host.hierarchies {
		if !strings.Contains(out, "/"+tree.name+"/"+filepath.Base(g.dirs[i])+"\n") {
			t.Errorf("v2 %t: not in %s:\n%s", y.v2, g.dirs[i], out)
		}
	}
	for _, task := range tasks(t) {
		if strings.Contains(task, tree.name) {
			t.Errorf("a thread of this process has stayed in the cell's cgroup: %s", task)
		}
	}
}

// tasks are the cgroups of this process's threads. One that forked may be about
// to end: it is waited for.
func tasks(t *testing.T) (all []string) {
	t.Helper()
	for range 100 {
		all = nil
		files, _ := filepath.Glob("/proc/self/task/*/cgroup")
		for _, f := range files {
			text, _ := os.ReadFile(f) // may have ended
			all = append(all, string(text))
		}
		if !slices.ContainsFunc(all, func(s string) bool { return strings.Contains(s, "/cell-") }) {
			return all
		}
		<-time.After(10 * time.Millisecond)
	}
	return all
}

func TestProcessesAreBounded(t *testing.T) {
	t.Parallel()
	g := limited(t, onHost(t), wire.Limits{Memory: 64 * mib, Processes: 10})
	seen := make(chan Event, 1000)
	if err := g.Watch(func(e Event) { seen <- e }); err != nil {
		t.Fatal(err)
	}
	out, state := run(t, g, `i=0; while [ $i -lt 50 ]; do sleep 1000 & i=$((i+1)); done`)
	if state.Success() || !strings.Contains(out, "ork") { // "Cannot fork"
		t.Errorf("50 processes: %v\n%s", state, out)
	}
	if e := <-seen; e.Refused == 0 || e.Killed != 0 {
		t.Errorf("the event was %+v", e)
	}
	// What is left over is ended by Remove.
}

func TestMemoryIsBounded(t *testing.T) {
	t.Parallel()
	g := limited(t, onHost(t), wire.Limits{Memory: 64 * mib, Processes: 10})
	seen := make(chan Event, 1000)
	if err := g.Watch(func(e Event) { seen <- e }); err != nil {
		t.Fatal(err)
	}
	out, state := run(t, g, "exec tail /dev/zero")
	if status := state.Sys().(syscall.WaitStatus); !status.Signaled() || status.Signal() != syscall.SIGKILL {
		t.Errorf("it ended with %v\n%s", state, out)
	}
	if e := <-seen; e.Killed != 1 {
		t.Errorf("the event was %+v", e)
	}
}

// A limit that changes holds for what runs.
func TestSetWhileItRuns(t *testing.T) {
	t.Parallel()
	g := limited(t, onHost(t), wire.Limits{Memory: 64 * mib, Processes: 10})
	for _, l := range []wire.Limits{{Memory: 256 * mib, Swap: mib, Processes: 30, CPU: 250}, {Memory: 32 * mib, Processes: 5}, {}} {
		if err := g.Set(&l); err != nil {
			t.Fatalf("%+v: %v", l, err)
		}
	}
}

// Whoever is killed with jailshd leaves its cgroups; the next one removes them and
// ends what should run in them.
func TestLeftoversOnTheHost(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	name, err := Name(dir)
	if err != nil {
		t.Fatal(err)
	}
	h, err := Find()
	if err != nil {
		t.Fatal(err)
	}
	tree, _, err := h.Prepare(name)
	if err != nil {
		t.Fatal(err)
	}
	g, err := tree.New()
	if err != nil {
		t.Fatal(err)
	}
	if err := g.Set(&wire.Limits{Memory: 64 * mib, Processes: 10}); err != nil {
		t.Fatal(err)
	}
	attr := &os.ProcAttr{Sys: &syscall.SysProcAttr{}}
	p, err := g.Start(attr.Sys, func() (*os.Process, error) { return os.StartProcess("/bin/sleep", []string{"sleep", "1000"}, attr) })
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan *os.ProcessState)
	go func() {
		state, _ := p.Wait()
		ended <- state
	}()
	again, left, err := h.Prepare(name)
	if err != nil || !slices.Equal(left, []string{g.Name()}) {
		_ = p.Kill()
		t.Fatalf("removed %v: %v", left, err)
	}
	if state := <-ended; state.Sys().(syscall.WaitStatus).Signal() != unix.SIGKILL {
		t.Errorf("what still ran ended with %v", state)
	}
	tree.Close()
	again.Close()
	for _, d := range g.dirs {
		if exists(d) {
			t.Errorf("%s is left", d)
		}
	}
}

// Two instances on one host have nothing in common.
func TestInstancesAreApart(t *testing.T) {
	t.Parallel()
	a, b := onHost(t), onHost(t)
	if a.name == b.name {
		t.Fatal(a.name)
	}
	g := newGroup(t, a, wire.Limits{})
	h, err := Find()
	if err != nil {
		t.Fatal(err)
	}
	second, left, err := h.Prepare(b.name)
	if err != nil || len(left) > 0 {
		t.Errorf("removed %v: %v", left, err)
	}
	second.Close()
	for _, d := range g.dirs {
		if !exists(d) {
			t.Errorf("%s was removed by another instance", d)
		}
	}
	if pid := strconv.Itoa(os.Getpid()); len(g.dirs) > 0 && slices.Contains(words(filepath.Join(g.dirs[0], "cgroup.procs")), pid) {
		t.Error("this process is in a cell")
	}
}

// v2 has its own ways of beginning and of ending, also on a host where v1 has the
// controllers.
func TestV2OnTheHost(t *testing.T) {
	t.Parallel()
	all, err := mounted("/proc/self")
	if err != nil || len(all) == 0 || !all[0].v2 {
		t.Fatalf("cgroup v2 isn't mounted: %v", err)
	}
	y := all[0]
	y.base = y.mount
	h := &Host{proc: "/proc", hierarchies: []*hierarchy{y}, mkdir: func(path string) error { return os.Mkdir(path, 0o755) }, rmdir: os.Remove}
	name, err := Name(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	tree, _, err := h.Prepare(name)
	if err != nil {
		t.Fatal(err)
	}
	defer tree.Close()
	g, err := tree.New()
	if err != nil {
		t.Fatal(err)
	}
	out, _ := run(t, g, "cat /proc/self/cgroup; sleep 1000 >/dev/null 2>&1 &")
	if !strings.Contains(out, "0::/"+name+"/cell-1\n") {
		t.Errorf("not in its cgroup:\n%s", out)
	}
	if err := g.Remove(); err != nil || exists(g.dirs[0]) { // with the sleep in it
		t.Errorf("%s is still there: %v", g.dirs[0], err)
	}
}
