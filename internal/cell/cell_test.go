package cell

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/jailsh/jailsh/internal/wire"
	"go.uber.org/goleak"
	"golang.org/x/sys/unix"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fakeInit answers spawn with whatever a test wants a hostile init to send.
func fakeInit(t *testing.T, spawn func(init *wire.Peer) (*wire.Spawned, []*os.File)) (*Cell, *wire.Peer) {
	t.Helper()
	ours, theirs, err := wire.Pair()
	if err != nil {
		t.Fatal(err)
	}
	var init *wire.Peer
	init = wire.NewPeer(theirs,
		wire.On(wire.VerbSpawn, func(*wire.Spawn, []*os.File) (wire.Message, []*os.File, error) {
			m, files := spawn(init)
			return m, files, nil
		}),
		wire.On(wire.VerbSignal, func(*wire.Signal, []*os.File) (wire.Message, []*os.File, error) {
			return &wire.Empty{}, nil, nil
		}))
	done := make(chan error, 1)
	go func() { done <- init.Run() }()
	c := New(ours)
	t.Cleanup(func() {
		c.Close()
		<-done
	})
	return c, init
}

func open(t *testing.T, name string, flags int) *os.File {
	t.Helper()
	f, err := os.OpenFile(name, flags, 0)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func pipes(t *testing.T) []*os.File {
	t.Helper()
	var mine []*os.File
	for i := range 3 {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			r, w = w, r
		}
		mine = append(mine, r)
		w.Close()
	}
	return mine
}

// An init that the user has taken over must not be able to hand over anything
// but pipes and terminals: jailsh-net would read from it, or write to it.
func TestAHostileInitCantHandOverOtherThings(t *testing.T) {
	null := func() *os.File { return open(t, "/dev/null", os.O_RDWR) }
	for name, c := range map[string]struct {
		tty   *wire.TTY
		files func() []*os.File
	}{
		"a file for a terminal":       {&wire.TTY{}, func() []*os.File { return []*os.File{open(t, "/etc/passwd", os.O_RDONLY)} }},
		"a device for a terminal":     {&wire.TTY{}, func() []*os.File { return []*os.File{null()} }},
		"a folder for a terminal":     {&wire.TTY{}, func() []*os.File { return []*os.File{open(t, "/", os.O_RDONLY)} }},
		"nothing for a terminal":      {&wire.TTY{}, func() []*os.File { return nil }},
		"two things for a terminal":   {&wire.TTY{}, func() []*os.File { return []*os.File{null(), null()} }},
		"devices for pipes":           {nil, func() []*os.File { return []*os.File{null(), null(), null()} }},
		"pipes in the wrong order":    {nil, func() []*os.File { p := pipes(t); return []*os.File{p[1], p[0], p[2]} }},
		"two pipes":                   {nil, func() []*os.File { p := pipes(t); p[2].Close(); return p[:2] }},
		"a terminal's slave's folder": {&wire.TTY{}, func() []*os.File { return []*os.File{open(t, "/dev/pts", os.O_RDONLY)} }},
	} {
		t.Run(name, func(t *testing.T) {
			cell, _ := fakeInit(t, func(*wire.Peer) (*wire.Spawned, []*os.File) { return &wire.Spawned{Pid: 5}, c.files() })
			if _, err := cell.Spawn(t.Context(), &wire.Spawn{TTY: c.tty}); err == nil || !strings.Contains(err.Error(), "what it shouldn't") {
				t.Errorf("got %v", err)
			}
		})
	}
}

// The same when a terminal is taken over that was kept.
func TestAHostileInitCantHandOverOtherThingsForATerminal(t *testing.T) {
	for name, files := range map[string]func() []*os.File{
		"a file":     func() []*os.File { return []*os.File{open(t, "/etc/passwd", os.O_RDONLY)} },
		"a device":   func() []*os.File { return []*os.File{open(t, "/dev/null", os.O_RDWR)} },
		"a pipe":     func() []*os.File { p := pipes(t); p[1].Close(); p[2].Close(); return p[:1] },
		"nothing":    func() []*os.File { return nil },
		"two things": func() []*os.File { p := pipes(t); p[2].Close(); return p[:2] },
	} {
		t.Run(name, func(t *testing.T) {
			ours, theirs, err := wire.Pair()
			if err != nil {
				t.Fatal(err)
			}
			init := wire.NewPeer(theirs, wire.On(wire.VerbAdopt, func(*wire.Adopt, []*os.File) (wire.Message, []*os.File, error) {
				return &wire.Terminal{Pid: 5, TTY: "/dev/pts/0"}, files(), nil
			}))
			done := make(chan error, 1)
			go func() { done <- init.Run() }()
			c := New(ours)
			defer func() {
				c.Close()
				<-done
			}()
			if p, err := c.Adopt(t.Context(), 5); err == nil || !strings.Contains(err.Error(), "what it shouldn't") {
				t.Errorf("got %v, %v", p, err)
			}
		})
	}
}

func TestAnExitThatOvertakesItsSpawnIsKept(t *testing.T) {
	cell, _ := fakeInit(t, func(init *wire.Peer) (*wire.Spawned, []*os.File) {
		if err := init.Notify(wire.VerbExit, &wire.Exit{Pid: 5, Status: 3}); err != nil {
			t.Error(err)
		}
		return &wire.Spawned{Pid: 5}, pipes(t)
	})
	p, err := cell.Spawn(t.Context(), &wire.Spawn{})
	if err != nil {
		t.Fatal(err)
	}
	defer closePipes(p)
	if e, ok := <-p.Exit(); !ok || e.Status != 3 {
		t.Errorf("%+v %v", e, ok)
	}
}

func TestAProcessLosesItsExitWithItsCell(t *testing.T) {
	cell, init := fakeInit(t, func(*wire.Peer) (*wire.Spawned, []*os.File) { return &wire.Spawned{Pid: 5}, pipes(t) })
	p, err := cell.Spawn(t.Context(), &wire.Spawn{})
	if err != nil {
		t.Fatal(err)
	}
	defer closePipes(p)
	init.Close()
	if e, ok := <-p.Exit(); ok {
		t.Errorf("%+v", e)
	}
	<-cell.Done()
	if _, err := cell.Spawn(t.Context(), &wire.Spawn{}); !errors.Is(err, wire.ErrClosed) {
		t.Error(err)
	}
}

func TestAnInitThatNamesAProcessTwiceIsntBelieved(t *testing.T) {
	cell, _ := fakeInit(t, func(*wire.Peer) (*wire.Spawned, []*os.File) { return &wire.Spawned{Pid: 5}, pipes(t) })
	first, err := cell.Spawn(t.Context(), &wire.Spawn{})
	if err != nil {
		t.Fatal(err)
	}
	defer closePipes(first)
	second, err := cell.Spawn(t.Context(), &wire.Spawn{})
	if err != nil {
		t.Fatal(err)
	}
	defer closePipes(second)
	if _, ok := <-second.Exit(); ok {
		t.Error("the second has an exit status")
	}
}

// A flood of exits of processes that don't exist is forgotten, not collected.
func TestExitsOfNobodyAreBounded(t *testing.T) {
	cell, init := fakeInit(t, func(*wire.Peer) (*wire.Spawned, []*os.File) { return &wire.Spawned{Pid: 5}, pipes(t) })
	for pid := range uint32(10 * maxEarly) {
		if err := init.Notify(wire.VerbExit, &wire.Exit{Pid: 1000 + pid}); err != nil {
			t.Fatal(err)
		}
	}
	p, err := cell.Spawn(t.Context(), &wire.Spawn{})
	if err != nil {
		t.Fatal(err)
	}
	defer closePipes(p)
	cell.mu.Lock()
	defer cell.mu.Unlock()
	if len(cell.early) > maxEarly {
		t.Errorf("%d are kept", len(cell.early))
	}
}

func TestATerminalIsTaken(t *testing.T) {
	cell, _ := fakeInit(t, func(*wire.Peer) (*wire.Spawned, []*os.File) {
		return &wire.Spawned{Pid: 5, TTY: "/dev/pts/0"}, []*os.File{open(t, "/dev/ptmx", os.O_RDWR|unix.O_NOCTTY)}
	})
	p, err := cell.Spawn(t.Context(), &wire.Spawn{TTY: &wire.TTY{}})
	if err != nil {
		t.Fatal(err)
	}
	defer p.PTY.Close()
	if err := p.Resize(wire.Size{Columns: 80, Rows: 24}); err != nil {
		t.Error(err)
	}
}

func closePipes(p *Process) {
	p.Stdin.Close()
	p.Stdout.Close()
	p.Stderr.Close()
}
