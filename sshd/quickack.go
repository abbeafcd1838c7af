package sshd

import (
	"sync/atomic"
	"syscall"

	"github.com/jailsh/jailsh/internal/nonblock"
	"golang.org/x/sys/unix"
)

// quickACK has the kernel acknowledge at once what a client sends while
// something is being set up: the handshake, or a channel until its program runs.
//
// ssh(1) leaves Nagle's algorithm on until it has a terminal (RFC 896): its next
// small packet waits until the one before is acknowledged. The server's kernel
// waits too, up to 40 ms, for data to send the acknowledgement with (RFC 1122
// section 4.2.3.2), and has none since it needs that next packet first. The
// client meets this twice in a login: over the loopback, OpenSSH 9.2's
// `ssh host true` takes 90 ms with the delay and 17 without (BenchmarkStockLogin).
//
// TCP_QUICKACK isn't permanent: the kernel leaves the mode by itself (tcp(7)), so
// it is set again whenever there is nothing to read: what was just read is
// acknowledged then, unless an answer has done so. Later, in a running session,
// the delay is what saves a packet per keystroke, and is left alone.
type quickACK struct {
	raw    syscall.RawConn
	settle atomic.Int32 // how many things are being set up
	set    func(fd int) error
}

func newQuickACK(raw syscall.RawConn) *quickACK {
	return &quickACK{raw: raw, set: func(fd int) error {
		return nonblock.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_QUICKACK, 1)
	}}
}

// begin says that something is being set up, end that it is done. Nothing
// happens if q is nil.
func (q *quickACK) begin() {
	if q != nil {
		q.settle.Add(1)
		_ = q.raw.Control(func(fd uintptr) { q.rearm(int(fd)) })
	}
}

func (q *quickACK) end() {
	if q != nil {
		q.settle.Add(-1)
	}
}

// rearm is called when there is nothing to read from fd.
func (q *quickACK) rearm(fd int) {
	if q.settle.Load() > 0 {
		_ = q.set(fd) // an error means that the socket is dead, which the next read says too
	}
}
