package sshd

import (
	"errors"
	"io"
	"os"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
	"golang.org/x/sys/unix"
)

// sender is a channel that the client has written packets to.
type sender struct {
	ssh.Channel
	io.Reader
}

func (s sender) Read(b []byte) (int, error) { return s.Reader.Read(b) }

// What a server of files is sent comes in one piece; what a person types waits in
// a small buffer.
func TestAPacketIsntSplit(t *testing.T) {
	t.Parallel()
	for whole, want := range map[bool]int{true: 1100, false: keystrokes} {
		var fds [2]int
		if err := unix.Pipe2(fds[:], unix.O_CLOEXEC|unix.O_NONBLOCK|unix.O_DIRECT); err != nil { // a read is one write
			t.Fatal(err)
		}
		r, w := os.NewFile(uintptr(fds[0]), "r"), os.NewFile(uintptr(fds[1]), "w")
		raw, err := w.SyscallConn()
		if err != nil {
			t.Fatal(err)
		}
		k := sink{channel: sender{Reader: strings.NewReader(strings.Repeat("x", 1100))}, chunks: &chunks{}, whole: whole}
		if err := k.copy(raw); !errors.Is(err, io.EOF) {
			t.Fatal(err)
		}
		if n, err := r.Read(make([]byte, 4096)); n != want || err != nil {
			t.Errorf("whole %t: %d bytes at once, %v", whole, n, err)
		}
		r.Close()
		w.Close()
	}
}

// unheard is a client that sent all it had, and is gone.
type unheard struct{ io.Reader }

func (u unheard) Read(b []byte) (int, error) {
	n, err := u.Reader.Read(b)
	if n > 0 {
		err = unix.EPIPE // it can't be asked for more
	}
	return n, err
}

// What a client has sent arrives, though it is gone before all of that was read:
// the rest of a file would be lost.
func TestAClientThatIsGoneIsReadToItsEnd(t *testing.T) {
	t.Parallel()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	raw, err := w.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	sent := strings.Repeat("x", 3*keystrokes)
	k := sink{channel: sender{Reader: unheard{strings.NewReader(sent)}}, chunks: &chunks{}}
	if err := k.copy(raw); !errors.Is(err, io.EOF) {
		t.Error(err)
	}
	w.Close()
	if got, err := io.ReadAll(r); string(got) != sent || err != nil {
		t.Errorf("%d bytes of %d, %v", len(got), len(sent), err)
	}
}
