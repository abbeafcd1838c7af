package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

func TestGroupFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, text string) string {
		t.Helper()
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	none := write("none", "30 1 0:26 / /sys/fs/cgroup/cpu rw shared:9 - cgroup cgroup rw,cpu\n")
	both := write("both", "30 1 0:26 / /sys/fs/cgroup/cpu rw shared:9 - cgroup cgroup rw,cpu\n31 1 0:27 / /sys/fs/cgroup/unified rw - cgroup2 none rw\n")
	groups := write("groups", "2:cpu:/a\n0::/b/c\n")
	if _, err := groupFolder(none, groups); err == nil {
		t.Error("found without cgroup2")
	}
	if got, err := groupFolder(both, groups); err != nil || got != "/sys/fs/cgroup/unified/b/c" {
		t.Errorf("%q, %v", got, err)
	}
}

// What a process has used is counted after its end too.
func TestGroupCountsWhatEnded(t *testing.T) {
	t.Parallel()
	g, err := newGroup("test")
	if err != nil {
		t.Fatal(err)
	}
	defer g.remove()
	before, err := g.cpu()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("sh", "-c", "i=0; while [ $i -lt 20000 ]; do i=$((i + 1)); done")
	cmd.SysProcAttr = &syscall.SysProcAttr{UseCgroupFD: true, CgroupFD: int(g.file.Fd())}
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	used := cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	after, err := g.cpu()
	if err != nil {
		t.Fatal(err)
	}
	if got := after - before; got < used/2 || got > used*2+10*time.Millisecond {
		t.Errorf("the group used %v, its process %v", got, used)
	}
}
