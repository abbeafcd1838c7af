package main

import (
	"bytes"
	"errors"
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
	t    *testing.T
	cmd  *exec.Cmd
	ours *os.File // the master
	tty  *os.File // the slave, held open so that its modes can be read afterwards
	seen bytes.Buffer
}

// startOnTerminal starts `jailsh run alice -- sh -c script` on a new terminal of
// the given size, against a fake daemon.
func startOnTerminal(t *testing.T, rows, cols uint16, script string) *terminal {
	t.Helper()
	dir := t.TempDir()
	for name, content := range map[string]string{"jailsh.toml": "", "users.toml": ""} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "run"), 0o700); err != nil {
		t.Fatal(err)
	}
	d, err := startFakeDaemon(filepath.Join(dir, "run"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.stop)
	ours, tty, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ours.Close(); tty.Close() })
	x := &terminal{t: t, ours: ours, tty: tty}
	x.resize(rows, cols)
	x.cmd = asJailsh(t, "run", "alice", "--config", filepath.Join(dir, "jailsh.toml"), "--", "sh", "-c", script)
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

// wait returns the exit status.
func (x *terminal) wait() int {
	x.t.Helper()
	late := time.AfterFunc(30*time.Second, func() { _ = x.cmd.Process.Kill() })
	defer late.Stop()
	err := x.cmd.Wait()
	exit := (*exec.ExitError)(nil)
	if err != nil && !errors.As(err, &exit) {
		x.t.Fatal(err)
	}
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
	x := startOnTerminal(t, 43, 132, `stty size; trap 'stty size; exit 9' WINCH; echo ready; while :; do read line || :; done`)
	x.expect("43 132\r\n")
	x.expect("ready\r\n")
	x.resize(24, 80)
	x.expect("24 80\r\n")
	if status := x.wait(); status != 9 {
		t.Errorf("exit status %d, want 9", status)
	}
}

// In between the terminal passes keys on as they are: Ctrl-C is for the program
// in the jail. Afterwards it is as it was, whatever the program did.
func TestRunRestoresTerminal(t *testing.T) {
	t.Parallel()
	x := startOnTerminal(t, 24, 80, `echo ready; sleep 1000`)
	before := x.modes()
	if before.Lflag&unix.ISIG == 0 || before.Lflag&unix.ECHO == 0 {
		t.Fatalf("a new terminal that is raw already: %+v", before)
	}
	x.expect("ready\r\n")
	if raw := x.modes(); raw.Lflag&(unix.ISIG|unix.ECHO|unix.ICANON) != 0 {
		t.Errorf("while the command runs our terminal isn't raw: %#x", raw.Lflag)
	}
	x.send("\x03")
	if status := x.wait(); status != 128+int(unix.SIGINT) {
		t.Errorf("exit status %d, want %d", status, 128+int(unix.SIGINT))
	}
	if after := x.modes(); after != before {
		t.Errorf("modes before:\n%+v\nafter:\n%+v", before, after)
	}
}

func TestRunRestoresTerminalWhenTerminated(t *testing.T) {
	t.Parallel()
	x := startOnTerminal(t, 24, 80, `echo ready; sleep 1000`)
	before := x.modes()
	x.expect("ready\r\n")
	if err := x.cmd.Process.Signal(unix.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if status := x.wait(); status != 128+int(unix.SIGTERM) {
		t.Errorf("exit status %d, want %d", status, 128+int(unix.SIGTERM))
	}
	if after := x.modes(); after != before {
		t.Errorf("modes before:\n%+v\nafter:\n%+v", before, after)
	}
}

// All of the last output arrives, though the command has ended long before it is
// read.
func TestRunReadsOutputToItsEnd(t *testing.T) {
	t.Parallel()
	x := startOnTerminal(t, 24, 80, `i=0; while [ $i -lt 3000 ]; do echo line $i; i=$((i+1)); done`)
	x.expect("line 2999\r\n")
	if status := x.wait(); status != 0 {
		t.Errorf("exit status %d", status)
	}
	if n := strings.Count(x.seen.String(), "\r\n"); n != 3000 {
		t.Errorf("%d lines, want 3000", n)
	}
}
