package jail_test

import (
	"bufio"
	"errors"
	"io"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/jailsh/jailsh/internal/cell"
	"github.com/jailsh/jailsh/internal/wire"
)

// onTTY runs a command on a terminal to its end, and returns what it wrote.
func onTTY(t *testing.T, c *cell.Cell, s *wire.Spawn) (string, wire.Exit) {
	t.Helper()
	p, err := c.Spawn(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	defer p.PTY.Close()
	out, err := io.ReadAll(p.PTY)
	if err != nil && !errors.Is(err, syscall.EIO) { // what a master reads once the last slave is closed
		t.Fatal(err)
	}
	return string(out), <-p.Exit()
}

func TestATerminalHasItsNameSizeAndModes(t *testing.T) {
	cells, _ := newCells(t)
	c := enter(t, cells, account(t, "alice", 20001))
	out, exit := onTTY(t, c, &wire.Spawn{
		Exec:    true,
		Command: `tty; echo $SSH_TTY; stty size; stty -a | tr ';' '\n'; stat -c '%a %U %G' $(tty); : </dev/tty && echo controlling; exit 7`,
		TTY: &wire.TTY{
			Size: wire.Size{Columns: 132, Rows: 43, Width: 1320, Height: 860},
			Modes: []wire.Mode{
				{Opcode: 1, Value: 7},
				{Opcode: 2, Value: 255},
				{Opcode: 53, Value: 0},
				{Opcode: 38, Value: 0},
				{Opcode: 42, Value: 1},
				{Opcode: 72, Value: 0},
				{Opcode: 129, Value: 9600},
				{Opcode: 200, Value: 1},
			},
		},
	})
	if exit.Status != 7 {
		t.Errorf("%+v", exit)
	}
	for _, want := range []string{
		"/dev/pts/0\n/dev/pts/0\n43 132\n", "intr = ^G", "quit = <undef>", "-echo ", "-ixon", " iutf8", "-onlcr", "speed 9600 baud",
		"620 alice alice\n", "controlling\n",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is missing in:\n%s", want, out)
		}
	}
}

func TestALoginShellShowsTheMotd(t *testing.T) {
	cells, _ := newCells(t)
	c := enter(t, cells, account(t, "alice", 20001))
	login := &wire.Spawn{Motd: true, Env: []string{"TERM=dumb"}, TTY: &wire.TTY{Size: wire.Size{Columns: 80, Rows: 24}}}
	text, err := os.ReadFile(basic.Tree.On("/etc/motd"))
	if err != nil {
		t.Fatal(err)
	}
	say := func() string {
		p, err := c.Spawn(t.Context(), login)
		if err != nil {
			t.Fatal(err)
		}
		defer p.PTY.Close()
		if _, err := p.PTY.WriteString("echo $0; exit 5\n"); err != nil {
			t.Fatal(err)
		}
		out, _ := io.ReadAll(p.PTY)
		if e := <-p.Exit(); e.Status != 5 {
			t.Errorf("%+v", e)
		}
		return string(out)
	}
	want := strings.ReplaceAll(string(text), "\n", "\r\n")
	if out := say(); !strings.HasPrefix(out, want) || !strings.Contains(out, "-bash\r\n") {
		t.Errorf("got:\n%s\nwant first:\n%s", out, want)
	}
	output(t, c, "touch ~/.hushlogin")
	if out := say(); len(text) > 0 && strings.Contains(out, strings.TrimSpace(string(text))) {
		t.Errorf("in spite of .hushlogin:\n%s", out)
	}
}

// What a lost connection does to a shell.
func TestAClosedMasterHangsUp(t *testing.T) {
	cells, _ := newCells(t)
	c := enter(t, cells, account(t, "alice", 20001))
	p, err := c.Spawn(t.Context(), &wire.Spawn{
		Exec: true, Command: `trap 'echo hung up >~/note; exit 3' HUP; echo ready; while :; do read -t 1000; done`,
		TTY: &wire.TTY{},
	})
	if err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 64)
	if n, err := p.PTY.Read(buf); err != nil || !strings.HasPrefix(string(buf[:n]), "ready") {
		t.Fatalf("%v %q", err, buf[:n])
	}
	p.PTY.Close()
	if e := <-p.Exit(); e.Status != 3 {
		t.Errorf("%+v", e)
	}
	if got := output(t, c, "cat ~/note"); got != "hung up" {
		t.Error(got)
	}
}

func TestResizeReachesTheProgram(t *testing.T) {
	cells, _ := newCells(t)
	c := enter(t, cells, account(t, "alice", 20001))
	p, err := c.Spawn(t.Context(), &wire.Spawn{
		Exec: true, Command: `trap w=1 WINCH; echo ready; until [ "$w" ]; do :; done; stty size`, TTY: &wire.TTY{},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer p.PTY.Close()
	from := bufio.NewReader(p.PTY)
	if _, err := from.ReadString('\n'); err != nil { // a line may come in parts
		t.Fatal(err)
	}
	if err := p.Resize(wire.Size{Columns: 70000, Rows: 50}); err != nil {
		t.Fatal(err)
	}
	out, _ := io.ReadAll(from)
	if string(out) != "50 65535\r\n" {
		t.Errorf("%q", out)
	}
}

func TestASignalReachesTheWholeGroup(t *testing.T) {
	cells, _ := newCells(t)
	c := enter(t, cells, account(t, "alice", 20001))
	p, err := c.Spawn(t.Context(), &wire.Spawn{Exec: true, Command: "sleep 1000 | cat & echo ready; wait"})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Stdin.Close()
	defer p.Stderr.Close()
	if _, err := p.Stdout.Read(make([]byte, 64)); err != nil {
		t.Fatal(err)
	}
	if err := p.Signal(t.Context(), uint32(syscall.SIGTERM)); err != nil {
		t.Fatal(err)
	}
	if e := <-p.Exit(); e.Signal != uint32(syscall.SIGTERM) {
		t.Errorf("%+v", e)
	}
	drain(p.Stdout) // ends only when sleep and cat have
	if err := p.Signal(t.Context(), uint32(syscall.SIGTERM)); err != nil {
		t.Errorf("after the end: %v", err)
	}
	if err := p.Signal(t.Context(), 65); err == nil {
		t.Error("signal 65 was sent")
	}
}

func TestPipesAreEightBitCleanAndTheUsers(t *testing.T) {
	cells, _ := newCells(t)
	c := enter(t, cells, account(t, "alice", 20001))
	p, err := c.Spawn(t.Context(), &wire.Spawn{Exec: true, Command: "cat >/dev/stdout; echo end >/dev/stderr"})
	if err != nil {
		t.Fatal(err)
	}
	data := make([]byte, 1<<20)
	for i := range data {
		data[i] = byte(i * 7)
	}
	go func() {
		_, _ = p.Stdin.Write(data)
		p.Stdin.Close()
	}()
	if got := drain(p.Stdout); got != string(data) {
		t.Errorf("%d bytes came back, or others", len(got))
	}
	if got := drain(p.Stderr); got != "end\n" {
		t.Errorf("stderr %q", got)
	}
	if e := <-p.Exit(); e.Status != 0 {
		t.Errorf("%+v", e)
	}
}

func TestArgumentsReachTheCommand(t *testing.T) {
	cells, _ := newCells(t)
	c := enter(t, cells, account(t, "alice", 20001))
	p, err := c.Spawn(t.Context(), &wire.Spawn{
		Exec: true, Command: `exec "$@"`, Args: []string{"jailsh", "printf", "%s|", "a b", "", "$HOME"},
		Env: []string{"USER=root", "PATH=/tmp", "LANG=de_DE.UTF-8", "BAD", "=x"},
	})
	if err != nil {
		t.Fatal(err)
	}
	p.Stdin.Close()
	if got := drain(p.Stdout); got != "a b||$HOME|" {
		t.Errorf("%q", got)
	}
	drain(p.Stderr)
	r := run(t, c, "echo $USER")
	if strings.TrimSpace(r.out) != "alice" {
		t.Errorf("%+v", r)
	}
}
