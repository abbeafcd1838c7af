package jail_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jailsh/jailsh/internal/cell"
	"github.com/jailsh/jailsh/internal/wire"
	"github.com/jailsh/jailsh/jail"
	"golang.org/x/sys/unix"
)

func TestTheUserIsWhoSheShouldBe(t *testing.T) {
	cells, _ := newCells(t)
	a := account(t, "alice", 20001)
	a.Groups = []wire.Group{{Name: "course", GID: 20500}}
	c := enter(t, cells, a)
	for command, want := range map[string]string{
		"id -u; id -g; id -un": "20001\n20001\nalice",
		"id -G":                "20001 20500",
		"id -Gn":               "alice course",
		"grep -E '^(Cap(Inh|Prm|Eff|Bnd|Amb)|NoNewPrivs):' /proc/self/status | tr -s '\\t' ' '": "CapInh: 0000000000000000\nCapPrm: 0000000000000000\nCapEff: 0000000000000000\nCapBnd: 0000000000000000\nCapAmb: 0000000000000000\nNoNewPrivs: 1",
		"grep -E '^(Cap(Prm|Bnd)|Uid|Gid):' /proc/1/status | tr -s '\\t' ' '":                   "Uid: 20001 20001 20001 20001\nGid: 20001 20001 20001 20001\nCapPrm: 0000000000000000\nCapBnd: 0000000000000000",
		"cut -d: -f1 /etc/passwd":    "root\nnobody\nalice",
		"hostname":                   "jail",
		"pwd; echo $HOME":            "/home/alice\n/home/alice",
		"echo $USER $LOGNAME $SHELL": "alice alice /bin/bash",
		"stat -c '%a %U' ~":          "700 alice",
		"umask":                      "0022",
		"grep -E '^Sig(Blk|Ign):' /proc/self/status | tr -s '\\t' ' '": "SigBlk: 0000000000000000\nSigIgn: 0000000000000000",
		// Not 0, which lets the kernel run the host's program for crashes, and not to be changed.
		"awk '/core/ {print $5, $6}' /proc/self/limits; ulimit -c 0; awk '/core/ {print $5, $6}' /proc/self/limits": "1 1\n1 1",
		"cat /proc/self/oom_score_adj": "0",
		"ls -A /tmp /var/tmp /run":     "/run:\n\n/tmp:\n\n/var/tmp:",
		"ls /dev":                      "fd\nfull\nnull\nptmx\npts\nrandom\nshm\nstderr\nstdin\nstdout\ntty\nurandom\nzero",
		"ls /home":                     "alice",
	} {
		if got := output(t, c, command); got != want {
			t.Errorf("%s:\n%s\nwant:\n%s", command, got, want)
		}
	}
}

// No descriptor of jailshd's or of PID 1's is open in a user's process.
func TestNothingIsInherited(t *testing.T) {
	cells, _ := newCells(t)
	leak, err := unix.Open("/etc/passwd", unix.O_RDONLY, 0) // as a shell that starts a daemon may leave it
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(leak)
	c := enter(t, cells, account(t, "alice", 20001))
	if got := output(t, c, "for i in $(seq 0 1023); do [ -e /proc/$$/fd/$i ] && echo -n $i; done; true"); got != "012" {
		t.Errorf("descriptors %s", got)
	}
	if got := output(t, c, "env -0 | tr '\\0' '\\n' | cut -d= -f1 | sort | tr '\\n' ' '"); got != "HOME LANG LOGNAME OLDPWD PATH PWD SHELL SHLVL USER _" &&
		got != "HOME LANG LOGNAME PATH PWD SHELL SHLVL USER _" {
		t.Errorf("environment %s", got)
	}
}

func TestWhatCanBeWrittenTo(t *testing.T) {
	cells, _ := newCells(t)
	c := enter(t, cells, account(t, "alice", 20001))
	for _, dir := range []string{"~", "/tmp", "/var/tmp", "/dev/shm"} {
		output(t, c, "touch "+dir+"/new")
	}
	for _, dir := range []string{"/", "/usr", "/etc", "/dev", "/home", "/run", "/var", "/proc", "/proc/sys/kernel"} {
		if r := run(t, c, "touch "+dir+"/new"); r.exit.Status == 0 {
			t.Errorf("%s can be written to", dir)
		}
	}
	if got := output(t, c, "grep -cE ' (ro|rw)[ ,]' /proc/self/mounts; grep -vE 'nosuid' /proc/self/mounts || echo all nosuid"); !strings.HasSuffix(got, "all nosuid") {
		t.Errorf("mounts without nosuid: %s", got)
	}
}

func TestTheDangerousPartsOfProcAreMasked(t *testing.T) {
	cells, _ := newCells(t)
	c := enter(t, cells, account(t, "alice", 20001))
	got := output(t, c, `for f in kcore keys kallsyms sysrq-trigger timer_list cmdline modules interrupts; do
		[ -e /proc/$f ] || continue; head -c1 /proc/$f >/dev/null 2>&1 && [ -n "$(head -c1 /proc/$f 2>/dev/null)" ] && echo open $f; done
		for d in fs irq bus acpi driver; do ls -A /proc/$d 2>/dev/null; done; true`)
	if got != "" {
		t.Errorf("readable: %s", got)
	}
}

// PID 1 has the user's uid, and is closed to her all the same.
func TestTheUserCantLookIntoPID1(t *testing.T) {
	cells, _ := newCells(t)
	c := enter(t, cells, account(t, "alice", 20001))
	for _, command := range []string{
		"cat /proc/1/environ", "cat /proc/1/maps", "head -c1 /proc/1/mem", "cat /proc/1/exe", "readlink /proc/1/exe",
		"ls /proc/1/fd/", "ls /proc/1/root/", "ls /proc/1/cwd/", "ls /proc/1/map_files/",
	} {
		if r := run(t, c, command); r.exit.Status == 0 || !strings.Contains(r.err+r.out, "ermission denied") && command != "readlink /proc/1/exe" {
			t.Errorf("%s: %+v", command, r)
		}
	}
}

func TestPID1StandsItsUsersSignals(t *testing.T) {
	cells, _ := newCells(t)
	c := enter(t, cells, account(t, "alice", 20001))
	if got := output(t, c, `for s in $(seq 1 64); do [ $s = 32 ] || [ $s = 33 ] || kill -$s 1 2>/dev/null; done; echo alive`); got != "alive" {
		t.Error(got)
	}
	// As a fault of its own would come: not marked as another's kill(2).
	if got := output(t, c, `for s in SEGV BUS FPE ILL TRAP ABRT SYS PIPE TERM 34; do /usr/bin/kill -q 1 -s $s 1 || echo $s; done; echo alive`); got != "alive" {
		t.Error(got)
	}
	if got := output(t, c, "echo still"); got != "still" {
		t.Error(got)
	}
}

func TestPID1CollectsOrphans(t *testing.T) {
	cells, _ := newCells(t)
	c := enter(t, cells, account(t, "alice", 20001))
	output(t, c, "for i in 1 2 3 4 5; do (setsid true &); done; true")
	got := output(t, c, "for i in $(seq 100); do ps -eo stat= | grep -q Z || { echo none; exit; }; done; ps -ef")
	if got != "none" {
		t.Errorf("zombies: %s", got)
	}
}

func TestTheSecondLoginEntersTheSameCell(t *testing.T) {
	cells, _ := newCells(t)
	a := account(t, "alice", 20001)
	first, one, err := open(t, cells, a)
	if err != nil {
		t.Fatal(err)
	}
	second, two, err := open(t, cells, a)
	if err != nil {
		t.Fatal(err)
	}
	if !one.Cold || two.Cold || one.Cell != two.Cell {
		t.Errorf("%+v then %+v", one, two)
	}
	output(t, first, "echo hello >/tmp/from-the-first")
	if got := output(t, second, "cat /tmp/from-the-first"); got != "hello" {
		t.Error(got)
	}
}

func TestTwoUsersShareNothing(t *testing.T) {
	cells, _ := newCells(t)
	alice := enter(t, cells, account(t, "alice", 20001))
	bob := enter(t, cells, account(t, "bob", 20002))
	output(t, alice, "echo secret >/tmp/a; echo secret >/dev/shm/a; echo secret >~/a; (sleep 1000 </dev/null >/dev/null 2>&1 &)")
	if got := output(t, bob, "ls -A /tmp /dev/shm /home/alice 2>/dev/null | grep -v :; ps -eo args= | grep '[s]leep 1000'; true"); got != "" {
		t.Errorf("bob sees: %s", got)
	}
	for _, ns := range []string{"mnt", "pid", "ipc", "uts", "net", "cgroup"} {
		a, b := output(t, alice, "readlink /proc/self/ns/"+ns), output(t, bob, "readlink /proc/self/ns/"+ns)
		host, err := os.Readlink("/proc/self/ns/" + ns)
		if err != nil || a == b || a == host || b == host {
			t.Errorf("%s: alice %s, bob %s, host %s", ns, a, b, host)
		}
	}
}

func TestLoopbackIsUpAndTheOnlyDevice(t *testing.T) {
	cells, _ := newCells(t)
	c := enter(t, cells, account(t, "alice", 20001))
	if got := output(t, c, "tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d ' '"); got != "lo" {
		t.Errorf("devices: %s", got)
	}
	if r := run(t, c, "exec 3<>/dev/tcp/127.0.0.1/9"); !strings.Contains(r.err, "Connection refused") {
		t.Errorf("loopback answers %q", r.err)
	}
}

func TestHostNetwork(t *testing.T) {
	cells, _ := newCells(t)
	a := account(t, "alice", 20001)
	a.Network = wire.NetworkHost
	host, err := os.Readlink("/proc/self/ns/net")
	if err != nil {
		t.Fatal(err)
	}
	if got := output(t, enter(t, cells, a), "readlink /proc/self/ns/net"); got != host {
		t.Errorf("%s instead of %s", got, host)
	}
}

func TestTheCellEndsWithItsLastSession(t *testing.T) {
	cells, _ := newCells(t)
	a := account(t, "alice", 20001)
	c, opened, err := open(t, cells, a)
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
	waitForEnd(t, opened)
	if _, again, err := open(t, cells, a); err != nil || !again.Cold {
		t.Errorf("%v %+v", err, again)
	}
}

func TestAProcessLeftRunningKeepsTheCell(t *testing.T) {
	cells, _ := newCells(t)
	a := account(t, "alice", 20001)
	c, opened, err := open(t, cells, a)
	if err != nil {
		t.Fatal(err)
	}
	output(t, c, "setsid sleep 1000 </dev/null >/dev/null 2>&1 & echo $! >/tmp/pid")
	c.Close()
	c, again, err := open(t, cells, a)
	if err != nil || again.Cold {
		t.Fatalf("%v %+v", err, again)
	}
	output(t, c, "kill $(cat /tmp/pid)")
	c.Close()
	waitForEnd(t, opened)
}

func TestLingerKeepsAnEmptyCell(t *testing.T) {
	cells, _ := newCells(t)
	a := account(t, "alice", 20001)
	a.Linger = time.Hour
	for i := range 3 {
		c, opened, err := open(t, cells, a)
		if err != nil || opened.Cold != (i == 0) {
			t.Fatalf("%d: %v %+v", i, err, opened)
		}
		c.Close()
	}
}

func TestKillOnLogoutLeavesNoProcess(t *testing.T) {
	cells, _ := newCells(t)
	a := account(t, "alice", 20001)
	a.KillOnLogout = true
	c, opened, err := open(t, cells, a)
	if err != nil {
		t.Fatal(err)
	}
	output(t, c, "setsid sleep 1000 </dev/null >/dev/null 2>&1 &")
	c.Close()
	waitForEnd(t, opened)
}

func TestAKilledPID1TakesEverythingWithIt(t *testing.T) {
	groups, instance := newGroups(t)
	cells, _ := newCellsIn(t, groups)
	a := account(t, "alice", 20001)
	before := hostState(t, instance)
	c, opened, err := open(t, cells, a)
	if err != nil {
		t.Fatal(err)
	}
	p, err := c.Spawn(t.Context(), &wire.Spawn{Exec: true, Command: "sleep 1000"})
	if err != nil {
		t.Fatal(err)
	}
	defer closeProcess(p)
	if err := unix.Kill(pidOf(t, opened), unix.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if e, ok := <-p.Exit(); ok {
		t.Errorf("an exit status came from a killed cell: %+v", e)
	}
	closeProcess(p)
	c.Close()
	cells.End("alice", "of a test")
	if after := hostState(t, instance); after != before {
		t.Errorf("left behind:\n%s\nbefore:\n%s", after, before)
	}
	if _, again, err := open(t, cells, a); err != nil || !again.Cold {
		t.Errorf("%v %+v", err, again)
	}
}

func closeProcess(p *cell.Process) {
	p.Stdin.Close()
	p.Stdout.Close()
	p.Stderr.Close()
}

func TestEndStopsWhatRuns(t *testing.T) {
	cells, _ := newCells(t)
	a := account(t, "alice", 20001)
	c, opened, err := open(t, cells, a)
	if err != nil {
		t.Fatal(err)
	}
	output(t, c, "trap '' HUP TERM; setsid sleep 1000 </dev/null >/dev/null 2>&1 &")
	cells.End("alice", "of a test")
	waitForEnd(t, opened)
}

func TestCloseRefusesNewCells(t *testing.T) {
	cells, _ := newCells(t)
	cells.Close()
	if _, _, err := open(t, cells, account(t, "alice", 20001)); !errors.Is(err, jail.ErrClosed) {
		t.Error(err)
	}
}

func pidOf(t *testing.T, o *jail.Opened) int {
	t.Helper()
	_, pid, _ := strings.Cut(o.Cell, "/")
	n, err := strconv.Atoi(pid)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// waitForEnd waits, without polling, until the cell's PID 1 is gone.
func waitForEnd(t *testing.T, o *jail.Opened) {
	t.Helper()
	fd, err := unix.PidfdOpen(pidOf(t, o), 0)
	if errors.Is(err, unix.ESRCH) {
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	for {
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, 30_000)
		if err == unix.EINTR {
			continue
		}
		if err != nil || n != 1 {
			t.Fatalf("cell %s didn't end: %v", o.Cell, err)
		}
		return
	}
}

func TestTheShellMustBeInTheTemplate(t *testing.T) {
	cells, _ := newCells(t)
	a := account(t, "alice", 20001)
	for _, shell := range []string{"/bin/zsh", "/etc/passwd", "/usr/bin", "/../../bin/nothing"} {
		a.Shell = shell
		if _, _, err := open(t, cells, a); err == nil || !strings.Contains(err.Error(), "user.alice.shell: "+shell) || !strings.Contains(err.Error(), " - ") {
			t.Errorf("%s: %v", shell, err)
		}
	}
}

// A build that was killed between making the home and giving it to the user
// must not lock her out.
func TestAHomeThatWasLeftHalfMadeBecomesHers(t *testing.T) {
	cells, _ := newCells(t)
	a := account(t, "alice", 20001)
	if err := os.Mkdir(a.Home, 0o700); err != nil {
		t.Fatal(err)
	}
	if got := output(t, enter(t, cells, a), "stat -c %U ~; touch ~/x && echo written"); got != "alice\nwritten" {
		t.Error(got)
	}
}

// Who takes all rights from her own home can still log in, to give them back.
func TestALockedHomeDoesntLockTheUserOut(t *testing.T) {
	cells, _ := newCells(t)
	c := enter(t, cells, account(t, "alice", 20001))
	output(t, c, "chmod 000 ~")
	if got := output(t, c, "pwd; chmod 700 ~"); got != "/" {
		t.Error(got)
	}
	if got := output(t, c, "pwd"); got != "/home/alice" {
		t.Error(got)
	}
}

func TestAHomeThatIsntHersIsRefused(t *testing.T) {
	cells, _ := newCells(t)
	base := t.TempDir()
	mine := filepath.Join(base, "mine")
	if err := os.Mkdir(mine, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(mine, 4242, 4242); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(base, "link")
	if err := os.Symlink(mine, link); err != nil {
		t.Fatal(err)
	}
	linked := filepath.Join(link, "below")
	file := filepath.Join(base, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for home, want := range map[string]string{
		mine:                           "belongs to uid 4242, not to alice - run: chown -R 20001:20001 " + mine,
		link:                           "is a symbolic link or a file - move it away",
		file:                           "is a symbolic link or a file - move it away",
		linked:                         "the folder above it",
		filepath.Join(base, "no", "x"): "the folder above it",
	} {
		a := account(t, "alice", 20001)
		a.Home = home
		if _, _, err := open(t, cells, a); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", home, err, want)
		}
	}
}

// A hostile init can pass its standard error on, to somebody who keeps it open.
// Its cell must come to an end all the same.
func TestACellEndsThoughSomebodyHoldsItsInitsStderr(t *testing.T) {
	cells, _ := newCells(t)
	a := account(t, "alice", 20001)
	c, opened, err := open(t, cells, a)
	if err != nil {
		t.Fatal(err)
	}
	held, err := os.OpenFile("/proc/"+strconv.Itoa(pidOf(t, opened))+"/fd/2", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	c.Close()
	waitForEnd(t, opened)
	if _, again, err := open(t, cells, a); err != nil || !again.Cold {
		t.Errorf("%v %+v", err, again)
	}
}

// Logins that pile up before a cell that stands still are refused, and none of
// those that give up takes the cell along when it goes on.
func TestLoginsBeforeAStuckCellAreBoundedAndHarmless(t *testing.T) {
	cells, _ := newCells(t)
	a := account(t, "alice", 20001)
	_, opened, err := open(t, cells, a)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.Kill(pidOf(t, opened), unix.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	ctx, giveUp := context.WithCancel(t.Context())
	results := make(chan error)
	const logins = 100
	for range logins {
		go func() {
			o, err := cells.Open(ctx, a.Name, plan(a))
			if err == nil {
				o.Socket.Close()
			}
			results <- err
		}()
	}
	if err := <-results; !errors.Is(err, jail.ErrBusy) {
		t.Errorf("the first answer is %v", err)
	}
	giveUp()
	if err := unix.Kill(pidOf(t, opened), unix.SIGCONT); err != nil {
		t.Fatal(err)
	}
	for range logins - 1 {
		<-results
	}
	if _, again, err := open(t, cells, a); err != nil || again.Cold || again.Cell != opened.Cell {
		t.Errorf("%v %+v, after %+v", err, again, opened)
	}
}
