package sshd

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A source gives everything, to the end, in chunks that are never empty.
func TestSourceOfAPipe(t *testing.T) {
	t.Parallel()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	want := make([]byte, 1<<20)
	_, _ = rand.Read(want)
	go func() {
		defer w.Close()
		for rest := want; len(rest) > 0; {
			n := min(len(rest), 1+int(rest[0])*300) // of all sizes
			if _, err := w.Write(rest[:n]); err != nil {
				return
			}
			rest = rest[n:]
		}
	}()
	src, err := newSource(r, &chunks{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	var got []byte
	for {
		chunk, err := src.next()
		if len(chunk) > wideSize || len(chunk) == 0 && err == nil {
			t.Fatalf("a chunk of %d bytes", len(chunk))
		}
		got = append(got, chunk...)
		src.done()
		if err != nil {
			if !errors.Is(err, io.EOF) {
				t.Error(err)
			}
			break
		}
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%d bytes came, and not the same", len(got))
	}
	if src.buf != nil {
		t.Error("the buffer was not given back")
	}
}

// Who waits holds no buffer.
func TestIdleSourceHoldsNoBuffer(t *testing.T) {
	t.Parallel()
	master, slave := rawTerminal(t)
	src, err := newSource(master, &chunks{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	tried := make(chan bool, 2)
	ready := src.ready
	src.ready = func(fd uintptr) bool {
		is := ready(fd)
		tried <- src.buf != nil
		return is
	}
	got := make(chan string)
	go func() {
		chunk, _ := src.next()
		got <- string(chunk)
	}()
	if <-tried {
		t.Error("a buffer is held while there is nothing")
	}
	_, _ = slave.Write([]byte("x"))
	if s := <-got; s != "x" {
		t.Errorf("got %q", s)
	}
}

// After the program's end everything that it wrote to its terminal is read, and
// no more is waited for, though somebody still has it open.
func TestDrainOfATerminal(t *testing.T) {
	t.Parallel()
	for range 200 {
		master, slave := rawTerminal(t)
		src, err := newSource(master, &chunks{}, nil)
		if err != nil {
			t.Fatal(err)
		}
		const n = 3000 // less than the kernel holds: nobody reads meanwhile
		if _, err := slave.Write(bytes.Repeat([]byte("x"), n)); err != nil {
			t.Fatal(err)
		}
		(&Process{PTY: master}).drain()
		total := 0
		for {
			chunk, err := src.next()
			total += len(chunk)
			src.done()
			if err != nil {
				if !errors.Is(err, unix.EAGAIN) {
					t.Error(err)
				}
				break
			}
		}
		if total != n {
			t.Fatalf("%d bytes of %d", total, n)
		}
		master.Close()
		slave.Close()
	}
}

// What is read after the program's end is bounded: who writes all the time is
// somebody else.
func TestDrainIsBounded(t *testing.T) {
	t.Parallel()
	master, slave := rawTerminal(t)
	src, err := newSource(master, &chunks{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	(&Process{PTY: master}).drain()
	src.drained = maxDrain - 5
	for _, c := range []struct {
		write string
		want  error
	}{{"12345", nil}, {"6", io.EOF}} {
		if _, err := slave.WriteString(c.write); err != nil {
			t.Fatal(err)
		}
		chunk, err := src.next()
		if string(chunk) != c.write || !errors.Is(err, c.want) {
			t.Errorf("%q, %v", chunk, err)
		}
		src.done()
	}
}

// A reader that waits is woken by the drain.
func TestDrainWakesTheReader(t *testing.T) {
	t.Parallel()
	master, _ := rawTerminal(t)
	src, err := newSource(master, &chunks{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	go func() {
		_, err := src.next()
		done <- err
	}()
	select {
	case err := <-done:
		t.Fatalf("it doesn't wait: %v", err)
	case <-time.After(20 * time.Millisecond):
	}
	(&Process{PTY: master}).drain()
	if err := <-done; !errors.Is(err, unix.EAGAIN) {
		t.Errorf("got %v", err)
	}
}

// rawTerminal returns the two ends of a terminal, as a cell's init makes it.
func rawTerminal(t testing.TB) (master, slave *os.File) {
	t.Helper()
	script, p := newScriptTTY(t)
	if _, err := unix.IoctlGetTermios(int(script.out.Fd()), unix.TCGETS); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.close)
	return p.PTY, script.out
}

// A source can be read after its file was closed, and says so.
func TestSourceOfAClosedFile(t *testing.T) {
	t.Parallel()
	master, _ := rawTerminal(t)
	src, err := newSource(master, &chunks{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	go func() {
		_, err := src.next()
		done <- err
	}()
	master.Close()
	if err := <-done; err == nil {
		t.Error("it waits for what can't come")
	}
	if _, err := src.next(); err == nil {
		t.Error("it can be read again")
	}
}
