package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"
)

// terminal is a jailsh that runs on a terminal of ours.
type terminal struct {
	t      *testing.T
	cmd    *exec.Cmd
	ours   *os.File     // the master
	tty    *os.File     // the slave, held open so that its modes can be read afterwards
	before unix.Termios // its modes before jailsh was started
	seen   bytes.Buffer
}

// newFakeInstance makes an instance whose jailshd is a fake one.
func newFakeInstance(t *testing.T) (dir string, d *fakeDaemon) {
	t.Helper()
	dir = t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "jailsh.toml"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "run"), 0o700); err != nil {
		t.Fatal(err)
	}
	d, err := startFakeDaemon(filepath.Join(dir, "run"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.stop)
	return dir, d
}

// startOnTerminal starts `jailsh run alice -- command` on a new terminal of the
// given size, against a fake daemon.
func startOnTerminal(t *testing.T, rows, cols uint16, command ...string) *terminal {
	t.Helper()
	return startJailsh(t, rows, cols, func(config string) []string {
		return append([]string{"run", "alice", "--config", config, "--"}, command...)
	})
}

// startJailsh is the same with other arguments.
func startJailsh(t *testing.T, rows, cols uint16, args func(config string) []string) *terminal {
	t.Helper()
	dir, _ := newFakeInstance(t)
	ours, tty, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ours.Close(); tty.Close() })
	x := &terminal{t: t, ours: ours, tty: tty}
	x.resize(rows, cols)
	x.before = x.modes()
	x.cmd = asJailsh(t, args(filepath.Join(dir, "jailsh.toml"))...)
	x.cmd.Stdin, x.cmd.Stdout, x.cmd.Stderr = tty, tty, tty
	x.cmd.SysProcAttr = &unix.SysProcAttr{Setsid: true, Setctty: true}
	if err := x.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = x.cmd.Process.Kill() })
	return x
}

// asJailsh is a call of this test binary that TestMain takes for jailsh.
func asJailsh(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	own, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return &exec.Cmd{Path: own, Args: append([]string{"jailsh"}, args...), Env: append(os.Environ(), "GORACE=atexit_sleep_ms=0")}
}

func (x *terminal) resize(rows, cols uint16) {
	x.t.Helper()
	if err := pty.Setsize(x.ours, &pty.Winsize{Rows: rows, Cols: cols}); err != nil {
		x.t.Fatal(err)
	}
}

// expect reads until the terminal has shown text.
func (x *terminal) expect(text string) {
	x.t.Helper()
	buf := make([]byte, 4096)
	for !strings.Contains(x.seen.String(), text) {
		n, err := x.ours.Read(buf)
		x.seen.Write(buf[:n])
		if err != nil {
			x.t.Fatalf("%v before %q; seen:\n%q", err, text, x.seen.String())
		}
	}
}

func (x *terminal) send(text string) {
	x.t.Helper()
	if _, err := x.ours.WriteString(text); err != nil {
		x.t.Fatal(err)
	}
}

// echoer answers a line with one that no terminal's echo looks like.
func echoer() []string { return []string{"sed", "-u", "s/^/got:/"} }

// awaitEchoer returns once the echoer itself runs, and no shell before it.
func (x *terminal) awaitEchoer() {
	x.t.Helper()
	x.send("marker\r")
	x.expect("got:marker\r\n")
}

// wait returns the exit status.
func (x *terminal) wait() int {
	late := time.AfterFunc(30*time.Second, func() { _ = x.cmd.Process.Kill() })
	defer late.Stop()
	_ = x.cmd.Wait() // an exit status other than 0 is an error here
	return x.cmd.ProcessState.ExitCode()
}

func (x *terminal) modes() unix.Termios {
	x.t.Helper()
	m, err := unix.IoctlGetTermios(int(x.tty.Fd()), unix.TCGETS)
	if err != nil {
		x.t.Fatal(err)
	}
	return *m
}

func TestRunOnTerminal(t *testing.T) {
	t.Parallel()
	x := startOnTerminal(t, 43, 132, "sh", "-c", `stty size; while s=$(stty size); do [ "$s" = "24 80" ] && exit 9; done`)
	x.expect("43 132\r\n")
	x.resize(24, 80)
	if status := x.wait(); status != 9 {
		t.Errorf("exit status %d, want 9", status)
	}
}

// In between the terminal passes keys on as they are: Ctrl-C is for the program
// in the jail. Afterwards it is as it was, whatever the program did.
func TestRunRestoresTerminal(t *testing.T) {
	t.Parallel()
	x := startOnTerminal(t, 24, 80, echoer()...)
	if before := x.before; before.Lflag&unix.ISIG == 0 || before.Lflag&unix.ECHO == 0 {
		t.Fatalf("a new terminal that is raw already: %+v", before)
	}
	x.awaitEchoer()
	if raw := x.modes(); raw.Lflag&(unix.ISIG|unix.ECHO|unix.ICANON) != 0 {
		t.Errorf("while the command runs our terminal isn't raw: %#x", raw.Lflag)
	}
	x.send("\x03")
	if status := x.wait(); status != 128+int(unix.SIGINT) {
		t.Errorf("exit status %d, want %d", status, 128+int(unix.SIGINT))
	}
	if after := x.modes(); after != x.before {
		t.Errorf("modes before:\n%+v\nafter:\n%+v", x.before, after)
	}
}

func TestRunRestoresTerminalWhenTerminated(t *testing.T) {
	t.Parallel()
	x := startOnTerminal(t, 24, 80, echoer()...)
	x.awaitEchoer()
	if err := x.cmd.Process.Signal(unix.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if status := x.wait(); status != 128+int(unix.SIGTERM) {
		t.Errorf("exit status %d, want %d", status, 128+int(unix.SIGTERM))
	}
	if after := x.modes(); after != x.before {
		t.Errorf("modes before:\n%+v\nafter:\n%+v", x.before, after)
	}
}

// All of the output arrives, though the command has ended before any is read: it
// fills our pipe, and the rest waits in the command's.
func TestRunReadsOutputToItsEnd(t *testing.T) {
	t.Parallel()
	const size = 100_000 // more than one pipe holds, less than two (pipe(7): 64 KiB)
	dir, d := newFakeInstance(t)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	cmd := asJailsh(t, "run", "alice", "--config", filepath.Join(dir, "jailsh.toml"), "--", "head", "-c", fmt.Sprint(size), "/dev/zero")
	cmd.Stdout = w
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case <-d.exited:
	case <-ended:
		t.Fatal("jailsh ended before the command")
	}
	select {
	case <-ended:
		t.Fatal("jailsh ended before its output could be written")
	case <-time.After(100 * time.Millisecond): // it never does; a broken one needs a few milliseconds
	}
	out, err := io.ReadAll(r)
	if err != nil || len(out) != size {
		t.Errorf("%d bytes, want %d; error %v", len(out), size, err)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
