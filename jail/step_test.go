package jail_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"

	"github.com/jailsh/jailsh/jail/build"
)

// Each step fails once. The login must fail with the step's name, and the host
// must be as before: no mount, process, cgroup or descriptor more.
func TestAFailedStepEndsTheLoginAndLeavesNothing(t *testing.T) {
	groups, instance := newGroups(t)
	cells, _ := newCellsIn(t, groups)
	a := account(t, "alice", 20001)
	if _, _, err := open(t, cells, a); err != nil { // warm up what is made once
		t.Fatal(err)
	}
	cells.End("alice", "of a test")
	names := build.Names()
	for i, step := range names {
		t.Run(step, func(t *testing.T) {
			before := hostState(t, instance)
			a := a
			a.Hostname = "fail-" + step
			_, _, err := open(t, cells, a)
			want := fmt.Sprintf("jail alice: step %d/%d %s: input/output error", i+1, len(names), step)
			if err == nil || err.Error() != want {
				t.Errorf("got %v, want %s", err, want)
			}
			if after := hostState(t, instance); after != before {
				t.Errorf("left behind:\n%s\nbefore:\n%s", after, before)
			}
		})
	}
	a.Hostname = "jail"
	if _, _, err := open(t, cells, a); err != nil {
		t.Errorf("after all failures: %v", err)
	}
}

// hostState is what a cell of the instance could leave behind. Other tests may
// make cgroups of theirs at the same time.
func hostState(t *testing.T, instance string) string {
	t.Helper()
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, e := range glob(t, "/proc/[0-9]*/comm") {
		if name, err := os.ReadFile(e); err == nil && strings.HasPrefix(string(name), "jailsh-init") && ours(e) {
			found = append(found, e)
		}
	}
	_ = filepath.WalkDir("/sys/fs/cgroup", func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && strings.Contains(path, "/"+instance) {
			found = append(found, path)
		}
		return nil // others' come and go
	})
	sort.Strings(found)
	return fmt.Sprintf("%s\n%s\n%d descriptors", mounts, strings.Join(found, "\n"), len(glob(t, "/proc/self/fd/*")))
}

// ours tells whether the process at /proc/PID/comm is a child of this one:
// other tests may run jails at the same time.
func ours(comm string) bool {
	status, err := os.ReadFile(filepath.Join(filepath.Dir(comm), "status"))
	return err == nil && strings.Contains(string(status), fmt.Sprintf("\nPPid:\t%d\n", os.Getpid()))
}

func glob(t *testing.T, pattern string) []string {
	t.Helper()
	names, err := filepath.Glob(pattern)
	if err != nil {
		t.Fatal(err)
	}
	return names
}
