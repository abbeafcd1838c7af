package sshd

import (
	"encoding/binary"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/jailsh/jailsh/internal/nonblock"
	"golang.org/x/sys/unix"
)

// stretch is how many bytes one direction of a connection carries before others
// have their turn.
const stretch = 64 << 10

// turnstile makes connections that carry a lot leave room for those that carry
// little. The scheduler asks the poller whether there is something to read when
// it has nothing to run. A goroutine that is never out of work keeps it from that
// for 10 ms and more (findRunnable, sysmon), during which a keystroke of somebody
// else is not seen; runtime.Gosched doesn't help, since it has the goroutine to
// run. So after each stretch of bytes one waits for the poller itself, by an event
// that has happened already, and comes back together with all others who have one.
type turnstile struct {
	event *os.File // eventfd(2)
	raw   syscall.RawConn

	mu      sync.Mutex
	passing chan struct{} // closed when who waits for the poller is back; nil if nobody does
}

func newTurnstile() (*turnstile, error) {
	fd, err := unix.Eventfd(0, unix.EFD_NONBLOCK|unix.EFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("eventfd: %w", err)
	}
	t := &turnstile{event: os.NewFile(uintptr(fd), "eventfd")}
	if t.raw, err = t.event.SyscallConn(); err != nil {
		t.event.Close()
		return nil, err
	}
	return t, nil
}

// pass waits for the poller, or for who does.
func (t *turnstile) pass() {
	t.mu.Lock()
	if with := t.passing; with != nil {
		t.mu.Unlock()
		<-with
		return
	}
	back := make(chan struct{})
	t.passing = back
	t.mu.Unlock()
	happened := false
	_ = t.raw.Read(func(fd uintptr) bool { // an error: the server has ended
		if happened {
			return true
		}
		happened = true
		_, err := nonblock.Write(int(fd), binary.NativeEndian.AppendUint64(nil, 1))
		return err != nil // the counter is full after 2^64 times
	})
	t.mu.Lock()
	t.passing = nil
	t.mu.Unlock()
	close(back)
}

// pace counts the bytes of one direction since it passed.
type pace struct {
	bytes     atomic.Int64
	turnstile *turnstile
}

// moved passes when limit bytes have been moved, these among them.
func (p *pace) moved(n, limit int) {
	if p.bytes.Add(int64(n)) >= int64(limit) {
		p.pass()
	}
}

func (p *pace) pass() {
	p.bytes.Store(0)
	p.turnstile.pass()
}
