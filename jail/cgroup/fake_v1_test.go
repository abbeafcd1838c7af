package cgroup

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jailsh/jailsh/internal/wire"
)

// Each controller is taken from where it is, which may be jailshd's own cgroup:
// a limit that holds for jailshd holds for its cells too.
func TestHybrid(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	f.mountV1("memory", "/system.slice", "memory")
	f.mountV1("cpu,cpuacct", "/", "cpu", "cpuacct")
	f.mountV2("unified", "/", "/", "pids")
	tree := prepare(t, f)
	newGroup(t, tree, wire.Limits{Memory: 64 << 20, Swap: 1 << 20, Processes: 32, CPU: 500})
	f.has("unified/jailsh-1/cell-1", map[string]string{"pids.max": "32"})
	f.has("memory/system.slice/jailsh-1/cell-1", map[string]string{v1Memory: "67108864", v1Swap: "68157440"})
	f.has("cpu,cpuacct/jailsh-1/cell-1", map[string]string{"cpu.cfs_quota_us": "50000", "cpu.cfs_period_us": "100000"})
	if exists(f.path("unified/jailsh-1/cell-1/memory.max")) {
		t.Error("v2 got a controller that it doesn't have")
	}
}

func TestV1Unlimited(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	f.mountV1("all", "/", "memory", "pids", "cpu")
	tree := prepare(t, f)
	g := newGroup(t, tree, wire.Limits{Memory: 1 << 30, Swap: -1})
	f.has("all/jailsh-1/cell-1", map[string]string{v1Memory: "1073741824", v1Swap: "-1", "pids.max": "max", "cpu.cfs_quota_us": "-1"})
	if err := g.Set(&wire.Limits{}); err != nil {
		t.Fatal(err)
	}
	f.has("all/jailsh-1/cell-1", map[string]string{v1Memory: "-1", v1Swap: "-1"})
}

// Memory that goes to swap hasn't been limited. A kernel that doesn't count swap
// is good enough for a host that has none.
func TestV1WithoutSwapAccounting(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	f.mountV1("all", "/", "memory", "pids", "cpu")
	f.v1[f.path("all")] = []string{"tasks", "cgroup.procs", v1Memory, "memory.oom_control", "pids.max", "cpu.cfs_quota_us", "cpu.cfs_period_us"}
	f.rmfile("all/" + v1Swap)
	tree := prepare(t, f)
	g := newGroup(t, tree, wire.Limits{Memory: 1 << 30})

	f.write("proc/swaps", "Filename Type Size Used Priority\n/dev/sda2 partition 1000 0 -2\n")
	err := g.Set(&wire.Limits{Memory: 1 << 30})
	if err == nil || !strings.Contains(err.Error(), "limits.swap: ") || !strings.Contains(err.Error(), "boot with swapaccount=1") {
		t.Errorf("error: %v", err)
	}
	newGroup(t, tree, wire.Limits{Memory: 1 << 30, Swap: -1})
}

func TestMounted(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ line, path, want string }{
		{`36 35 0:30 / /sys/fs/cgroup rw,noatime master:1 shared:2 - cgroup2 cgroup rw`, "0::/a/b", "/sys/fs/cgroup/a/b"},
		{`36 35 0:30 / /sys/fs/cgroup rw - cgroup2 cgroup rw`, "0::/../other", ""},
		{`36 35 0:30 /docker/1 /sys/fs/cgroup rw - cgroup2 cgroup rw`, "0::/docker/1/x", "/sys/fs/cgroup/x"},
		{`36 35 0:30 /docker/1 /sys/fs/cgroup rw - cgroup2 cgroup rw`, "0::/docker/2", ""},
		{`36 35 0:30 / /c\040d rw - cgroup cgroup rw,cpu,cpuacct`, "3:cpu,cpuacct:/x:y", "/c d/x:y"},
		{`36 35 0:30 / /sys rw - cgroup cgroup rw,xattr,name=systemd`, "1:name=systemd:/", "/sys"},
		{`36 35 0:30 / /sys rw - cgroup cgroup rw,memory`, "4:cpu:/x", ""},
	} {
		all, err := mountedFrom(t, c.line, c.path)
		if err != nil || len(all) != 1 || all[0].own != c.want {
			t.Errorf("%s with %s: %+v, %v, want %q", c.line, c.path, all, err, c.want)
		}
	}
	if all, err := mountedFrom(t, "36 35 0:30 / /sys rw - tmpfs tmpfs rw", "0::/"); err != nil || len(all) != 0 {
		t.Errorf("a tmpfs is %+v, %v", all, err)
	}
	if all, err := mountedFrom(t, "36 - cgroup2 x rw", "0::/"); err == nil {
		t.Errorf("half a line is %+v", all)
	}
}

func mountedFrom(t *testing.T, line, path string) ([]*hierarchy, error) {
	t.Helper()
	process := t.TempDir()
	for name, text := range map[string]string{"mountinfo": line, "cgroup": path} {
		if err := os.WriteFile(filepath.Join(process, name), []byte(text+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return mounted(process)
}
