package pid1

import (
	"os"
	"testing"
	"time"

	"github.com/jailsh/jailsh/internal/wire"
	"golang.org/x/sys/unix"
)

// held is a terminal of a client's, as spawn leaves it.
func held(t *testing.T, k *client) *terminal {
	t.Helper()
	p, err := prepareTTY(&wire.TTY{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeAll(append(p.parent, p.child...)) })
	if err := k.hold(5, p); err != nil {
		t.Fatal(err)
	}
	return k.cell.held[5]
}

func (t *terminal) open() bool {
	_, err := unix.FcntlInt(uintptr(t.master), unix.F_GETFD, 0)
	return err == nil
}

func twoClients(t *testing.T) (*client, *client) {
	one := inTest(t)
	one.cell.held = map[int]*terminal{}
	one.cell.spec.AttachTTL = time.Hour
	return one, clientOf(t, one.cell)
}

// What a client had whose socket is closed is there for the next one at once.
func TestWhatIsLeftIsThereAtOnce(t *testing.T) {
	t.Parallel()
	_, two := twoClients(t)
	c := two.cell
	here, there, err := wire.Pair()
	if err != nil {
		t.Fatal(err)
	}
	one := newClient(c, here)
	held(t, one)
	if _, _, err := one.keep(&wire.Keep{Pid: 5}, nil); err != nil {
		t.Fatal(err)
	}
	there.Close()
	c.clients = 2
	go c.serve(one)
	_, files, err := two.adopt(&wire.Adopt{Pid: 5}, nil)
	if err != nil {
		t.Fatal(err)
	}
	closeAll(files)
}

// A client that is gone, but has its requests wait for each other, holds up nobody.
func TestWhoeverIsLongGoneHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	_, two := twoClients(t)
	here, there, err := wire.Pair()
	if err != nil {
		t.Fatal(err)
	}
	held(t, newClient(two.cell, here)) // nobody serves it
	there.Close()
	if _, _, err := two.terminals(nil, nil); err != nil {
		t.Fatal(err)
	}
}

// A client that is hostile, or confused, can't keep, release or adopt what another has.
func TestATerminalIsItsClients(t *testing.T) {
	t.Parallel()
	one, two := twoClients(t)
	term := held(t, one)
	if _, _, err := two.keep(&wire.Keep{Pid: 5}, nil); err == nil {
		t.Error("kept by another")
	}
	if _, _, err := two.adopt(&wire.Adopt{Pid: 5}, nil); err == nil {
		t.Error("adopted before it was kept")
	}
	if _, _, err := one.keep(&wire.Keep{Pid: 5}, nil); err != nil {
		t.Fatal(err)
	}
	if _, _, err := two.release(&wire.Release{Pid: 5}, nil); err != nil || !term.open() || one.cell.held[5] != term {
		t.Errorf("released by another: %v", err)
	}
	one.cell.left(one)
	_, files, err := two.adopt(&wire.Adopt{Pid: 5}, nil)
	if err != nil || len(files) != 1 {
		t.Fatalf("%v %v", files, err)
	}
	closeAll(files)
	if _, _, err := one.release(&wire.Release{Pid: 5}, nil); err != nil || !term.open() {
		t.Errorf("released by who had it before: %v", err)
	}
	if _, _, err := two.release(&wire.Release{Pid: 5}, nil); err != nil || term.open() || len(one.cell.held) != 0 {
		t.Errorf("not released: %v", err)
	}
}

// A descriptor that comes along where none belongs is closed.
func TestTerminalVerbsTakeNoDescriptors(t *testing.T) {
	t.Parallel()
	k, _ := twoClients(t)
	for name, call := range map[string]func([]*os.File){
		"keep":      func(f []*os.File) { _, _, _ = k.keep(&wire.Keep{}, f) },
		"release":   func(f []*os.File) { _, _, _ = k.release(&wire.Release{}, f) },
		"terminals": func(f []*os.File) { _, _, _ = k.terminals(&wire.Empty{}, f) },
		"adopt":     func(f []*os.File) { _, _, _ = k.adopt(&wire.Adopt{}, f) },
	} {
		f, err := os.Open("/dev/null")
		if err != nil {
			t.Fatal(err)
		}
		call([]*os.File{f})
		if f.Close() == nil {
			t.Errorf("%s leaves it open", name)
		}
	}
}

// The answer to a spawn can't reach a client that has gone meanwhile.
func TestNothingIsHeldForAClientThatIsGone(t *testing.T) {
	t.Parallel()
	k, _ := twoClients(t)
	k.cell.left(k)
	if term := held(t, k); term != nil {
		t.Errorf("%+v", term)
	}
}

// A timer that was stopped too late doesn't end the terminal in its next absence.
func TestATimerThatComesLateForgetsNothing(t *testing.T) {
	t.Parallel()
	one, two := twoClients(t)
	term := held(t, one)
	if _, _, err := one.keep(&wire.Keep{Pid: 5}, nil); err != nil {
		t.Fatal(err)
	}
	one.cell.left(one)
	before := term.lost
	_, files, err := two.adopt(&wire.Adopt{Pid: 5}, nil)
	if err != nil {
		t.Fatal(err)
	}
	closeAll(files)
	one.cell.forget(term, before)
	two.cell.left(two)
	one.cell.forget(term, before)
	if !term.open() {
		t.Error("it was hung up")
	}
	one.cell.forget(term, term.lost)
	if term.open() {
		t.Error("it wasn't hung up")
	}
}
