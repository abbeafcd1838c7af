package jail_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jailsh/jailsh/etc"
	"github.com/jailsh/jailsh/internal/cell"
	"github.com/jailsh/jailsh/internal/wire"
	"github.com/jailsh/jailsh/jail"
	"github.com/jailsh/jailsh/jail/cgroup"
	"github.com/jailsh/jailsh/jail/template"
	"golang.org/x/sys/unix"
)

// What all tests share: a jailsh-init that can be made to fail at a step, one that
// can't, and so prepares before it has a plan, jailsh-applet, and the basic
// template. All are made once.
var (
	program, faultless *jail.Program
	applet             *jail.Program
	basic              jail.Template
)

func TestMain(m *testing.M) {
	if os.Getenv(ownNamespace) == "" {
		os.Exit(again())
	}
	os.Exit(setUp(m))
}

// ownNamespace marks the second run, in a mount namespace that nobody else
// mounts in: the tests look for mounts that are left behind.
const ownNamespace = "JAIL_TEST_OWN_NAMESPACE"

func again() int {
	// What a careless starter of jailshd leaves to it, and no shell may inherit.
	runtime.LockOSThread()
	signal.Ignore(syscall.SIGHUP, syscall.SIGUSR1)
	blocked := unix.Sigset_t{Val: [16]uint64{1 << (unix.SIGUSR2 - 1)}}
	if err := unix.PthreadSigmask(unix.SIG_BLOCK, &blocked, nil); err != nil {
		panic(err)
	}
	c := exec.Command("/proc/self/exe", os.Args[1:]...)
	c.Env = append(os.Environ(), ownNamespace+"=1")
	c.Stdout, c.Stderr = os.Stdout, os.Stderr
	c.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}
	if err := c.Run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func setUp(m *testing.M) int {
	if os.Geteuid() != 0 {
		fmt.Fprintln(os.Stderr, "these tests make jails: run them as root")
		return 1
	}
	syscall.Umask(0o077) // jailshd's own, which must not reach into a jail
	// As on a host with systemd: what isn't made private would be seen outside.
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_SHARED, ""); err != nil {
		panic(err)
	}
	dir, err := os.MkdirTemp("", "jail")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	program, faultless = compile(dir, "jailsh-init", "faultinject"), compile(dir, "jailsh-init", "")
	applet = compile(dir, "jailsh-applet", "")
	templates := filepath.Join(dir, "templates")
	if _, err := template.Build(context.Background(), template.Options{Dir: templates, Name: "basic", Profiles: etc.Profiles()}); err != nil {
		panic(err)
	}
	opened, err := template.Open(templates, "basic")
	if err != nil {
		panic(err)
	}
	basic = jail.Template{Name: "basic", Build: opened.Build, Tree: opened.Tree()}
	return m.Run()
}

// compile builds one of the programs into the folder.
func compile(dir, name, tags string) *jail.Program {
	binary := filepath.Join(dir, name+tags)
	build := exec.Command("go", "build", "-tags", tags, "-o", binary, "github.com/jailsh/jailsh/cmd/"+name)
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		panic(fmt.Sprintf("%v\n%s", err, out))
	}
	p, err := jail.LoadProgram(binary)
	if err != nil {
		panic(err)
	}
	return p
}

// logBuffer collects what Cells log.
type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// wait waits until a line has all the words.
func (l *logBuffer) wait(t *testing.T, words ...string) {
	t.Helper()
	late := time.After(20 * time.Second)
	for {
		for line := range strings.Lines(l.String()) {
			if !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(line, w) }) {
				return
			}
		}
		select {
		case <-time.After(10 * time.Millisecond):
		case <-late:
			t.Fatalf("no line with %q:\n%s", words, l.String())
		}
	}
}

func (l *logBuffer) strike(s jail.Strike) {
	fmt.Fprintf(l, "strike: %+v\n", s)
}

// newGroups makes the cgroup of an instance of the test's own, which is the
// folder name of each hierarchy.
func newGroups(t *testing.T) (groups *cgroup.Tree, name string) {
	t.Helper()
	host, err := cgroup.Find()
	if err != nil {
		t.Fatal(err)
	}
	if name, err = cgroup.Name(t.TempDir()); err != nil {
		t.Fatal(err)
	}
	if groups, _, err = host.Prepare(name); err != nil {
		t.Fatal(err)
	}
	return groups, name
}

func newCells(t *testing.T) (*jail.Cells, *logBuffer) {
	t.Helper()
	groups, _ := newGroups(t)
	return newCellsIn(t, groups)
}

func newCellsIn(t *testing.T, groups *cgroup.Tree) (*jail.Cells, *logBuffer) {
	t.Helper()
	logs := &logBuffer{}
	cells := jail.NewCells(jail.Means{Program: program, Applet: applet, Groups: groups, Strike: logs.strike}, slog.New(slog.NewTextHandler(logs, nil)))
	t.Cleanup(func() {
		cells.Close()
		groups.Close()
	})
	return cells, logs
}

// account is a user with a home in a temporary folder.
func account(t *testing.T, name string, uid uint32) jail.Account {
	t.Helper()
	homes := t.TempDir()
	if err := os.Chmod(homes, 0o755); err != nil {
		t.Fatal(err)
	}
	return jail.Account{
		Name: name, UID: uid, GID: uid, Home: filepath.Join(homes, name), Shell: "/bin/bash",
		Hostname: "jail", Umask: 0o22, Network: wire.NetworkPrivate, Template: basic,
	}
}

func plan(a jail.Account) func() (*wire.Spec, func(), error) {
	return func() (*wire.Spec, func(), error) {
		spec, err := jail.Plan(a)
		return spec, func() {}, err
	}
}

// enter opens the account's cell, or ends the test.
func enter(t *testing.T, cells *jail.Cells, a jail.Account) *cell.Cell {
	t.Helper()
	c, _, err := open(t, cells, a)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func open(t *testing.T, cells *jail.Cells, a jail.Account) (*cell.Cell, *jail.Opened, error) {
	t.Helper()
	opened, err := cells.Open(t.Context(), a.Name, plan(a))
	if err != nil {
		return nil, nil, err
	}
	conn, err := wire.NewConn(opened.Socket)
	if err != nil {
		t.Fatal(err)
	}
	c := cell.New(conn)
	t.Cleanup(func() { c.Close() })
	return c, opened, nil
}

// result is how a command ended.
type result struct {
	out, err string
	exit     wire.Exit
}

// run runs a command in the cell to its end.
func run(t *testing.T, c *cell.Cell, command string) result {
	t.Helper()
	p, err := c.Spawn(t.Context(), &wire.Spawn{Exec: true, Command: command})
	if err != nil {
		t.Fatalf("%s: %v", command, err)
	}
	p.Stdin.Close()
	var r result
	var readers sync.WaitGroup
	readers.Go(func() { r.out = drain(p.Stdout) })
	readers.Go(func() { r.err = drain(p.Stderr) })
	readers.Wait()
	exit, ok := <-p.Exit()
	if !ok {
		t.Fatalf("%s: the cell ended", command)
	}
	r.exit = exit
	return r
}

func drain(f *os.File) string {
	defer f.Close()
	b, _ := io.ReadAll(f)
	return string(b)
}

// output is a command's trimmed standard output; the command must succeed.
func output(t *testing.T, c *cell.Cell, command string) string {
	t.Helper()
	r := run(t, c, command)
	if r.exit.Status != 0 || r.exit.Signal != 0 {
		t.Fatalf("%s: %+v\n%s%s", command, r.exit, r.out, r.err)
	}
	return strings.TrimSpace(r.out)
}
