package integration

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func kill(t *testing.T, pid int) {
	t.Helper()
	if err := unix.Kill(pid, unix.SIGKILL); err != nil {
		t.Fatal(err)
	}
}

// The network process dies, and nobody's programs with it. Not beside other
// tests: it has a second.
func TestNetIsKilled(t *testing.T) {
	i := start(t)
	x := i.terminal("alice")
	x.prompt()
	x.typed("nohup sleep 8000 >/dev/null 2>&1 &")
	x.typed("tmux new -d -s work 'exec sleep 8001'")
	i.awaitRunning("alice", "sleep 8000")
	i.awaitRunning("alice", "sleep 8001")
	initBefore, netBefore := i.init("alice"), i.net()

	i.log.mark()
	if took := i.killNet(); took > time.Second {
		t.Errorf("the next login was there after %s", took)
	}
	x.wait(over + "255")
	i.log.wait("jailsh-net ended")
	if i.init("alice") != initBefore {
		t.Error("the cell is another one")
	}
	i.awaitRunning("alice", "sleep 8000")
	y := i.terminal("alice", "--", "tmux", "attach", "-t", "work")
	y.wait("[work] 0:")
	if i.net() == netBefore {
		t.Error("jailsh-net is the old one")
	}
	// Again and again, and quicker than it is thought to be steady.
	for range 4 {
		if took := i.killNet(); took > time.Second {
			t.Errorf("quicker than it is steady: the next login was there after %s", took)
		}
	}
	i.sh("alice", "pkill sleep")
}

// killNet kills jailsh-net, and returns after what time the next login was there. Who
// runs beside other tests can't say how long that may be.
func (i *instance) killNet() time.Duration {
	i.t.Helper()
	kill(i.t, i.net())
	began := time.Now()
	eventually(i.t, patience, func() string {
		c, err := i.dial("alice", "")
		if err != nil {
			return err.Error()
		}
		c.Close()
		return ""
	})
	return time.Since(began)
}

// A cell's PID 1 dies, and with it the cell; its user is told, and logs in again.
func TestInitIsKilled(t *testing.T) {
	t.Parallel()
	i := start(t)
	x := i.terminal("alice")
	x.prompt()
	x.typed("nohup sleep 8100 >/dev/null 2>&1 &")
	i.awaitRunning("alice", "sleep 8100")
	y := i.terminal("bob")
	y.prompt()

	kill(t, i.init("alice"))
	screen := x.wait(over, "your jail was ended", "reference ")
	ref := reference.FindStringSubmatch(screen)
	if ref == nil {
		t.Fatal("no reference on the screen")
	}
	i.log.wait("ref=" + ref[1])
	eventually(t, patience, func() string { return none(i.running("alice")) })
	if got := i.sh("alice", "echo again"); got != "again" {
		t.Errorf("%q", got)
	}
	y.typed("echo still $((40+2))")
	y.wait("still 42")
}

// Without jailshd nothing goes on, and nothing stays; the next one starts on what
// it finds.
func TestDaemonIsKilled(t *testing.T) {
	t.Parallel()
	i := start(t)
	x := i.terminal("alice")
	x.prompt()
	x.typed("trap '' HUP TERM; nohup setsid sleep 8200 >/dev/null 2>&1 &")
	i.awaitRunning("alice", "sleep 8200")
	spare := i.spare()
	cells := []string{i.cgroupOf(i.init("alice")), i.cgroupOf(spare)}
	before := below(i.pid())
	if len(before) < 5 { // jailsh-net, PID 1, bash, sleep, the spare
		t.Fatal(before)
	}
	kill(t, i.pid())
	i.awaitEnd()
	x.wait(over + "255")
	eventually(t, 5*time.Second, func() string { return none(i.processes()) })
	eventually(t, 5*time.Second, func() string {
		return none(slices.DeleteFunc(slices.Clone(before), func(p process) bool {
			now, ok := processOf(p.pid)
			return !ok || now.command != p.command
		}))
	})
	left, err := os.ReadDir(filepath.Join(i.dir, "run"))
	if err != nil || len(left) != 2 {
		t.Errorf("run_dir should have the pid file and the socket: %v %v", left, err)
	}
	for _, line := range append(i.linesOf("/proc/self/mountinfo"), i.linesOf("/proc/net/unix")...) {
		t.Error(line)
	}
	// An empty cgroup is all that a process leaves that nobody could end; the next
	// jailshd removes it.
	for _, cell := range cells {
		if left := i.cgroups(); !strings.Contains(strings.Join(left, " "), "/"+cell) {
			t.Errorf("the cgroup %s should still be there: %v", cell, left)
		}
	}
	i.launch()
	i.log.wait(append([]string{"cgroups that the jailshd before has left are removed"}, cells...)...)
	i.log.wait("msg=listening")
	if got := i.sh("alice", "pgrep -c sleep; echo $?"); got != "0\n1" {
		t.Errorf("%q", got)
	}
}

// SIGTERM ends everything, also programs that would rather not.
func TestDaemonIsStopped(t *testing.T) {
	t.Parallel()
	for _, s := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		i := start(t)
		x := i.terminal("alice")
		x.prompt()
		x.typed("trap '' HUP TERM; sleep 8300")
		i.awaitRunning("alice", "sleep 8300")
		y := i.terminal("bob", "--", "while :; do echo busy; done")
		y.wait("busy")
		before := below(i.pid())

		began := time.Now()
		i.signal(s)
		i.awaitEnd()
		if took := time.Since(began); took > 8*time.Second {
			t.Errorf("%s: it took %s", s, took)
		}
		if state := i.daemon.ProcessState; state.ExitCode() != 0 {
			t.Errorf("%s: %s", s, state)
		}
		for _, p := range before {
			if now, ok := processOf(p.pid); ok && now.command == p.command {
				t.Errorf("%s: still runs: %s", s, p)
			}
		}
		for _, session := range []*terminal{x, y} {
			session.wait("the server is stopping", over)
		}
	}
}

// The failing step is in the log, with what it belongs to; the user gets a
// sentence, and the host has nothing more than before.
func TestAStepOfTheJailFails(t *testing.T) {
	t.Parallel()
	i := newInstance(t)
	i.bin = filepath.Join(place(), "faulty")
	i.start()
	for _, step := range []string{"private", "home", "root", "proc", "pivot", "ruleset", "identity", "verify", "landlock", "seccomp"} {
		i.person("alice").table = `hostname = "fail-` + step + `"`
		i.reload()
		line := i.failedLogin("alice")
		if !strings.Contains(line, "jail alice: step ") || !strings.Contains(line, " "+step+": input/output error") {
			t.Errorf("%s: %s", step, line)
		}
		eventually(t, 10*time.Second, func() string {
			if left := below(i.pid()); len(left) != 2 { // jailsh-net, and the start that is kept ready
				return fmt.Sprintf("%s: there are %v", step, left)
			}
			return ""
		})
	}
	i.person("alice").table = ""
	i.reload()
	i.sh("alice", "true")
}

// failedLogin logs name in with a jail that can't be made. She is told a
// sentence and a reference, and nothing of the host. The line of the log that
// has the reason is returned.
func (i *instance) failedLogin(name string) string {
	i.t.Helper()
	i.log.mark()
	o := i.ssh(name, "--", "echo in")
	ref := reference.FindStringSubmatch(o.err)
	want := "jailsh: your command could not be run; tell the administrator: reference "
	if ref == nil || o.code != 254 || o.out != "" || !strings.HasPrefix(o.err, want) || strings.Count(o.err, "\n") != 1 {
		i.t.Fatalf("the client was told: status %d %q %q", o.code, o.out, o.err)
	}
	return i.log.wait("level=ERROR", `msg="open: `, "ref="+ref[1], "user="+name)
}
