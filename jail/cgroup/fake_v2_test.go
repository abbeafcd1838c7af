package cgroup

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/jailsh/jailsh/internal/wire"
	"golang.org/x/sys/unix"
)

const (
	service = "sys/system.slice/jailshd.service"
	all     = "cpuset cpu io memory pids"
)

// prepare prepares the fake host's tree, which the test closes.
func prepare(t *testing.T, f *fake) *Tree {
	t.Helper()
	tree, _, err := f.find().Prepare("jailsh-1")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(tree.Close)
	return tree
}

func newGroup(t *testing.T, tree *Tree, l wire.Limits) *Group {
	t.Helper()
	g, err := tree.New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := g.Remove(); err != nil {
			t.Error(err)
		}
	})
	if err := g.Set(&l); err != nil {
		t.Fatal(err)
	}
	return g
}

// inService is a jailshd in a unit with Delegate=yes.
func inService(t *testing.T) *fake {
	f := newFake(t)
	f.mountV2("sys", "/", "/system.slice/jailshd.service", all)
	f.child(service, all, fmt.Sprintln(f.process))
	return f
}

// A cgroup with children may have no processes: jailshd leaves it before its
// cells come into it.
func TestV2InAService(t *testing.T) {
	t.Parallel()
	f := inService(t)
	tree := prepare(t, f)
	f.has(service, map[string]string{"cgroup.subtree_control": "+memory +pids +cpu"})
	f.has(service+"/jailshd", map[string]string{"cgroup.procs": "0"})
	f.has(service+"/jailsh-1", map[string]string{"cgroup.subtree_control": "+memory +pids +cpu", "cgroup.procs": ""})

	g := newGroup(t, tree, wire.Limits{Memory: 64 << 20, Swap: 1 << 20, Processes: 32, CPU: 500})
	cell := service + "/jailsh-1/cell-1"
	f.has(cell, map[string]string{"memory.max": "67108864", "memory.swap.max": "1048576", "pids.max": "32", "cpu.max": "50000 100000"})

	// As after a reload.
	for _, c := range []struct {
		limits wire.Limits
		want   map[string]string
	}{
		{wire.Limits{}, map[string]string{"memory.max": "max", "memory.swap.max": "max", "pids.max": "max", "cpu.max": "max 100000"}},
		{wire.Limits{Memory: 1 << 30, CPU: 2500}, map[string]string{"memory.max": "1073741824", "memory.swap.max": "0", "cpu.max": "250000 100000"}},
		{wire.Limits{Memory: 1 << 30, Swap: -1}, map[string]string{"memory.swap.max": "max"}},
	} {
		if err := g.Set(&c.limits); err != nil {
			t.Fatal(err)
		}
		f.has(cell, c.want)
	}
}

// What runs already is asked about too, and systemd can put jailshd into the leaf
// by itself.
func TestV2InTheLeaf(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	f.mountV2("sys", "/", "/system.slice/jailshd.service/jailshd", all)
	f.child(service, "memory pids", "")
	f.child(service+"/jailshd", "", fmt.Sprintf("%d\n4000000\n", f.process))
	if found := f.find().Missing(&wire.Limits{Memory: 1 << 30, Processes: 1, CPU: 1}); len(found) != 1 || found[0].Limit != "cpu" {
		t.Errorf("missing: %v", found)
	}
	newGroup(t, prepare(t, f), wire.Limits{Processes: 32})
	f.has(service+"/jailsh-1/cell-1", map[string]string{"pids.max": "32"})
	f.has(service+"/jailshd", map[string]string{"cgroup.subtree_control": ""})
}

// Where others share jailshd's cgroup, as in a shell, its cells go to the top,
// which may have both processes and children.
func TestV2InASession(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	f.mountV2("sys", "/", "/user.slice/session-1.scope", all)
	f.write("sys/cgroup.subtree_control", "memory pids cpu")
	f.child("sys/user.slice/session-1.scope", "memory pids", fmt.Sprintf("1\n%d\n", f.process))
	tree := prepare(t, f)
	f.has("sys", map[string]string{"cgroup.subtree_control": "memory pids cpu", "cgroup.procs": ""})
	newGroup(t, tree, wire.Limits{Processes: 32})
	f.has("sys/jailsh-1/cell-1", map[string]string{"pids.max": "32", "memory.max": "max", "cpu.max": "max 100000"})
}

// In a container the topmost cgroup that is seen is one like others.
func TestV2InAContainer(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	f.mountV2("sys", "/", "/", all)
	f.child("sys", all, fmt.Sprintln(f.process))
	prepare(t, f)
	f.has("sys/jailshd", map[string]string{"cgroup.procs": "0"})
	f.has("sys/jailsh-1", map[string]string{"cgroup.subtree_control": "+memory +pids +cpu"})
}

// The host's own topmost cgroup needs no leaving.
func TestV2AtTheTop(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	f.mountV2("sys", "/", "/", all)
	f.write("sys/cgroup.procs", fmt.Sprintln(f.process))
	prepare(t, f)
	if exists(f.path("sys/jailshd")) {
		t.Error("jailshd has left the topmost cgroup")
	}
}

// A cgroup that systemd hasn't delegated may lack controllers; then the limits
// that need them are refused, and say what to do.
func TestV2WithoutControllers(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	f.mountV2("sys", "/", "/system.slice/jailshd.service", all)
	f.child(service, "memory pids", fmt.Sprintln(f.process))
	tree := prepare(t, f)
	g := newGroup(t, tree, wire.Limits{Memory: 1 << 20})
	err := g.Set(&wire.Limits{Memory: 1 << 30, Processes: 10, CPU: 500})
	want := `limits.cpu: can't be enforced: this host has no cpu controller for jailshd - start jailshd from a systemd unit with Delegate=yes, or outside of a container, or set cpu = "unlimited"`
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	f.has(service+"/jailsh-1/cell-1", map[string]string{"memory.max": "1048576", "pids.max": "max"})
	newGroup(t, tree, wire.Limits{Memory: 1 << 30, Processes: 10})
}

func TestNoCgroups(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	tree := prepare(t, f)
	g := newGroup(t, tree, wire.Limits{OpenFiles: 100})
	if len(g.dirs) != 0 {
		t.Errorf("cgroups %v", g.dirs)
	}
	err := g.Set(&wire.Limits{Memory: 1 << 30, Processes: 1})
	for _, want := range []string{"limits.memory: ", "limits.processes: ", "run: mount -t cgroup2 none /sys/fs/cgroup, or set processes = "} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in: %v", want, err)
		}
	}
}

// The Raspberry Pi and its kind boot without memory cgroups.
func TestDisabledController(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	f.write("proc/cgroups", "#subsys_name\thierarchy\tnum_cgroups\tenabled\nmemory\t0\t1\t0\n")
	f.mountV2("sys", "/", "/", "cpu pids")
	found := f.find().Missing(&wire.Limits{Memory: 1 << 30, Processes: 1, CPU: 1})
	if len(found) != 1 || found[0].Limit != "memory" || !strings.HasPrefix(found[0].Fix, "boot with cgroup_enable=memory, or set memory = ") {
		t.Errorf("found %v", found)
	}
}

// What a jailshd that was killed has left is removed, and ended if it still runs;
// what isn't of this instance stays.
func TestLeftovers(t *testing.T) {
	t.Parallel()
	f := inService(t)
	f.child(service+"/jailsh-1", all, "")
	f.child(service+"/jailsh-1/cell-7", all, "4000000\n")
	f.child(service+"/jailsh-1/cell-1", all, "")
	f.child(service+"/jailsh-2/cell-1", all, "4000001\n")
	tree, left, err := f.find().Prepare("jailsh-1")
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(left, []string{"cell-1", "cell-7"}) {
		t.Errorf("removed %v", left)
	}
	if exists(f.path(service + "/jailsh-1/cell-7")) {
		t.Error("the leftover is still there")
	}
	f.has(service+"/jailsh-2/cell-1", map[string]string{"cgroup.procs": "4000001", "cgroup.kill": ""})
	tree.Close()
	if exists(f.path(service + "/jailsh-1")) {
		t.Error("Close has left the instance's cgroup")
	}
}

// Of a cell that can't be made in one hierarchy nothing is left in the other.
func TestHalfMadeGroup(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	f.mountV2("sys", "/", "/", "memory pids")
	f.mountV1("cpu", "/", "cpu")
	tree := prepare(t, f)
	f.refusals[f.path("cpu/jailsh-1/cell-1")] = unix.ENOSPC
	if _, err := tree.New(); err == nil || !strings.Contains(err.Error(), "cell-1: no space left") {
		t.Errorf("error: %v", err)
	}
	for _, dir := range []string{"sys/jailsh-1", "cpu/jailsh-1"} {
		if found, _ := filepath.Glob(f.path(dir + "/cell-*")); len(found) > 0 {
			t.Errorf("left: %v", found)
		}
	}
}

// The kernel tells of its counters' files that they have changed.
func TestV2Events(t *testing.T) {
	t.Parallel()
	f := inService(t)
	g := newGroup(t, prepare(t, f), wire.Limits{})
	seen := make(chan Event, 10)
	cell := service + "/jailsh-1/cell-1/"
	f.write(cell+"memory.events", "low 0\noom 1\noom_kill 1\n") // before: of no interest
	if err := g.Watch(func(e Event) { seen <- e }); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		file, content string
		want          Event
	}{
		{"memory.events", "low 0\noom 3\noom_kill 3\n", Event{Killed: 2}},
		{"pids.events", "max 5\n", Event{Refused: 5}},
		{"pids.events", "max 7\n", Event{Refused: 2}},
	} {
		f.count(cell+c.file, c.content)
		if got := <-seen; got != c.want { // or the test's deadline
			t.Errorf("after %q: %+v, want %+v", c.content, got, c.want)
		}
	}
}
