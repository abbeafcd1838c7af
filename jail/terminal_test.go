package jail_test

import (
	"bufio"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/jailsh/jailsh/internal/cell"
	"github.com/jailsh/jailsh/internal/wire"
)

// onHold starts a command that says when it is ready, on a terminal that init holds
// too.
func onHold(t *testing.T, c *cell.Cell, command string) *cell.Process {
	t.Helper()
	p, err := c.Spawn(t.Context(), &wire.Spawn{
		Exec: true, Command: command, Hold: true,
		TTY: &wire.TTY{Size: wire.Size{Columns: 91, Rows: 31}},
	})
	if err != nil {
		t.Fatal(err)
	}
	expect(t, p.PTY, "ready")
	return p
}

// noting writes a file when it is hung up.
const noting = `trap 'echo hung up >~/note; exit 3' HUP; echo ready; while :; do read -t 1000; done`

// expect reads lines until one has the text.
func expect(t *testing.T, from *os.File, text string) {
	t.Helper()
	if err := from.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	r := bufio.NewReaderSize(from, 16) // and leave what follows to the next reader, mostly
	for {
		line, err := r.ReadString('\n')
		if strings.Contains(line, text) {
			return
		}
		if err != nil {
			t.Fatalf("%q didn't come: %v", text, err)
		}
	}
}

// note waits for the file of noting.
func note(t *testing.T, c *cell.Cell) {
	t.Helper()
	if got := output(t, c, `for i in $(seq 200); do [ -s ~/note ] && break; read -t 0.1 <> <(:); done; cat ~/note`); got != "hung up" {
		t.Errorf("%q", got)
	}
}

func listed(t *testing.T, c *cell.Cell) []wire.Terminal {
	t.Helper()
	list, err := c.Terminals(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// lost waits until the only terminal of a cell has been lost by its client, whose
// socket init may read the end of later than it reads ours.
func lost(t *testing.T, c *cell.Cell) wire.Terminal {
	t.Helper()
	for late := time.Now().Add(20 * time.Second); ; {
		list := listed(t, c)
		if len(list) == 1 && !list[0].Lost.IsZero() {
			return list[0]
		}
		if time.Now().After(late) {
			t.Fatalf("%+v", list)
		}
	}
}

// leave is what becomes of jailsh-net's end when it is killed.
func leave(c *cell.Cell, p *cell.Process) {
	p.PTY.Close()
	c.Close()
}

func keepers(t *testing.T) (*cell.Cell, *cell.Cell) {
	t.Helper()
	cells, _ := newCells(t)
	a := account(t, "alice", 20001)
	a.AttachTTL = time.Hour
	return enter(t, cells, a), enter(t, cells, a)
}

// A shell whose jailsh-net was killed is as it was left for the next one.
func TestAKeptTerminalOutlivesItsClient(t *testing.T) {
	first, second := keepers(t)
	p := onHold(t, first, `echo ready; read x; echo "it was $x"; read x; exit 7`)
	if err := p.Keep(t.Context(), "main"); err != nil {
		t.Fatal(err)
	}
	if list := listed(t, second); len(list) != 1 || !list[0].Lost.IsZero() || list[0].Command != "bash" {
		t.Errorf("%+v", list)
	}
	leave(first, p)
	term := lost(t, second)
	if term.Name != "main" || term.TTY != "/dev/pts/0" || term.Size != (wire.Size{Columns: 91, Rows: 31}) || term.Began.IsZero() {
		t.Errorf("%+v", term)
	}
	p, err := second.Adopt(t.Context(), term.Pid)
	if err != nil {
		t.Fatal(err)
	}
	defer p.PTY.Close()
	if p.TTY != "/dev/pts/0" {
		t.Error(p.TTY)
	}
	if _, err := p.PTY.WriteString("still here\n"); err != nil {
		t.Fatal(err)
	}
	expect(t, p.PTY, "it was still here")
	if err := p.Resize(wire.Size{Columns: 10, Rows: 5}); err != nil {
		t.Fatal(err)
	}
	if list := listed(t, second); len(list) != 1 || !list[0].Lost.IsZero() || list[0].Size.Columns != 10 {
		t.Errorf("%+v", list)
	}
	if _, err := p.PTY.WriteString("\n"); err != nil {
		t.Fatal(err)
	}
	if e, ok := <-p.Exit(); !ok || e.Status != 7 {
		t.Errorf("%+v %v", e, ok)
	}
	if list := listed(t, second); len(list) != 0 {
		t.Errorf("%+v", list)
	}
}

// An adopted program is its new client's to signal.
func TestAnAdoptedProcessCanBeSignalled(t *testing.T) {
	first, second := keepers(t)
	p := onHold(t, first, noting)
	if err := p.Keep(t.Context(), ""); err != nil {
		t.Fatal(err)
	}
	leave(first, p)
	p, err := second.Adopt(t.Context(), lost(t, second).Pid)
	if err != nil {
		t.Fatal(err)
	}
	defer p.PTY.Close()
	if err := p.Signal(t.Context(), 15); err != nil {
		t.Fatal(err)
	}
	if e, ok := <-p.Exit(); !ok || e.Signal != 15 {
		t.Errorf("%+v %v", e, ok)
	}
}

// A login that was broken off while its shell was started leaves none behind.
func TestATerminalThatNobodyHasConfirmedIsHungUp(t *testing.T) {
	first, second := keepers(t)
	p := onHold(t, first, noting)
	if list := listed(t, second); len(list) != 0 {
		t.Errorf("%+v", list)
	}
	leave(first, p)
	note(t, second)
}

func TestAReleasedTerminalIsHungUp(t *testing.T) {
	first, second := keepers(t)
	p := onHold(t, first, noting)
	if err := p.Keep(t.Context(), "main"); err != nil {
		t.Fatal(err)
	}
	p.PTY.Close()
	p.Release()
	if e, ok := <-p.Exit(); !ok || e.Status != 3 {
		t.Errorf("%+v %v", e, ok)
	}
	note(t, second)
}

// Forgotten terminals end.
func TestAttachTTL(t *testing.T) {
	cells, _ := newCells(t)
	a := account(t, "alice", 20001)
	a.AttachTTL = 100 * time.Millisecond
	first, second := enter(t, cells, a), enter(t, cells, a)
	p := onHold(t, first, noting)
	if err := p.Keep(t.Context(), ""); err != nil {
		t.Fatal(err)
	}
	leave(first, p)
	note(t, second)
	if list := listed(t, second); len(list) != 0 {
		t.Errorf("%+v", list)
	}
}

// With attach_ttl = 0 a lost connection is as it is with any sshd.
func TestWithoutAttachTTLNothingIsKept(t *testing.T) {
	cells, _ := newCells(t)
	a := account(t, "alice", 20001)
	first, second := enter(t, cells, a), enter(t, cells, a)
	p := onHold(t, first, noting)
	if err := p.Keep(t.Context(), ""); err == nil {
		t.Error("it is kept")
	}
	p.PTY.Close() // without a word
	note(t, second)
}

func TestKillOnLogoutEndsKeptTerminals(t *testing.T) {
	cells, _ := newCells(t)
	a := account(t, "alice", 20001)
	a.AttachTTL, a.KillOnLogout = time.Hour, true
	c, opened, err := open(t, cells, a)
	if err != nil {
		t.Fatal(err)
	}
	p := onHold(t, c, "echo ready; read x")
	if err := p.Keep(t.Context(), ""); err != nil {
		t.Fatal(err)
	}
	leave(c, p)
	waitForEnd(t, opened)
}

// A kept terminal keeps its cell, and the cell ends after it.
func TestAKeptTerminalKeepsTheCell(t *testing.T) {
	cells, _ := newCells(t)
	a := account(t, "alice", 20001)
	a.AttachTTL = time.Hour
	c, opened, err := open(t, cells, a)
	if err != nil {
		t.Fatal(err)
	}
	p := onHold(t, c, "echo ready; read x")
	if err := p.Keep(t.Context(), ""); err != nil {
		t.Fatal(err)
	}
	leave(c, p)
	c, again, err := open(t, cells, a)
	if err != nil || again.Cold {
		t.Fatalf("%v %+v", err, again)
	}
	if p, err = c.Adopt(t.Context(), lost(t, c).Pid); err != nil {
		t.Fatal(err)
	}
	p.Release()
	leave(c, p)
	waitForEnd(t, opened)
}

// What a client may not do to a terminal that isn't its own.
func TestATerminalHasOneClient(t *testing.T) {
	first, second := keepers(t)
	mine, other := onHold(t, first, noting), onHold(t, second, noting)
	if err := mine.Keep(t.Context(), "main"); err != nil {
		t.Fatal(err)
	}
	list := listed(t, second)
	if len(list) != 1 {
		t.Fatalf("%+v", list)
	}
	if err := other.Keep(t.Context(), "main"); err == nil || !strings.Contains(err.Error(), "of that name") {
		t.Errorf("two of one name: %v", err)
	}
	if err := other.Keep(t.Context(), "other"); err != nil {
		t.Error(err)
	}
	if _, err := second.Adopt(t.Context(), list[0].Pid); err == nil || !strings.Contains(err.Error(), "another client") {
		t.Errorf("somebody else's: %v", err)
	}
	if _, err := second.Adopt(t.Context(), 1); err == nil {
		t.Error("PID 1 has a terminal")
	}
	// It is there still, and so is its name.
	if _, err := mine.PTY.WriteString("x\n"); err != nil {
		t.Error(err)
	}
	leave(first, mine)
	leave(second, other)
}

func TestTheNumberOfKeptTerminalsIsBounded(t *testing.T) {
	c, _ := keepers(t)
	for i := range wire.MaxKept + 1 {
		p := onHold(t, c, "echo ready; read x")
		defer p.PTY.Close()
		err := p.Keep(t.Context(), fmt.Sprint("t", i))
		if (err == nil) != (i < wire.MaxKept) {
			t.Fatalf("%d: %v", i, err)
		}
	}
	if list := listed(t, c); len(list) != wire.MaxKept {
		t.Errorf("%d", len(list))
	}
}
