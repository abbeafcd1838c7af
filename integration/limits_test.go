package integration

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// cellFile reads a file of the user's cell in the cgroup hierarchy that has it.
func (i *instance) cellFile(name, file string) string {
	i.t.Helper()
	cell := i.cgroupOf(i.init(name))
	for _, line := range i.cgroups() {
		dir := strings.TrimPrefix(line, "cgroup ")
		if filepath.Base(dir) == cell {
			if text, err := os.ReadFile(filepath.Join(dir, file)); err == nil {
				return strings.TrimSpace(string(text))
			}
		}
	}
	return ""
}

// cgroupOf is the name of the cgroup that a process of a cell is in: the same in
// each hierarchy.
func (i *instance) cgroupOf(pid int) string {
	i.t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/cgroup", pid))
	if err != nil {
		i.t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if name := filepath.Base(strings.TrimSpace(line)); strings.HasPrefix(name, "cell-") {
			return name
		}
	}
	i.t.Fatalf("%d isn't in the cgroup of a cell:\n%s", pid, text)
	return ""
}

// oneOf is the first of several files, of which v1 and v2 have one each.
func (i *instance) oneOf(name string, files ...string) string {
	i.t.Helper()
	for _, file := range files {
		if text := i.cellFile(name, file); text != "" {
			return text
		}
	}
	i.t.Fatalf("the cell of %s has none of %v", name, files)
	return ""
}

// background starts a script of the user's and doesn't wait for it.
func (i *instance) background(name, script string) *exec.Cmd {
	i.t.Helper()
	c := i.sshCommand(name, "--", script)
	if err := c.Start(); err != nil {
		i.t.Fatal(err)
	}
	i.t.Cleanup(func() {
		_ = c.Process.Kill()
		_ = c.Wait() // by the signal, or with jailshd's end
	})
	return c
}

const mib = 1 << 20

// One user does the worst that she can; another logs in and works, and the host
// has lost no more than she was given. Not beside other tests, which would be
// among those who are bothered.
func TestAUserWhoTakesAllSheCanGet(t *testing.T) {
	i := newInstance(t)
	const processes = 30
	i.person("alice").table = fmt.Sprintf(`limits = { memory = "64M", processes = %d, cpu = 0.5, open_files = 128, tmp = "8M" }`, processes)
	i.start()
	x := i.terminal("alice")
	x.prompt()
	// What keeps this test from harming the host is looked at before it begins.
	if got := i.cellFile("alice", "pids.max"); got != strconv.Itoa(processes) {
		t.Fatalf("the number of processes is bounded by %q", got)
	}
	if got := i.oneOf("alice", "memory.max", "memory.limit_in_bytes"); got != strconv.Itoa(64*mib) {
		t.Fatalf("the memory is bounded by %q", got)
	}
	if got := i.oneOf("alice", "cpu.max", "cpu.cfs_quota_us"); !strings.HasPrefix(got, "50000") {
		t.Fatalf("the processor time is bounded by %q", got)
	}

	pid1 := i.init("alice")
	i.background("alice", `i=3; while eval "exec $i</dev/null"; do i=$((i+1)); done 2>/dev/null; exec 3<&- 4<&-; echo $i >~/opened; exec sleep 5000`)
	i.background("alice", `head -c 32M /dev/zero >/tmp/fill; stat -c %s /tmp/fill >~/filled; exec sleep 5001`)
	i.background("alice", `for i in 1 2 3; do tail /dev/zero; done; touch ~/eaten; exec sleep 5002`)
	i.background("alice", `while :; do :; done`)
	x.wait("jailsh: killed: over the memory limit of 64M")
	i.log.wait(`msg="over the memory limit"`, "user=alice", "memory=64M")
	if got := i.number("alice", "opened"); got < 100 || got > 128 {
		t.Errorf("she has opened descriptors up to %d", got)
	}
	if got := i.number("alice", "filled"); got > 8*mib {
		t.Errorf("she has filled /tmp with %d bytes", got)
	}
	eventually(t, patience, func() string {
		_, err := os.Stat(filepath.Join(i.home("alice"), "eaten"))
		return errorText(err)
	})
	i.background("alice", `b() { b | b & }; b; exec sleep 5003`)
	i.log.wait(`msg="over the process limit"`, "user=alice", "processes=30")

	// All of it goes on meanwhile.
	began := time.Now()
	if got := i.sh("bob", "echo in"); got != "in" {
		t.Errorf("%q", got)
	}
	t.Logf("bob's login took %s", time.Since(began))
	y := i.terminal("bob")
	y.prompt()
	began = time.Now()
	y.typed("echo still $((40+2))")
	y.wait("still 42")
	t.Logf("the answer to what he typed took %s", time.Since(began))

	if now := i.init("alice"); now != pid1 {
		t.Errorf("her jail was ended: PID 1 is %d, and was %d", now, pid1)
	}
	current, err := strconv.Atoi(i.cellFile("alice", "pids.current"))
	if err != nil || current > processes {
		t.Errorf("she has %d processes (%v)", current, err)
	}
	if n := len(i.running("alice")); n > processes {
		t.Errorf("the host counts %d", n)
	}
	used, err := strconv.Atoi(i.oneOf("alice", "memory.current", "memory.usage_in_bytes"))
	if err != nil || used > 64*mib {
		t.Errorf("she uses %d bytes (%v)", used, err)
	}
	if stat := i.cellFile("alice", "cpu.stat"); strings.Contains(stat, "nr_throttled 0\n") {
		t.Errorf("nobody has held up her processor time:\n%s", stat)
	}
}

// At the limit of her processes the kernel refuses PID 1 a thread, too. It must do
// without, even while each of its system calls takes long, as it does at the limit
// of her memory: strace(1) holds them up.
func TestPID1AtTheProcessLimit(t *testing.T) {
	i := newInstance(t)
	i.person("alice").table = `limits = { processes = 20, sessions = 50 }`
	i.start()
	x := i.terminal("alice")
	x.prompt()
	pid1 := i.init("alice")
	i.background("alice", "for i in $(seq 40); do sleep 5000 & done")
	i.log.wait(`msg="over the process limit"`, "user=alice", "processes=20")

	calls := filepath.Join(t.TempDir(), "calls")
	slow := exec.Command("strace", "-f", "-qq", "-o", calls, "-e", "trace=openat,ioctl,socket,pipe2,fcntl,clone",
		"-e", "inject=openat,ioctl,socket,pipe2,fcntl:delay_enter=3000", "-p", strconv.Itoa(pid1)) // microseconds
	if err := slow.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = slow.Process.Kill()
		_ = slow.Wait() // by the signal
	})
	var clients sync.WaitGroup
	for range 20 {
		clients.Go(func() {
			for range 4 {
				_ = i.sshCommand("alice", "--", "true").Run() // is refused
			}
		})
	}
	clients.Wait()
	if now := i.init("alice"); now != pid1 {
		t.Errorf("her jail was ended: PID 1 is %d, and was %d", now, pid1)
	}
	text, err := os.ReadFile(calls)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), "EAGAIN") {
		t.Errorf("nothing was refused:\n%s", text)
	}
	if strings.Contains(string(text), "CLONE_THREAD") {
		t.Error("it wanted another thread")
	}
}

// number waits for a line in a file of the user's home, and reads it.
func (i *instance) number(name, file string) (n int) {
	i.t.Helper()
	eventually(i.t, patience, func() string {
		text, err := os.ReadFile(filepath.Join(i.home(name), file))
		if err == nil {
			n, err = strconv.Atoi(strings.TrimSuffix(string(text), "\n"))
		}
		return errorText(err)
	})
	return n
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// Who leaves her terminal alone is logged out, after a warning; who doesn't isn't.
func TestAnIdleSessionEnds(t *testing.T) {
	t.Parallel()
	i := newInstance(t)
	i.person("bob").table = `limits.idle = "4s"`
	i.start()
	busy := i.terminal("bob", "--", "while sleep 0.2; do echo busy; done")
	x := i.terminal("bob")
	x.prompt()
	x.wait(over+"254", "jailsh: idle for too long: this session ends in 2s unless something happens",
		"jailsh: this session was idle for too long, and is ended")
	i.log.wait(`msg="session end"`, "user=bob", `reason="this session was idle for too long, and is ended"`)
	i.log.mark()
	busy.wait("busy")
	if strings.Contains(busy.screen(), over) {
		t.Errorf("a session that shows something was ended:\n%s", busy.screen())
	}
}

// max_session counts from the beginning of each session, and a change of it holds
// for those that run.
func TestALongSessionEnds(t *testing.T) {
	t.Parallel()
	i := start(t)
	x := i.terminal("bob", "--", "while sleep 0.2; do echo busy; done")
	x.wait("busy")
	i.person("bob").table = `limits.max_session = "1s"`
	i.reload()
	x.wait(over+"254", "jailsh: this session has lasted for as long as it may, and is ended")
	i.log.wait(`msg="session end"`, "user=bob", `reason="this session has lasted for as long as it may, and is ended"`)
}

func TestASessionTooMany(t *testing.T) {
	t.Parallel()
	i := newInstance(t)
	i.person("bob").table = `limits.sessions = 2`
	i.start()
	x, y := i.terminal("bob"), i.terminal("bob")
	x.prompt()
	y.prompt()
	if o := i.ssh("bob", "-o", "LogLevel=INFO", "--", "true"); o.code != 255 || !strings.Contains(o.err, "too many sessions of this user") {
		t.Errorf("a third session: %+v", o)
	}
	i.log.wait(`msg="request refused"`, "user=bob", `request="too many sessions of this user"`)
	x.typed("exit")
	x.wait(over + "0")
	if got := i.sh("bob", "echo again"); got != "again" {
		t.Errorf("%q", got)
	}
}

// A change of limits holds for a cell that runs.
func TestLimitsOfARunningCellChange(t *testing.T) {
	t.Parallel()
	i := newInstance(t)
	i.person("alice").table = `limits = { memory = "128M", processes = 50 }`
	i.start()
	x := i.terminal("alice")
	x.prompt()
	i.person("alice").table = `limits = { memory = "256M", processes = "unlimited", cpu = 0.25 }`
	i.reload()
	eventually(t, patience, func() string {
		got := fmt.Sprint(i.cellFile("alice", "pids.max"), " ", i.oneOf("alice", "memory.max", "memory.limit_in_bytes"), " ",
			strings.Fields(i.oneOf("alice", "cpu.max", "cpu.cfs_quota_us"))[0])
		if want := fmt.Sprint("max ", 256*mib, " 25000"); got != want {
			return got
		}
		return ""
	})
	x.typed("echo still $((40+2))")
	x.wait("still 42")
}
