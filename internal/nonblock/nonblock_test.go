package nonblock

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func pair(t *testing.T, kind int) (a, b int) {
	t.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, kind|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		unix.Close(fds[0])
		unix.Close(fds[1])
	})
	return fds[0], fds[1]
}

func TestSetMakesCallsReturn(t *testing.T) {
	t.Parallel()
	a, b := pair(t, unix.SOCK_STREAM)
	for range 2 {
		if err := Set(a); err != nil {
			t.Fatal(err)
		}
		if flags, err := Flags(a); err != nil || flags&unix.O_NONBLOCK == 0 || flags&unix.O_ACCMODE != unix.O_RDWR {
			t.Errorf("flags %#x, %v", flags, err)
		}
	}
	buf := make([]byte, 10)
	if n, err := Read(a, buf); n != 0 || !errors.Is(err, unix.EAGAIN) {
		t.Errorf("nothing to read: %d, %v", n, err)
	}
	if n, err := Write(b, []byte("hello")); n != 5 || err != nil {
		t.Errorf("write: %d, %v", n, err)
	}
	if n, err := Read(a, buf); err != nil || string(buf[:n]) != "hello" {
		t.Errorf("read %q, %v", buf[:n], err)
	}
	if n, err := Write(a, nil); n != 0 || err != nil {
		t.Errorf("write of nothing: %d, %v", n, err)
	}
	if err := unix.Shutdown(b, unix.SHUT_WR); err != nil {
		t.Fatal(err)
	}
	if n, err := Read(a, buf); n != 0 || err != nil {
		t.Errorf("at the end: %d, %v", n, err)
	}
	for _, err := range []error{second(Read(-1, buf)), second(Write(-1, buf)), Set(-1), second(Flags(-1)), Fstat(-1, &unix.Stat_t{}), SetsockoptInt(-1, 0, 0, 0), second(GetsockoptInt(-1, 0, 0))} {
		if !errors.Is(err, unix.EBADF) {
			t.Errorf("of no descriptor: %v", err)
		}
	}
}

func second(_ int, err error) error { return err }

func TestPacketsKeepTheirPartsAndDescriptors(t *testing.T) {
	t.Parallel()
	a, b := pair(t, unix.SOCK_SEQPACKET)
	if err := Sendmsg(a, [][]byte{[]byte("head"), nil, []byte("body")}, unix.UnixRights(a)); err != nil {
		t.Fatal(err)
	}
	buf, oob := make([]byte, 100), make([]byte, 100)
	n, oobn, flags, err := Recvmsg(b, buf, oob, 0)
	if err != nil || string(buf[:n]) != "headbody" || flags&(unix.MSG_TRUNC|unix.MSG_CTRUNC) != 0 {
		t.Fatalf("%q, flags %#x, %v", buf[:n], flags, err)
	}
	messages, err := unix.ParseSocketControlMessage(oob[:oobn])
	if err != nil || len(messages) != 1 {
		t.Fatalf("%d control messages, %v", len(messages), err)
	}
	fds, err := unix.ParseUnixRights(&messages[0])
	if err != nil || len(fds) != 1 {
		t.Fatalf("descriptors %v, %v", fds, err)
	}
	defer unix.Close(fds[0])
	var sent, came unix.Stat_t
	if err := errors.Join(Fstat(a, &sent), Fstat(fds[0], &came)); err != nil || sent.Ino != came.Ino {
		t.Errorf("inode %d came as %d, %v", sent.Ino, came.Ino, err)
	}
	if flags, err := unix.FcntlInt(uintptr(fds[0]), unix.F_GETFD, 0); err != nil || flags&unix.FD_CLOEXEC == 0 {
		t.Errorf("descriptor flags %#x, %v", flags, err)
	}
	// Both ends still block; the calls don't.
	if _, _, _, err := Recvmsg(b, buf, oob, 0); !errors.Is(err, unix.EAGAIN) {
		t.Errorf("nothing to receive: %v", err)
	}
	for err = nil; err == nil; {
		err = Sendmsg(a, [][]byte{buf}, nil)
	}
	if !errors.Is(err, unix.EAGAIN) {
		t.Errorf("a full socket: %v", err)
	}
	if err := Sendmsg(a, make([][]byte, 5), nil); !errors.Is(err, unix.EMSGSIZE) {
		t.Errorf("five parts: %v", err)
	}
	if err := unix.Shutdown(b, unix.SHUT_RD); err != nil {
		t.Fatal(err)
	}
	if err := Sendmsg(a, [][]byte{buf}, nil); !errors.Is(err, unix.EPIPE) {
		t.Errorf("to nobody: %v", err)
	}
}

func TestOptions(t *testing.T) {
	t.Parallel()
	a, _ := pair(t, unix.SOCK_SEQPACKET)
	if v, err := GetsockoptInt(a, unix.SOL_SOCKET, unix.SO_TYPE); err != nil || v != unix.SOCK_SEQPACKET {
		t.Errorf("type %d, %v", v, err)
	}
	if err := SetsockoptInt(a, unix.SOL_SOCKET, unix.SO_PASSCRED, 1); err != nil {
		t.Error(err)
	}
	if v, err := GetsockoptInt(a, unix.SOL_SOCKET, unix.SO_PASSCRED); err != nil || v != 1 {
		t.Errorf("option %d, %v", v, err)
	}
}

// WriteAll waits for room, and is ended by the file's end or its deadline.
func TestWriteAllWaits(t *testing.T) {
	t.Parallel()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	raw, err := w.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Repeat("0123456789", 100_000) // a pipe holds 64 KiB
	got := make(chan string, 1)
	go func() {
		all, _ := io.ReadAll(io.LimitReader(r, int64(len(text))))
		got <- string(all)
	}()
	if n, err := WriteAll(raw, []byte(text)); n != len(text) || err != nil {
		t.Fatalf("%d, %v", n, err)
	}
	if all := <-got; all != text {
		t.Errorf("%d bytes came, or others", len(all))
	}
	_ = w.SetWriteDeadline(time.Now().Add(10 * time.Millisecond))
	if n, err := WriteAll(raw, []byte(text)); n == 0 || n == len(text) || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("with nobody who reads: %d, %v", n, err)
	}
	_ = w.SetWriteDeadline(time.Time{})
	r.Close()
	if _, err := WriteAll(raw, []byte(text)); !errors.Is(err, unix.EPIPE) {
		t.Errorf("without a reader: %v", err)
	}
}

// A regular file's end is an end, not something to wait for.
func TestReadOfAFile(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(name, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	fd, err := unix.Open(name, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	buf := make([]byte, 2)
	for _, want := range []int{1, 0, 0} {
		if n, err := Read(fd, buf); n != want || err != nil {
			t.Errorf("%d bytes instead of %d, %v", n, want, err)
		}
	}
}

// Two parts arrive as one, whatever of them the descriptor takes at a time.
func TestWriteBothWaits(t *testing.T) {
	t.Parallel()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	raw, err := w.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	for _, size := range [][2]int{{0, 10}, {10, 0}, {10, 20}, {100_000, 300_000}} {
		first, second := strings.Repeat("1", size[0]), strings.Repeat("2", size[1])
		got := make(chan string, 1)
		go func() {
			all, _ := io.ReadAll(io.LimitReader(r, int64(len(first+second))))
			got <- string(all)
		}()
		if n, err := WriteBoth(raw, []byte(first), []byte(second)); n != len(first+second) || err != nil {
			t.Errorf("%v: %d, %v", size, n, err)
		}
		if all := <-got; all != first+second {
			t.Errorf("%v: %d bytes came, or others", size, len(all))
		}
	}
	if n, err := Writev(-1, []byte("1"), []byte("2")); n != 0 || !errors.Is(err, unix.EBADF) {
		t.Errorf("of no descriptor: %d, %v", n, err)
	}
}
