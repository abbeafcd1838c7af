package sshd

import (
	"context"
	"runtime"
	"testing"

	"github.com/jailsh/jailsh/internal/wire"
	"golang.org/x/sys/unix"
)

// instant has every program end at once: what is left is the server's own.
func instant(f *fixture, _ *wire.NetConfig) {
	f.broker.cell = &scriptCell{spawn: func(context.Context, *wire.Spawn) (*Process, error) {
		script, p := newScript(f.t)
		script.end(wire.Exit{})
		return p, nil
	}}
}

// BenchmarkStockLogin is a login of the stock client that runs `true`, with the
// processor time of the server (and of its broker, which is in this process).
// Taking quickACK.rearm away shows what delayed acknowledgements cost.
func BenchmarkStockLogin(b *testing.B) {
	f := start(b, instant)
	f.run(f.stock("alice@127.0.0.1", "true"))
	began := processorTime(b)
	for b.Loop() {
		if _, errs, status := f.run(f.stock("alice@127.0.0.1", "true")); status != 0 {
			b.Fatal(status, errs)
		}
	}
	b.ReportMetric((processorTime(b)-began)*1000/float64(b.N), "server-cpu-ms/op")
}

// BenchmarkEcho is a keystroke and its echo, on a terminal.
func BenchmarkEcho(b *testing.B) {
	f := start(b)
	s := f.session(f.dial())
	s.must("pty-req", ptyRequest("xterm", 80, 24, ""))
	s.must("exec", text("stty raw -echo; echo ready; exec cat"))
	waitFor(b, byteReader{s}, "ready\n")
	for b.Loop() {
		if _, err := s.Write([]byte("x")); err != nil {
			b.Fatal(err)
		}
		waitFor(b, byteReader{s}, "x")
	}
}

// BenchmarkOutput is what a program writes to a pipe, in chunks of 1 MB.
func BenchmarkOutput(b *testing.B) {
	f := start(b)
	s := f.session(f.dial())
	s.must("exec", text("cat /dev/zero"))
	chunk := make([]byte, 1<<20)
	b.SetBytes(int64(len(chunk)))
	for b.Loop() {
		for rest := chunk; len(rest) > 0; {
			n, err := s.Read(rest)
			if err != nil {
				b.Fatal(err)
			}
			rest = rest[n:]
		}
	}
}

// processorTime is the processor time of this process, in seconds.
func processorTime(t testing.TB) float64 {
	t.Helper()
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
}

// An idle session, with its client, which is in this process too, is small. It
// isn't run beside others: what they take would count.
func TestIdleSessionIsSmall(t *testing.T) {
	f := start(t)
	f.broker.cell = &scriptCell{spawn: func(context.Context, *wire.Spawn) (*Process, error) {
		_, p := newScriptTTY(t)
		return p, nil
	}}
	idle := func() {
		s := f.session(f.dial())
		s.must("pty-req", ptyRequest("xterm", 80, 24, ""))
		s.must("shell", nil)
		s.must("window-change", windowChange(80, 25))
	}
	memory := func() uint64 {
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc + m.StackInuse
	}
	for range 10 {
		idle()
	}
	const n = 50
	before := memory()
	for range n {
		idle()
	}
	if each := (memory() - before) / n; each > 190<<10 {
		t.Errorf("an idle session takes %d bytes", each)
	} else {
		t.Logf("%d bytes", each)
	}
}
