package wire

import (
	"errors"
	"io"
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// pair returns a Conn and the raw descriptor of its other end.
func pair(t *testing.T) (*Conn, int) {
	t.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	c, err := FromFD(fds[0])
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close(); unix.Close(fds[1]) })
	return c, fds[1]
}

func TestOnlyASeqpacketSocketIsTaken(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	if _, err := NewConn(r); err == nil {
		t.Error("a pipe was taken")
	}
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, fd := range fds {
		f := os.NewFile(uintptr(fd), "stream")
		defer f.Close()
		if _, err := NewConn(f); err == nil {
			t.Error("a stream socket was taken")
		}
	}
}

func TestAnOversizedPacketIsRefusedOnBothSides(t *testing.T) {
	c, raw := pair(t)
	if err := c.Send(&Packet{Kind: KindNotice, Body: make([]byte, MaxPacket)}); err == nil {
		t.Error("sent")
	}
	if err := c.Send(&Packet{Kind: KindNotice, Files: make([]*os.File, MaxFiles+1)}); err == nil {
		t.Error("sent with too many descriptors")
	}
	if err := unix.Send(raw, make([]byte, MaxPacket+1), 0); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Recv(); err == nil {
		t.Error("received")
	}
}

func TestGarbageIsRefused(t *testing.T) {
	for _, bytes := range [][]byte{{1}, {0, 0, 0, 0, 0, 0}, {5, 1, 0, 0, 0, 0}} {
		c, raw := pair(t)
		if err := unix.Send(raw, bytes, 0); err != nil {
			t.Fatal(err)
		}
		if p, err := c.Recv(); err == nil {
			t.Errorf("%x was received as %+v", bytes, p)
		}
	}
}

func TestTooManyDescriptorsAreNotKept(t *testing.T) {
	c, raw := pair(t)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	fds := make([]int, MaxFiles*2)
	for i := range fds {
		fds[i] = int(w.Fd())
	}
	if err := unix.Sendmsg(raw, []byte{byte(KindNotice), 1, 0, 0, 0, 0}, unix.UnixRights(fds...), nil, 0); err != nil {
		t.Fatal(err)
	}
	w.Close()
	if _, err := c.Recv(); err == nil {
		t.Error("received")
	}
	if _, err := r.Read(make([]byte, 1)); err != io.EOF { // no copy is open
		t.Error(err)
	}
}

func TestReceivedDescriptorsCloseOnExec(t *testing.T) {
	c, raw := pair(t)
	if err := unix.Sendmsg(raw, []byte{byte(KindNotice), 1, 0, 0, 0, 0}, unix.UnixRights(0), nil, 0); err != nil {
		t.Fatal(err)
	}
	p, err := c.Recv()
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	flags, err := unix.FcntlInt(p.Files[0].Fd(), unix.F_GETFD, 0)
	if err != nil || flags&unix.FD_CLOEXEC == 0 {
		t.Errorf("%v %x", err, flags)
	}
}

func TestAPeekedPacketIsStillThere(t *testing.T) {
	a, b, err := Pair()
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	defer b.Close()
	if err := a.Send(&Packet{Kind: KindRequest, Verb: VerbBuild, ID: 7, Body: []byte("plan")}); err != nil {
		t.Fatal(err)
	}
	for i, get := range []func() (*Packet, error){b.Peek, b.Peek, b.Recv} {
		if p, err := get(); err != nil || p.ID != 7 || string(p.Body) != "plan" {
			t.Errorf("%d: %v %+v", i, err, p)
		}
	}
}

func TestRecvTellsThatTheConnWasClosed(t *testing.T) {
	a, b, err := Pair()
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	done := make(chan error)
	go func() {
		_, err := a.Recv()
		done <- err
	}()
	a.Close()
	if err := <-done; !errors.Is(err, os.ErrClosed) {
		t.Error(err)
	}
}
