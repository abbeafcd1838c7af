package jail_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jailsh/jailsh/internal/wire"
)

// What the table says reaches each process, hard and soft; nobody gets more.
func TestLimitsOfAProcess(t *testing.T) {
	cells, _ := newCells(t)
	a := account(t, "alice", 20001)
	a.Limits = wire.Limits{OpenFiles: 100, FileSize: 1 << 20, CPUTime: 90 * time.Second}
	a.Tmp = 4 << 20
	c := enter(t, cells, a)
	for command, want := range map[string]string{
		"ulimit -n; ulimit -Hn":                                "100\n100",
		"ulimit -f; ulimit -Hf":                                "1024\n1024",
		"ulimit -t; ulimit -Ht":                                "90\n91",
		"ulimit -c; ulimit -Hc":                                "0\n0",
		"ulimit -e; ulimit -r":                                 "0\n0",
		"grep 'cpu time' /proc/1/limits | tr -s ' '":           "Max cpu time unlimited unlimited seconds ",
		"(ulimit -n 101) 2>/dev/null || echo no":               "no",
		"(ulimit -t 100) 2>/dev/null || echo no":               "no",
		"(ulimit -Hf unlimited) 2>/dev/null || echo no":        "no",
		"nice -n -1 true 2>&1 | grep -o 'cannot set niceness'": "cannot set niceness",
		"echo $0": "bash",
		"df -k --output=size /tmp /dev/shm | tail -n+2 | tr -d ' '":                                                                       "4096\n1024",
		"i=3; while eval \"exec $i</dev/null\" 2>/dev/null; do i=$((i+1)); [ $i -gt 300 ] && break; done; [ $i -lt 101 ] && echo bounded": "bounded",
	} {
		if got := output(t, c, command); got != strings.TrimSuffix(want, " ") && got != want {
			t.Errorf("%s:\n%s\nwant:\n%s", command, got, want)
		}
	}
	for _, command := range []string{
		"head -c 2M /dev/zero >~/big",
		"head -c 8M /dev/zero >/tmp/big",
	} {
		if r := run(t, c, command); r.exit.Status == 0 && r.exit.Signal == 0 {
			t.Errorf("%s: %+v", command, r)
		}
	}
}

// A program that has used its processor time is told, and ended; PID 1 isn't.
func TestProcessorTimeOfAProcess(t *testing.T) {
	cells, _ := newCells(t)
	a := account(t, "alice", 20001)
	a.Limits = wire.Limits{CPUTime: time.Second, Processes: 64}
	c := enter(t, cells, a)
	if r := run(t, c, "while :; do :; done"); r.exit.Signal != 24 && r.exit.Signal != 9 { // SIGXCPU
		t.Errorf("a loop ended with %+v", r.exit)
	}
	if r := run(t, c, "trap '' XCPU; while :; do :; done"); r.exit.Signal != 9 {
		t.Errorf("one that doesn't want to end ended with %+v", r.exit)
	}
	if got := output(t, c, "echo still here"); got != "still here" {
		t.Errorf("%q", got)
	}
}

// The cgroup's path isn't told, and its file system isn't there.
func TestTheCgroupIsHidden(t *testing.T) {
	cells, _ := newCells(t)
	c := enter(t, cells, account(t, "alice", 20001))
	if got := output(t, c, "cat /proc/self/cgroup"); strings.Contains(got, "jailsh") || strings.Contains(got, "alice") {
		t.Errorf("the path is told:\n%s", got)
	}
	if got := output(t, c, "grep -cE ' cgroup2? ' /proc/self/mounts; ls -d /sys/fs/cgroup 2>/dev/null; true"); got != "0" {
		t.Errorf("there is a cgroup file system: %s", got)
	}
}

// One program takes too much memory: it is killed, jailshd is told, and the rest
// of the cell goes on.
func TestMemoryOfACell(t *testing.T) {
	cells, logs := newCells(t)
	a := account(t, "alice", 20001)
	a.Limits = wire.Limits{Memory: 64 << 20, Processes: 64}
	c := enter(t, cells, a)
	if r := run(t, c, "exec tail /dev/zero"); r.exit.Signal != 9 {
		t.Errorf("it ended with %+v", r)
	}
	logs.wait(t, "strike: {User:alice Cell:alice/", "Killed:1 ", "Memory:67108864")
	if got := output(t, c, "echo still here"); got != "still here" {
		t.Errorf("%q", got)
	}
}

// The number of processes holds, and a new one at once.
func TestProcessesOfACell(t *testing.T) {
	cells, logs := newCells(t)
	a := account(t, "alice", 20001)
	a.Limits = wire.Limits{Memory: 256 << 20, Processes: 40}
	c := enter(t, cells, a)
	// By dash: bash would try each fork again for half a minute.
	const many = `exec sh -c 'i=0; while [ $i -lt %d ]; do sleep 100 >/dev/null 2>&1 & i=$((i+1)); done; echo done' 2>/dev/null`
	if r := run(t, c, fmt.Sprintf(many, 60)); strings.Contains(r.out, "done") {
		t.Errorf("60 processes: %+v", r)
	}
	logs.wait(t, "strike: ", "Refused:", "Processes:40")
	cells.End("alice", "the test goes on")
	c = enter(t, cells, a)
	l := a.Limits
	l.Processes = 100
	if err := cells.Limit("alice", l); err != nil {
		t.Fatal(err)
	}
	if got := output(t, c, fmt.Sprintf(many, 60)); got != "done" {
		t.Errorf("60 processes of 100: %q", got)
	}
	if err := cells.Limit("nobody-here", l); err != nil {
		t.Error(err)
	}
}

// A limit that can't be enforced stops the login.
func TestALimitThatCanNotBeSetStopsTheLogin(t *testing.T) {
	cells, _ := newCells(t)
	a := account(t, "alice", 20001)
	a.Limits.OpenFiles = 1 << 40 // over fs.nr_open
	_, err := cells.Open(t.Context(), "alice", plan(a))
	if err == nil || !strings.Contains(err.Error(), " limits: setrlimit nofile to 1099511627776: ") || !strings.Contains(err.Error(), " - lower open_files") {
		t.Errorf("error: %v", err)
	}
}

// What users.toml accepts as the least is enough to log in with, and to run
// something.
func TestTheLeastThatIsAccepted(t *testing.T) {
	cells, _ := newCells(t)
	a := account(t, "alice", 20001)
	a.Limits = wire.Limits{Memory: 16 << 20, Processes: 16, CPU: 10, OpenFiles: 64}
	a.Tmp = 1 << 20
	c := enter(t, cells, a)
	for range 5 {
		if got := output(t, c, "echo $(echo $(cat /etc/hostname)) | cat"); got != "jail" {
			t.Errorf("%q", got)
		}
	}
}
