package sshd

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/jailsh/jailsh/internal/wire"
)

// Trap 1. The library's parser adds 4 to the length of the terminal's name in 32
// bits: 0xffffffff passes its check and panics, outside of anything that could
// recover. One packet of one user ended everybody's connections.
func TestPtyReqOfHugeLengthIsRefused(t *testing.T) {
	t.Parallel()
	f := start(t)
	s := f.session(f.dial())
	if s.ask("pty-req", []byte{0xff, 0xff, 0xff, 0xff, 'x', 't', 'e', 'r', 'm'}) {
		t.Error("it was accepted")
	}
	s.must("exec", text("echo alive"))
	if out, _ := io.ReadAll(s); string(out) != "alive\n" {
		t.Errorf("got %q", out)
	}
}

// Trap 5. The library writes CR LF for each LF once there is a terminal: what
// the kernel's line discipline has already done it did again, and binary output
// (zmodem, a screen of raw mode) was broken.
func TestTerminalOutputIsNotChanged(t *testing.T) {
	t.Parallel()
	f := start(t)
	s := f.session(f.dial())
	s.must("pty-req", ptyRequest("xterm", 80, 24, ""))
	s.must("exec", text(`stty raw; printf 'a\nb\r\n\r\rc\0\377'`))
	if out, _ := io.ReadAll(s); string(out) != "a\nb\r\n\r\rc\x00\xff" {
		t.Errorf("got %q", out)
	}
}

// Trap 6. The library keeps one window-change and waits for somebody to read it;
// the second one stopped the whole connection, for good.
func TestWindowChangesThatNobodyReadsStopNothing(t *testing.T) {
	t.Parallel()
	f := start(t, play(func(ctx context.Context, _ *wire.Spawn) (*Process, error) {
		<-ctx.Done() // a cell that doesn't answer
		return nil, ctx.Err()
	}))
	c := f.dial()
	s := f.session(c)
	s.must("pty-req", ptyRequest("xterm", 80, 24, ""))
	s.must("shell", nil)
	for i := range uint32(1000) {
		if _, err := s.SendRequest("window-change", false, windowChange(i, i)); err != nil {
			t.Fatal(err)
		}
	}
	s.must("window-change", windowChange(1, 1))
	if s.ask("subsystem", text("sftp")) {
		t.Error("sftp was accepted")
	}
	other := f.session(c)
	other.must("pty-req", ptyRequest("xterm", 80, 24, ""))
}

// Trap 7. With signals that nobody reads the library's Exit waits for a lock
// which the goroutine holds that waits for the reader.
func TestSignalsThatNobodyReadsDontKeepTheExit(t *testing.T) {
	t.Parallel()
	script, p := newScript(t)
	f := start(t, play(func(context.Context, *wire.Spawn) (*Process, error) { return p, nil }))
	s := f.session(f.dial())
	s.must("exec", text("x"))
	for range 300 {
		s.must("signal", text("TERM"))
	}
	script.end(wire.Exit{Status: 5})
	if got := s.status(); got != 5 {
		t.Errorf("exit status %d", got)
	}
}

// Trap 8. In the library the size of the terminal is read and written without a
// lock. The race detector sees it; and the newest size must be what is set.
func TestWindowChangesWhileTheProgramStarts(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var sizes []wire.Size
	script, p := newScriptTTY(t)
	script.resize = func(size wire.Size) {
		mu.Lock()
		defer mu.Unlock()
		sizes = append(sizes, size)
	}
	begin := make(chan struct{})
	f := start(t, play(func(_ context.Context, m *wire.Spawn) (*Process, error) {
		<-begin
		script.resize(m.TTY.Size)
		return p, nil
	}))
	s := f.session(f.dial())
	s.must("pty-req", ptyRequest("xterm", 80, 24, ""))
	s.must("window-change", windowChange(81, 25)) // before shell
	s.must("shell", nil)
	newest := func() uint32 {
		mu.Lock()
		defer mu.Unlock()
		return sizes[len(sizes)-1].Columns
	}
	for i := range uint32(100) {
		s.must("window-change", windowChange(100+i, 50))
	}
	close(begin)
	f.eventually(func() bool {
		mu.Lock()
		defer mu.Unlock()
		return len(sizes) > 1
	})
	if n := newest(); n != 199 {
		t.Errorf("after the start the terminal has %d columns", n)
	}
	for i := range uint32(100) {
		s.must("window-change", windowChange(200+i, 50))
	}
	script.end(wire.Exit{})
	s.wait()
	mu.Lock()
	defer mu.Unlock()
	if first := sizes[0]; first.Columns != 81 || first.Rows != 25 {
		t.Errorf("started with %+v", first)
	}
	if last := sizes[len(sizes)-1]; last.Columns != 299 || last.Rows != 50 {
		t.Errorf("ended with %+v", last)
	}
}

// Trap 9. The library recovers from nothing: a panic in one session's handler
// ended the process.
func TestAPanicEndsOneSession(t *testing.T) {
	t.Parallel()
	f := start(t)
	f.broker.cell = &scriptCell{spawn: func(ctx context.Context, m *wire.Spawn) (*Process, error) {
		if m.Command == "panic" {
			panic("on purpose")
		}
		return f.cell.Spawn(ctx, m)
	}}
	c := f.dial()
	s := f.session(c)
	s.must("exec", text("panic"))
	errs, _ := io.ReadAll(s.Stderr())
	if got := s.status(); got != exitRefused {
		t.Errorf("exit status %d", got)
	}
	r := f.broker.waitRecord(t, "panic", nil)
	if !strings.Contains(string(errs), "reference "+r.Ref) {
		t.Errorf("the client was told %q, the record has reference %q", errs, r.Ref)
	}
	if !strings.Contains(attr(r, "stack"), "cell_test.go") {
		t.Errorf("no stack in %+v", r)
	}
	again := f.session(c)
	again.must("exec", text("echo alive"))
	if out, _ := io.ReadAll(again); string(out) != "alive\n" {
		t.Errorf("got %q", out)
	}
}

// Trap 11. The library sends an exit-status of 0 after every program, and clients
// take the last thing that they are told: killed was success.
func TestNoExitStatusAfterAnExitSignal(t *testing.T) {
	t.Parallel()
	f := start(t)
	s := f.session(f.dial())
	s.must("exec", text("kill -TERM $$"))
	var names []string
	for _, r := range s.wait() {
		names = append(names, r.Type)
	}
	if !slices.Equal(names, []string{"exit-signal"}) {
		t.Fatalf("the server said %q", names)
	}
	if want := append(text("TERM"), 0, 0, 0, 0, 0, 0, 0, 0, 0); !bytes.Equal(s.requests[0].Payload, want) {
		t.Errorf("exit-signal is %q, not %q", s.requests[0].Payload, want)
	}
}

// Trap 13. The library keeps every env request, of any name and size, for as
// long as the session lives.
func TestEnvironmentIsBoundedAndFiltered(t *testing.T) {
	t.Parallel()
	f := start(t)
	s := f.session(f.dial())
	env := func(name, value string) []byte { return append(text(name), text(value)...) }
	for i := range 10_000 {
		if _, err := s.SendRequest("env", false, env(fmt.Sprintf("LC_%d", i), strings.Repeat("x", 100))); err != nil {
			t.Fatal(err)
		}
	}
	for _, refused := range [][2]string{
		{"LD_PRELOAD", "/tmp/x.so"},
		{"BASH_ENV", "/tmp/x"},
		{"PATH", "/tmp"},
		{"FOO", "bar"},
		{"LC_ALL", strings.Repeat("x", 5000)},
		{"LC_X=Y", "z"},
		{"LC_NUL", "a\x00b"},
		{"", "x"},
		{"SSH_CONNECTION", "1.2.3.4"},
	} {
		if s.ask("env", env(refused[0], refused[1])) {
			t.Errorf("%s=%.20q was accepted", refused[0], refused[1])
		}
	}
	s.must("env", env("LC_1", "y")) // a known name always has room
	s.must("exec", text("env | grep -c ^LC_; echo $LC_1; echo ${FOO-none} ${BASH_ENV-none}; echo $LC_ALL"))
	out, _ := io.ReadAll(s)
	var n int
	var rest string
	if _, err := fmt.Sscanf(string(out), "%d\n%s\n", &n, &rest); err != nil || n != maxClientEnv || rest != "y" {
		t.Errorf("%d variables, %q: %q", n, rest, out)
	}
	if !strings.HasSuffix(string(out), "\nnone none\n\n") {
		t.Errorf("got %q", out)
	}
}

// Trap 15. The library drops the terminal's modes and its size in pixels.
func TestModesAndPixelsReachTheProgram(t *testing.T) {
	t.Parallel()
	f := start(t)
	s := f.session(f.dial())
	modes := "\x03\x00\x00\x00\x7f" + // VERASE 127
		"\x35\x00\x00\x00\x00" + // ECHO off
		"\x9f\x00\x00\x00\x01" + // 159, unknown: skipped
		"\x81\x00\x00\x96\x00" + // TTY_OP_OSPEED 38400
		"\x00" + "\x03\x00\x00\x00\x01" // after the end: ignored
	s.must("pty-req", ptyRequest("xterm", 132, 43, modes))
	s.must("shell", nil)
	s.must("window-change", windowChange(100, 40)) // answered when shell's program has been asked for
	if _, err := s.Write([]byte("exit\n")); err != nil {
		t.Fatal(err)
	}
	s.wait()
	got := f.cell.last().TTY
	if got.Size != (wire.Size{Columns: 132, Rows: 43, Width: 640, Height: 480}) {
		t.Errorf("size %+v", got.Size)
	}
	if want := []wire.Mode{{Opcode: 3, Value: 127}, {Opcode: 53, Value: 0}, {Opcode: 129, Value: 38400}}; !slices.Equal(got.Modes, want) {
		t.Errorf("modes %+v, not %+v", got.Modes, want)
	}
}
