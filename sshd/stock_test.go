package sshd

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/creack/pty"
	"github.com/jailsh/jailsh/internal/wire"
)

// Tests with the stock client, ssh(1): what it does is what counts.

// The exit status, and the three streams, of a command.
func TestStockCommand(t *testing.T) {
	t.Parallel()
	f := start(t)
	cmd := f.stock("alice@127.0.0.1", "cat; echo oops >&2; exit 7")
	cmd.Stdin = strings.NewReader("hello\n")
	out, errs, status := f.run(cmd)
	if out != "hello\n" || errs != "oops\n" || status != 7 {
		t.Errorf("got %q, %q, %d", out, errs, status)
	}
}

func TestStockExitStatus(t *testing.T) {
	t.Parallel()
	f := start(t)
	for command, want := range map[string]int{
		"true": 0, "exit 1": 1, "exit 42": 42, "exit 255": 255, "no-such-command": 127, "kill -9 $$": 255, "kill -SEGV $$": 255,
		// The client is told at the end of the program, not at the end of who holds
		// nothing of it.
		"sleep 300 >/dev/null 2>&1 & exit 3":                    3,
		"sleep 300 </dev/null >/dev/null 2>&1 & echo x; exit 4": 4,
	} {
		if _, errs, status := f.run(f.stock("alice@127.0.0.1", command)); status != want {
			t.Errorf("%s: exit status %d, not %d: %s", command, status, want, errs)
		}
	}
}

// As with OpenSSH, who holds the output keeps the session.
func TestStockOutputOfABackgroundProcess(t *testing.T) {
	t.Parallel()
	f := start(t)
	out, _, status := f.run(f.stock("alice@127.0.0.1", "(sleep 0.2; echo late) & echo early; exit 5"))
	if out != "early\nlate\n" || status != 5 {
		t.Errorf("got %q, %d", out, status)
	}
}

// 10 MB of any bytes, there and back, and as many on standard error.
func TestStockBytesStayRaw(t *testing.T) {
	t.Parallel()
	f := start(t)
	data := make([]byte, 10<<20)
	_, _ = rand.Read(data)
	want := fmt.Sprintf("%x", sha256.Sum256(data))
	cmd := f.stock("alice@127.0.0.1", "cat")
	cmd.Stdin = bytes.NewReader(data)
	out, _, status := f.run(cmd)
	if got := fmt.Sprintf("%x", sha256.Sum256([]byte(out))); got != want || status != 0 {
		t.Errorf("%d bytes came back, status %d", len(out), status)
	}
	cmd = f.stock("alice@127.0.0.1", "cat >&2; echo done")
	cmd.Stdin = bytes.NewReader(data)
	out, errs, _ := f.run(cmd)
	if got := fmt.Sprintf("%x", sha256.Sum256([]byte(errs))); got != want || out != "done\n" {
		t.Errorf("%d bytes came on standard error, and %q", len(errs), out)
	}
	cmd = f.stock("alice@127.0.0.1", "sha256sum")
	cmd.Stdin = bytes.NewReader(data)
	if out, _, _ := f.run(cmd); !strings.HasPrefix(out, want) {
		t.Errorf("the program read something else: %s", out)
	}
}

// The client's end of input reaches the program, and its output goes on.
func TestStockHalfClose(t *testing.T) {
	t.Parallel()
	f := start(t)
	cmd := f.stock("alice@127.0.0.1", "cat >/dev/null; sleep 0.1; echo after")
	cmd.Stdin = strings.NewReader("x")
	if out, _, status := f.run(cmd); out != "after\n" || status != 0 {
		t.Errorf("got %q, %d", out, status)
	}
}

// A program that closes its input doesn't keep the client from ending.
func TestStockProgramThatReadsNothing(t *testing.T) {
	t.Parallel()
	f := start(t)
	cmd := f.stock("alice@127.0.0.1", "exec <&-; echo closed; exit 6")
	cmd.Stdin = io.LimitReader(rand.Reader, 8<<20)
	if out, _, status := f.run(cmd); out != "closed\n" || status != 6 {
		t.Errorf("got %q, %d", out, status)
	}
}

// The terminal: its type, size and modes, and that it is one.
func TestStockTerminal(t *testing.T) {
	t.Parallel()
	f := start(t)
	out, status := f.onTerminal("tty >/dev/null && stty size && echo $TERM && printf 'a\\tb\\n' && exit 9")
	if out != "33 101\r\nxterm-256color\r\na\tb\r\n" || status != 9 {
		t.Errorf("got %q, %d", out, status)
	}
}

// A window that is resized all the time; the newest size is what counts.
func TestStockWindowChanges(t *testing.T) {
	t.Parallel()
	f := start(t)
	cmd := f.stock("-tt", "alice@127.0.0.1", "trap 'true' WINCH; echo ready; read x; stty size; exit 0")
	master, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: 33, Cols: 101})
	if err != nil {
		t.Fatal(err)
	}
	defer master.Close()
	defer killLate(cmd).Stop()
	r := bufio.NewReader(master)
	waitFor(t, r, "ready")
	for i := range uint16(500) {
		if err := pty.Setsize(master, &pty.Winsize{Rows: 20 + i%20, Cols: 80 + i%50}); err != nil {
			t.Fatal(err)
		}
	}
	if err := pty.Setsize(master, &pty.Winsize{Rows: 44, Cols: 155}); err != nil {
		t.Fatal(err)
	}
	// The client sends the size when it gets to it.
	f.eventually(func() bool { return f.cell.size() == (wire.Size{Columns: 155, Rows: 44}) })
	_, _ = io.WriteString(master, "\n")
	waitFor(t, r, "44 155")
	_ = cmd.Wait()
}

// Ctrl-C is the terminal's: it interrupts what is in the foreground there.
func TestStockInterrupt(t *testing.T) {
	t.Parallel()
	f := start(t)
	cmd := f.stock("-tt", "alice@127.0.0.1", "trap 'echo caught; exit 5' INT; echo ready; while :; do sleep 0.01; done")
	master, err := pty.Start(cmd)
	if err != nil {
		t.Fatal(err)
	}
	defer master.Close()
	defer killLate(cmd).Stop()
	r := bufio.NewReader(master)
	waitFor(t, r, "ready")
	_, _ = io.WriteString(master, "\x03")
	waitFor(t, r, "caught")
	_, _ = io.Copy(io.Discard, r)
	if err := cmd.Wait(); exitStatus(err) != 5 {
		t.Errorf("ended with %v", err)
	}
}

// A program that ends on a terminal takes its last output along, however much
// it is, even if somebody else still holds the terminal.
func TestStockLastOutputOfATerminal(t *testing.T) {
	t.Parallel()
	f := start(t)
	for range 10 {
		out, status := f.onTerminal("(trap '' HUP; exec sleep 300) & head -c 60000 /dev/zero | tr '\\0' x; echo; echo last; exit 3")
		if !strings.HasSuffix(out, "last\r\n") || strings.Count(out, "x") != 60000 || status != 3 {
			t.Fatalf("%d bytes, the last %q, status %d", len(out), out[max(0, len(out)-20):], status)
		}
	}
}

// An interactive shell.
func TestStockShell(t *testing.T) {
	t.Parallel()
	f := start(t)
	cmd := f.stock("-tt", "alice@127.0.0.1")
	master, err := pty.Start(cmd)
	if err != nil {
		t.Fatal(err)
	}
	defer master.Close()
	defer killLate(cmd).Stop()
	r := bufio.NewReader(master)
	waitFor(t, r, "$ ")
	_, _ = io.WriteString(master, "echo $((6*7))\n")
	waitFor(t, r, "42\r\n")
	_, _ = io.WriteString(master, "exit 7\n")
	_, _ = io.Copy(io.Discard, r)
	if err := cmd.Wait(); exitStatus(err) != 7 {
		t.Errorf("ended with %v", err)
	}
	if m := f.cell.last(); m.Exec || !m.Motd {
		t.Errorf("asked the cell for %+v", m)
	}
}

// Several sessions on one connection, at once.
func TestStockControlMaster(t *testing.T) {
	t.Parallel()
	f := start(t)
	f.stock()
	socket := filepath.Join(f.folder, "m")
	shared := func(args ...string) *exec.Cmd {
		return f.stock(append([]string{"-S", socket}, args...)...)
	}
	if _, errs, status := f.run(shared("-M", "-f", "-N", "alice@127.0.0.1")); status != 0 {
		t.Fatalf("%d: %s", status, errs)
	}
	var all sync.WaitGroup
	for i := range 9 {
		all.Go(func() {
			cmd := shared("alice@127.0.0.1", fmt.Sprintf("cat; exit %d", i))
			cmd.Stdin = strings.NewReader(strings.Repeat(strconv.Itoa(i), 100_000))
			out, errs, status := f.run(cmd)
			if status != i || out != strings.Repeat(strconv.Itoa(i), 100_000) {
				t.Errorf("session %d: %d bytes, %q, %d", i, len(out), errs, status)
			}
		})
	}
	all.Wait()
	if _, errs, status := f.run(shared("-O", "exit", "alice@127.0.0.1")); status != 0 {
		t.Errorf("%d: %s", status, errs)
	}
	if n := len(f.broker.opens()); n != 1 {
		t.Errorf("the cell was opened %d times", n)
	}
	if n := f.broker.count("login"); n != 1 {
		t.Errorf("%d logins", n)
	}
	f.broker.waitRecord(t, "logout", nil)
	if f.cell.closed != 1 {
		t.Errorf("the cell was closed %d times", f.cell.closed)
	}
}

// Many logins at once, each with its own bytes.
func TestStockManyAtOnce(t *testing.T) {
	t.Parallel()
	f := start(t)
	f.stock()
	var all sync.WaitGroup
	slots := make(chan struct{}, 16)
	for i := range 64 {
		slots <- struct{}{}
		all.Go(func() {
			defer func() { <-slots }()
			out, errs, status := f.run(f.stock("alice@127.0.0.1", fmt.Sprintf("echo %d; exit %d", i, i)))
			if out != fmt.Sprintf("%d\n", i) || status != i {
				t.Errorf("%d: %q, %q, %d", i, out, errs, status)
			}
		})
	}
	all.Wait()
}

// What a client that isn't let in is told: nothing but that.
func TestStockWrongKey(t *testing.T) {
	t.Parallel()
	f := start(t)
	_, errs, status := f.run(f.stock("mallory@127.0.0.1", "true"))
	if status != 255 || strings.TrimSpace(errs) != "mallory@127.0.0.1: Permission denied (publickey)." {
		t.Errorf("got %q, %d", errs, status)
	}
}

// onTerminal runs a command with the stock client on a terminal of 101x33.
func (f *fixture) onTerminal(command string) (out string, status int) {
	f.t.Helper()
	cmd := f.stock("-tt", "-o", "LogLevel=ERROR", "alice@127.0.0.1", command)
	master, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: 33, Cols: 101})
	if err != nil {
		f.t.Fatal(err)
	}
	defer master.Close()
	defer killLate(cmd).Stop()
	b, _ := io.ReadAll(master) // EIO at the end
	return string(b), exitStatus(cmd.Wait())
}

// killLate ends a client that hangs, so that its test fails and doesn't hang too.
func killLate(cmd *exec.Cmd) *time.Timer {
	return time.AfterFunc(30*time.Second, func() { _ = cmd.Process.Kill() })
}

func exitStatus(err error) int {
	if ended := (*exec.ExitError)(nil); errors.As(err, &ended) {
		return ended.ExitCode()
	}
	if err != nil {
		return -1
	}
	return 0
}

// waitFor reads until want has come.
func waitFor(t testing.TB, r io.ByteReader, want string) {
	t.Helper()
	var got []byte
	for !bytes.HasSuffix(got, []byte(want)) {
		b, err := r.ReadByte()
		if err != nil {
			t.Fatalf("instead of %q: %q, %v", want, got, err)
		}
		got = append(got, b)
	}
}
