package cgroup

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// A host whose cgroup file systems are ordinary folders. They imitate what the
// package relies on: mkdir makes the files, of v2 those of the controllers that
// the cgroup above has enabled, and rmdir refuses a cgroup with processes.
type fake struct {
	t        *testing.T
	root     string
	mounts   []string
	cgroups  []string
	v1       map[string][]string // files of a v1 mount, by its mount point
	process  int
	refusals map[string]error // of mkdir, by path
}

func newFake(t *testing.T) *fake {
	t.Helper()
	f := &fake{t: t, root: t.TempDir(), v1: map[string][]string{}, process: os.Getpid(), refusals: map[string]error{}}
	f.write("proc/cgroups", "#subsys_name\thierarchy\tnum_cgroups\tenabled\nmemory\t0\t1\t1\n")
	f.write("proc/swaps", "Filename Type Size Used Priority\n")
	return f
}

func (f *fake) write(name, content string) {
	f.t.Helper()
	path := f.path(name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		f.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		f.t.Fatal(err)
	}
}

// count changes a file of counters as the kernel does: at no time is it empty.
func (f *fake) count(name, content string) {
	f.t.Helper()
	file, err := os.OpenFile(f.path(name), os.O_WRONLY, 0)
	if err == nil {
		_, err = file.WriteString(content)
		err = errors.Join(err, file.Close())
	}
	if err != nil {
		f.t.Fatal(err)
	}
}

func (f *fake) path(name string) string { return filepath.Join(f.root, name) }

func (f *fake) read(name string) string {
	f.t.Helper()
	text, err := os.ReadFile(f.path(name))
	if err != nil {
		f.t.Fatal(err)
	}
	return string(text)
}

// v2Files are those of a v2 cgroup, by controller.
var v2Files = map[string][]string{
	"memory": {"memory.max", "memory.swap.max", "memory.events"},
	"pids":   {"pids.max", "pids.events"},
	"cpu":    {"cpu.max"},
}

// mountV2 mounts v2 with what its topmost visible cgroup offers.
func (f *fake) mountV2(at, root, own, controllers string) {
	f.mounts = append(f.mounts, fmt.Sprintf("38 31 0:35 %s %s rw,relatime shared:9 - cgroup2 cgroup2 rw,nsdelegate", root, f.path(at)))
	f.cgroups = append(f.cgroups, "0::"+own)
	f.write(filepath.Join(at, "cgroup.controllers"), controllers)
	f.write(filepath.Join(at, "cgroup.subtree_control"), "")
	f.write(filepath.Join(at, "cgroup.procs"), "")
}

// child makes a v2 cgroup that was there before, with some processes.
func (f *fake) child(at, controllers, procs string) {
	for name, content := range map[string]string{
		"cgroup.controllers": controllers, "cgroup.subtree_control": "", "cgroup.type": "domain\n", "cgroup.procs": procs, "cgroup.kill": "",
	} {
		f.write(filepath.Join(at, name), content)
	}
	for _, c := range strings.Fields(controllers) {
		for _, name := range v2Files[c] {
			f.write(filepath.Join(at, name), "")
		}
	}
}

func (f *fake) mountV1(at, own string, controllers ...string) {
	list := strings.Join(controllers, ",")
	f.mounts = append(f.mounts, fmt.Sprintf("32 31 0:29 / %s rw,relatime - cgroup cgroup rw,%s", f.path(at), list))
	f.cgroups = append(f.cgroups, fmt.Sprintf("%d:%s:%s", len(f.cgroups)+1, list, own))
	names := map[string][]string{
		"memory": {v1Memory, v1Swap, "memory.oom_control", "cgroup.event_control"},
		"pids":   {"pids.max", "pids.events"},
		"cpu":    {"cpu.cfs_quota_us", "cpu.cfs_period_us"},
	}
	files := []string{"cgroup.procs", "tasks"}
	for _, c := range controllers {
		files = append(files, names[c]...)
	}
	f.v1[f.path(at)] = files
	for _, name := range files {
		f.write(filepath.Join(at, own, name), "")
	}
}

func (f *fake) find() *Host {
	f.t.Helper()
	f.write(fmt.Sprintf("proc/%d/mountinfo", f.process), strings.Join(append([]string{"22 1 8:1 / / rw - ext4 /dev/sda1 rw"}, f.mounts...), "\n")+"\n")
	f.write(fmt.Sprintf("proc/%d/cgroup", f.process), strings.Join(f.cgroups, "\n")+"\n")
	h, err := find(f.path("proc"), f.process)
	if err != nil {
		f.t.Fatal(err)
	}
	h.mkdir, h.rmdir = f.mkdir, f.rmdir
	return h
}

func (f *fake) mkdir(path string) error {
	if err := f.refusals[path]; err != nil {
		return &os.PathError{Op: "mkdir", Path: path, Err: err}
	}
	if err := os.Mkdir(path, 0o700); err != nil {
		return err
	}
	below, err := filepath.Rel(f.root, path)
	if err != nil {
		return err
	}
	for mount, files := range f.v1 {
		if strings.HasPrefix(path, mount+"/") {
			for _, name := range files {
				f.write(filepath.Join(below, name), "")
			}
			return nil
		}
	}
	enabled := strings.ReplaceAll(f.read(filepath.Join(filepath.Dir(below), "cgroup.subtree_control")), "+", "")
	f.child(below, enabled, "")
	return nil
}

// rmdir removes a cgroup without processes; cgroup.kill has ended them.
func (f *fake) rmdir(path string) error {
	entries, err := os.ReadDir(path)
	if err != nil {
		return err
	}
	inner := slices.ContainsFunc(entries, func(e os.DirEntry) bool { return e.IsDir() })
	killed, _ := os.ReadFile(filepath.Join(path, "cgroup.kill"))
	procs, err := os.ReadFile(filepath.Join(path, "cgroup.procs"))
	if err == nil && (inner || len(procs) > 0 && string(killed) != "1") {
		return &os.PathError{Op: "rmdir", Path: path, Err: unix.EBUSY}
	}
	return errors.Join(err, os.RemoveAll(path))
}

// has compares files of a cgroup.
func (f *fake) has(dir string, want map[string]string) {
	f.t.Helper()
	for name, content := range want {
		if got := strings.TrimSuffix(f.read(filepath.Join(dir, name)), "\n"); got != content {
			f.t.Errorf("%s/%s is %q, want %q", dir, name, got, content)
		}
	}
}

func (f *fake) rmfile(name string) {
	f.t.Helper()
	if err := os.Remove(f.path(name)); err != nil {
		f.t.Fatal(err)
	}
}
