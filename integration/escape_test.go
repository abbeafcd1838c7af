package integration

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// What isn't read-only is hers, or in memory.
func TestWhatCanBeWrittenTo(t *testing.T) {
	t.Parallel()
	i := start(t)
	mounts := i.sh("alice", "cat /proc/self/mounts")
	writable := map[string]bool{"/home/alice": true, "/tmp": true, "/var/tmp": true, "/dev/shm": true, "/dev/pts": true, "/proc": true}
	for line := range strings.Lines(mounts) {
		f := strings.Fields(line)
		options := strings.Split(f[3], ",")
		if slices.Contains(options, "ro") == writable[f[1]] || !slices.Contains(options, "nosuid") {
			t.Errorf("%s is %s", f[1], f[3])
		}
		if !slices.Contains(options, "nodev") && f[1] != "/dev" && f[1] != "/dev/pts" {
			t.Errorf("%s is %s", f[1], f[3])
		}
	}
	if n := strings.Count(mounts, "\n"); n < 20 {
		t.Errorf("only %d mounts:\n%s", n, mounts)
	}
}

// Nobody in a jail has a capability, PID 1 included, nor a way to get one.
func TestNoProcessInAJailHasACapability(t *testing.T) {
	t.Parallel()
	i := start(t)
	c := i.sshCommand("alice", "--", "echo ready; exec sleep 5000")
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	read(t, out, "ready\n")
	i.awaitRunning("alice", "sleep 5000")
	uid := strconv.Itoa(i.person("alice").uid)
	seen := 0
	for _, p := range below(i.pid()) {
		if p.uid == i.netUID {
			continue // see TestNetIsConfined
		}
		seen++
		status := statusOf(p.pid)
		for field, want := range map[string]string{
			"Uid": strings.Repeat(uid+"\t", 3) + uid, "Gid": strings.Repeat(uid+"\t", 3) + uid, "Groups": "",
			"CapInh": none16, "CapPrm": none16, "CapEff": none16, "CapBnd": none16, "CapAmb": none16, "NoNewPrivs": "1",
			"Seccomp": "2", "Seccomp_filters": "1",
		} {
			if status[field] != want {
				t.Errorf("%s: %s is %q, want %q", p, field, status[field], want)
			}
		}
		for _, ns := range []string{"mnt", "pid", "ipc", "uts", "net", "cgroup"} {
			own, err := os.Readlink("/proc/self/ns/" + ns)
			if theirs := link(p.pid, "ns/"+ns); err != nil || theirs == own || theirs == "" {
				t.Errorf("%s: is in the host's %s namespace: %s", p, ns, theirs)
			}
		}
	}
	if seen != 2 { // PID 1 and the sleep
		t.Errorf("%d processes", seen)
	}
	_ = c.Process.Kill()
	_ = c.Wait() // by the signal
}

const none16 = "0000000000000000"

// link is where a link of /proc/PID leads, or "".
func link(pid int, name string) string {
	to, _ := os.Readlink(filepath.Join("/proc", strconv.Itoa(pid), name))
	return to
}

// What reads the network has nothing that it could be made to give away.
func TestNetIsConfined(t *testing.T) {
	t.Parallel()
	i := start(t)
	i.sh("alice", "true")
	c := i.client("alice", "")
	if s, err := c.NewSession(); err != nil || s.Start("sleep 6000") != nil {
		t.Fatal(err)
	}
	i.awaitRunning("alice", "sleep 6000")
	pid := i.net()
	status := statusOf(pid)
	uid := strconv.Itoa(i.netUID)
	for field, want := range map[string]string{
		"Uid": strings.Repeat(uid+"\t", 3) + uid, "Gid": strings.Repeat(uid+"\t", 3) + uid, "Groups": "",
		"CapInh": none16, "CapPrm": none16, "CapEff": none16, "CapBnd": none16, "CapAmb": none16,
		"NoNewPrivs": "1", "Seccomp": "2", "Seccomp_filters": "1",
	} {
		if status[field] != want {
			t.Errorf("%s is %q, want %q", field, status[field], want)
		}
	}
	base := filepath.Join("/proc", strconv.Itoa(pid))
	tasks, err := filepath.Glob(filepath.Join(base, "task/*"))
	if err != nil || len(tasks) < 2 {
		t.Fatal(tasks, err)
	}
	for _, task := range tasks { // a filter belongs to a thread
		text, err := os.ReadFile(filepath.Join(task, "status"))
		if err != nil || !strings.Contains(string(text), "\nSeccomp:\t2\n") {
			t.Errorf("%s: not every thread has the filter: %v", task, err)
		}
	}
	if entries, err := os.ReadDir(filepath.Join(base, "root")); err != nil || len(entries) != 0 {
		t.Errorf("its root holds %v, %v", entries, err)
	}
	if mounts, err := os.ReadFile(filepath.Join(base, "mountinfo")); err != nil || strings.Count(string(mounts), "\n") != 1 || !strings.Contains(string(mounts), " / ro,") {
		t.Errorf("its mounts: %s %v", mounts, err)
	}
	for _, ns := range []string{"mnt", "pid", "ipc", "uts", "net", "cgroup"} {
		own, err := os.Readlink("/proc/self/ns/" + ns)
		if theirs := link(pid, "ns/"+ns); err != nil || theirs == own || theirs == "" {
			t.Errorf("it is in the host's %s namespace", ns)
		}
	}
	if env, err := os.ReadFile(filepath.Join(base, "environ")); err != nil || len(env) != 0 {
		t.Errorf("its environment: %q %v", env, err)
	}
	// The host key is a file of jailshd's: here is none.
	files, err := os.ReadDir(filepath.Join(base, "fd"))
	if err != nil || len(files) < 5 {
		t.Fatal(files, err)
	}
	for _, f := range files {
		to := link(pid, "fd/"+f.Name())
		known := to == "/dev/null" || to == "anon_inode:[eventpoll]" || to == "anon_inode:[eventfd]" ||
			strings.HasPrefix(to, "socket:[") || strings.HasPrefix(to, "pipe:[")
		if !known {
			t.Errorf("descriptor %s is %q", f.Name(), to)
		}
	}
}

// net is the pid of jailsh-net.
func (i *instance) net() int {
	i.t.Helper()
	for _, p := range below(i.pid()) {
		if p.uid == i.netUID && strings.HasPrefix(p.command, "jailsh-net") {
			return p.pid
		}
	}
	i.t.Fatalf("jailsh-net doesn't run: %v", below(i.pid()))
	return 0
}

// spare waits for the start that jailshd keeps ready, and returns its pid.
func (i *instance) spare() (pid int) {
	i.t.Helper()
	eventually(i.t, patience, func() string {
		all := below(i.pid())
		for _, p := range all {
			if comm, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", p.pid)); err == nil && string(comm) == "jailsh-spare\n" {
				pid = p.pid
				return ""
			}
		}
		return fmt.Sprint("no spare: ", all)
	})
	return pid
}

// init is the pid of a person's PID 1, on the host.
func (i *instance) init(name string) int {
	i.t.Helper()
	for _, p := range below(i.pid()) {
		if p.uid == i.person(name).uid && strings.HasPrefix(p.command, "jailsh-init") {
			return p.pid
		}
	}
	i.t.Fatalf("%s has no cell: %v", name, below(i.pid()))
	return 0
}
