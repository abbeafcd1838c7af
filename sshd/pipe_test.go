package sshd

import (
	"errors"
	"io"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// A pipe is widened when a lot goes through it, in either direction, and not before.
func TestPipesAreWidened(t *testing.T) {
	t.Parallel()
	const usual = 64 << 10 // pipe(7)
	for _, c := range []struct{ bytes, want int }{{chunkSize / 2, usual}, {usual, outputPipe}} {
		r, w := emptyPipe(t)
		if _, err := w.Write(make([]byte, c.bytes)); err != nil {
			t.Fatal(err)
		}
		src, err := newSource(r, &chunks{}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := src.next(); err != nil {
			t.Fatal(err)
		}
		src.done()
		if got := pipeSizeOf(t, r); got != c.want {
			t.Errorf("of one that %d bytes were read of: %d", c.bytes, got)
		}
	}
	for _, c := range []struct{ bytes, want int }{{chunkSize / 2, usual}, {2 * chunkSize, inputPipe}} {
		r, w := emptyPipe(t)
		go func() { _, _ = io.Copy(io.Discard, r) }()
		raw, err := w.SyscallConn()
		if err != nil {
			t.Fatal(err)
		}
		k := sink{channel: sender{Reader: strings.NewReader(strings.Repeat("x", c.bytes))}, chunks: &chunks{}}
		if err := k.copy(raw); !errors.Is(err, io.EOF) {
			t.Fatal(err)
		}
		if got := pipeSizeOf(t, w); got != c.want {
			t.Errorf("of one that %d bytes were written to: %d", c.bytes, got)
		}
	}
}

// Who has made a pipe larger keeps it so.
func TestWidePipesStayAsTheyAre(t *testing.T) {
	t.Parallel()
	const large = 2 * inputPipe
	r, _ := emptyPipe(t)
	raw, err := r.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	err = raw.Control(func(fd uintptr) {
		if _, err := unix.FcntlInt(fd, unix.F_SETPIPE_SZ, large); err != nil {
			t.Error(err)
		}
		widen(fd, inputPipe)
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := pipeSizeOf(t, r); got != large {
		t.Errorf("it holds %d bytes, and held %d", got, large)
	}
}

func emptyPipe(t *testing.T) (r, w *os.File) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		w.Close()
		r.Close()
	})
	return r, w
}

func pipeSizeOf(t *testing.T, f *os.File) int {
	t.Helper()
	raw, err := f.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var size int
	var sizeErr error
	if err := raw.Control(func(fd uintptr) { size, sizeErr = unix.FcntlInt(fd, unix.F_GETPIPE_SZ, 0) }); errors.Join(err, sizeErr) != nil {
		t.Fatal(err, sizeErr)
	}
	return size
}
