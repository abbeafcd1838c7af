package jail_test

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jailsh/jailsh/internal/mountinfo"
	"github.com/jailsh/jailsh/internal/wire"
	"github.com/jailsh/jailsh/jail"
	"golang.org/x/sys/unix"
)

// newSparing returns cells of which one start is kept ready.
func newSparing(t *testing.T) (*jail.Cells, *logBuffer) {
	t.Helper()
	groups, _ := newGroups(t)
	logs := &logBuffer{}
	cells := jail.NewCells(jail.Means{Program: faultless, Applet: applet, Groups: groups, Strike: logs.strike, Spare: true}, slog.New(slog.NewTextHandler(logs, nil)))
	t.Cleanup(func() {
		cells.Close()
		groups.Close()
		if left := spares(t); len(left) > 0 {
			t.Errorf("still there: %v", left)
		}
	})
	return cells, logs
}

// spares are the starts of this process that wait for a plan.
func spares(t *testing.T) (pids []int) {
	t.Helper()
	for _, comm := range glob(t, "/proc/[0-9]*/comm") {
		if name, err := os.ReadFile(comm); err == nil && string(name) == "jailsh-spare\n" && ours(comm) {
			pid, err := strconv.Atoi(filepath.Base(filepath.Dir(comm)))
			if err != nil {
				t.Fatal(err)
			}
			pids = append(pids, pid)
		}
	}
	return pids
}

// theSpare waits until there is one, and it isn't among those that were there
// before.
func theSpare(t *testing.T, before ...int) int {
	t.Helper()
	late := time.After(20 * time.Second)
	for {
		all := slices.DeleteFunc(spares(t), func(pid int) bool { return slices.Contains(before, pid) })
		if len(all) == 1 {
			return all[0]
		}
		select {
		case <-time.After(10 * time.Millisecond):
		case <-late:
			t.Fatalf("the spares are %v", all)
		}
	}
}

// mostProcesses is the limit of the cgroup that a process is in.
func mostProcesses(t *testing.T, pid int) string {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/cgroup", pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		_, path, _ := strings.Cut(strings.TrimSpace(line), ":")
		_, path, _ = strings.Cut(path, ":")
		for _, top := range append(glob(t, "/sys/fs/cgroup/*"), "/sys/fs/cgroup") {
			if most, err := os.ReadFile(filepath.Join(top, path, "pids.max")); err == nil && strings.Contains(path, "/cell-") {
				return strings.TrimSpace(string(most))
			}
		}
	}
	return ""
}

func TestTheSpareBecomesTheNextCell(t *testing.T) {
	cells, _ := newSparing(t)
	spare := theSpare(t)
	if most := mostProcesses(t, spare); most != "max" {
		t.Errorf("the spare is limited to %q processes before anybody has said so", most)
	}
	a := account(t, "alice", 20001)
	a.Limits = wire.Limits{Processes: 33}
	c, opened, err := open(t, cells, a)
	if err != nil {
		t.Fatal(err)
	}
	if got := pidOf(t, opened); got != spare {
		t.Errorf("the cell's init is %d instead of %d", got, spare)
	}
	if most := mostProcesses(t, spare); most != "33" {
		t.Errorf("the cell is limited to %q processes", most)
	}
	if got := output(t, c, "id -u; cat /proc/1/comm"); got != "20001\njailsh-init" {
		t.Errorf("%q", got)
	}
	theSpare(t, spare)
}

// One spare is for one: the second has hers made.
func TestTwoAtOnce(t *testing.T) {
	cells, _ := newSparing(t)
	spare := theSpare(t)
	var both sync.WaitGroup
	got := make([]int, 2)
	for i, name := range []string{"alice", "bob"} {
		a := account(t, name, uint32(20001+i))
		both.Go(func() {
			if c, opened, err := open(t, cells, a); err != nil {
				t.Errorf("%s: %v", name, err)
			} else if got[i] = pidOf(t, opened); output(t, c, "echo $USER") != name {
				t.Errorf("%s isn't in her own jail", name)
			}
		})
	}
	both.Wait()
	if (got[0] == spare) == (got[1] == spare) {
		t.Errorf("the inits are %v, and the spare was %d", got, spare)
	}
}

// The host's network can't be entered from a namespace of one's own.
func TestTheHostsNetworkTakesNoSpare(t *testing.T) {
	cells, _ := newSparing(t)
	spare := theSpare(t)
	a := account(t, "alice", 20001)
	a.Network = wire.NetworkHost
	_, opened, err := open(t, cells, a)
	if err != nil {
		t.Fatal(err)
	}
	if pidOf(t, opened) == spare || !slices.Equal(spares(t), []int{spare}) {
		t.Errorf("the spares are %v instead of %d alone", spares(t), spare)
	}
}

func TestADeadSpareRefusesNobody(t *testing.T) {
	cells, logs := newSparing(t)
	spare := theSpare(t)
	if err := unix.Kill(spare, unix.SIGKILL); err != nil {
		t.Fatal(err)
	}
	logs.wait(t, "the start that was kept ready was ended by somebody else", fmt.Sprint("pid=", spare))
	_, opened, err := open(t, cells, account(t, "alice", 20001))
	if err != nil {
		t.Fatal(err)
	}
	theSpare(t, spare, pidOf(t, opened))
}

// The same when it dies with the plan in hand.
func TestASpareThatDiesWhenItIsNeededRefusesNobody(t *testing.T) {
	cells, logs := newSparing(t)
	spare := theSpare(t)
	if err := unix.Kill(spare, unix.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	a := account(t, "alice", 20001)
	a.Limits = wire.Limits{Processes: 33}
	done := make(chan *jail.Opened)
	go func() {
		_, opened, err := open(t, cells, a)
		if err != nil {
			t.Error(err)
		}
		done <- opened
	}()
	late := time.After(20 * time.Second)
	for mostProcesses(t, spare) != "33" {
		select {
		case <-time.After(10 * time.Millisecond):
		case <-late:
			t.Fatal("nobody has taken the spare")
		}
	}
	if err := unix.Kill(spare, unix.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if opened := <-done; opened != nil && pidOf(t, opened) == spare {
		t.Error("the cell's init is dead")
	}
	logs.wait(t, "nothing came of the start that was kept ready", "user=alice")
}

// A spare that waits shows nothing of the host's mounts, and keeps none busy.
func TestTheSpareHasNoMountsOfTheHosts(t *testing.T) {
	newSparing(t)
	spare := theSpare(t)
	late := time.After(20 * time.Second)
	for {
		table, err := os.ReadFile(fmt.Sprintf("/proc/%d/mountinfo", spare))
		if err != nil {
			t.Fatal(err)
		}
		mounts, err := mountinfo.Parse(string(table))
		if err != nil {
			t.Fatal(err)
		}
		if !slices.ContainsFunc(mounts, func(m mountinfo.Mount) bool { return m.Type != "tmpfs" && m.Type != "proc" }) {
			return
		}
		select {
		case <-time.After(10 * time.Millisecond):
		case <-late:
			t.Fatalf("%s", table)
		}
	}
}
