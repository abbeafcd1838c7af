package sshd

import (
	"errors"
	"io"
	"os"
	"slices"
	"sync"
	"syscall"

	"github.com/jailsh/jailsh/internal/nonblock"
	"golang.org/x/crypto/ssh"
	"golang.org/x/sys/unix"
)

const (
	// chunkSize is how much is sent at once; RFC 4254 has no packets of more than 32 KiB
	// unless both sides agree.
	chunkSize = 32 << 10

	// wideSize is how much is read at once of a program that writes a lot: its pipe wakes
	// it after each read, and the packets leave together.
	wideSize = 4 * chunkSize

	// aheadSize is how much is read at once of a client that sends a lot.
	aheadSize = 512 << 10

	// keystrokes is the buffer that each session keeps for what comes from the
	// client while it is idle.
	keystrokes = 512

	// bulk is how many bytes of one read make another one worth trying before
	// they are sent. A terminal gives at most 4096 at once.
	bulk = 1024

	// maxDrain bounds what is read of a terminal after its program's end. The
	// kernel holds less (64 KiB, tty_buffer.c); more is written by somebody else
	// in the meantime.
	maxDrain = 256 << 10
)

// chunks are what the connections of a server share: buffers that are held while
// there is something in them, and by who waits after a long read of an upload alone; and
// the turnstile.
type chunks struct {
	chunk     buffers[[chunkSize]byte]
	wide      buffers[[wideSize]byte]
	ahead     buffers[[aheadSize]byte]
	held      buffers[[maxHeld]byte]
	turnstile *turnstile
}

// buffers are those of one type that nobody needs at the moment.
type buffers[T any] struct{ pool sync.Pool } // of *T

func (b *buffers[T]) get() *T {
	if t, ok := b.pool.Get().(*T); ok {
		return t
	}
	return new(T)
}

func (b *buffers[T]) put(t *T) { b.pool.Put(t) }

// source reads a pipe, a socket or a terminal's master. It takes a buffer when there
// is something to read.
type source struct {
	raw     syscall.RawConn
	chunks  *chunks
	to      *socket               // by which the data leaves; nil if that isn't TCP
	ready   func(fd uintptr) bool // fill, as raw.Read wants it
	buf     []byte                // of chunkSize or wideSize; nil unless something was read
	n       int
	err     error
	drained int  // bytes read after the deadline
	widened bool // the pipe is
	full    bool // a chunk was, by one read, the last time: there may be more
}

// newSource returns the source of f, whose data leaves by a socket unless that is nil.
func newSource(f *os.File, c *chunks, to *socket) (*source, error) {
	raw, err := f.SyscallConn()
	if err != nil {
		return nil, err
	}
	s := &source{raw: raw, chunks: c, to: to}
	s.ready = func(fd uintptr) bool {
		s.fill(int(fd))
		return !errors.Is(s.err, unix.EAGAIN)
	}
	return s, nil
}

// next waits for data and returns it; it is valid until done. With the error
// there may be data too. After the file's deadline it doesn't wait any more:
// nothing to read is then the end.
//
// For a terminal that is all that the program has written. The kernel hands
// output on to the master in the background, but a read that finds nothing
// flushes that work before it returns EAGAIN (n_tty_read, since Linux 4.5).
func (s *source) next() ([]byte, error) {
	s.n = 0
	err := s.raw.Read(s.ready)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		err = s.raw.Control(func(fd uintptr) { s.fill(int(fd)) })
		if s.drained += s.n; s.drained > maxDrain && s.err == nil {
			s.err = io.EOF
		}
	}
	if err == nil {
		err = s.err
	}
	if s.n == 0 {
		return nil, err
	}
	if s.n > chunkSize {
		s.to.cork()
	}
	return s.buf[:s.n], err
}

// done gives the buffer back, when what is in it has been written.
func (s *source) done() {
	if len(s.buf) == wideSize {
		s.to.uncork()
		s.to.yield(1)
	}
	s.give()
}

// take takes a buffer, a wide one if a chunk was filled the last time.
func (s *source) take() {
	if s.full {
		s.buf = s.chunks.wide.get()[:]
	} else {
		s.buf = s.chunks.chunk.get()[:]
	}
}

// grow takes a wide buffer instead of the chunk that is full.
func (s *source) grow() {
	wide := s.chunks.wide.get()[:]
	copy(wide, s.buf)
	s.give()
	s.buf = wide
}

func (s *source) give() {
	switch len(s.buf) {
	case chunkSize:
		s.chunks.chunk.put((*[chunkSize]byte)(s.buf))
	case wideSize:
		s.chunks.wide.put((*[wideSize]byte)(s.buf))
	}
	s.buf = nil
}

// fill reads what there is. A terminal gives little at a time; if it looks as if
// there were more, more is read before it is sent.
func (s *source) fill(fd int) {
	s.take()
	s.n, s.err, s.full = 0, nil, false
	for {
		n, err := nonblock.Read(fd, s.buf[s.n:])
		if n >= chunkSize {
			s.full = true
			if !s.widened {
				s.widened = true
				widen(uintptr(fd), outputPipe)
			}
		}
		s.n += n
		if n > 0 {
			switch {
			case n == chunkSize && len(s.buf) == chunkSize:
				s.grow()
				continue
			case n >= bulk && s.n <= chunkSize-bulk:
				continue
			}
			return
		}
		if err == nil {
			err = io.EOF
		}
		if s.n > 0 && errors.Is(err, unix.EAGAIN) {
			return
		}
		s.err = err // EIO is a terminal's end: nobody has the other side open
		if s.n == 0 {
			s.give()
		}
		return
	}
}

// send writes b in packets of chunkSize at most. The client may have asked for larger
// ones, but the library keeps buffers as large, and lets nobody in between.
func (s *source) send(to io.Writer, b []byte) (n int, err error) {
	for part := range slices.Chunk(b, chunkSize) {
		m, err := to.Write(part)
		s.to.yield(stretch)
		n += m
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

// sink copies what comes from the client. It waits with a small buffer of its
// own, and takes a chunk when that was not enough, and more when a chunk wasn't:
// the library asks the client to go on after each read that comes late.
type sink struct {
	channel ssh.Channel
	chunks  *chunks
	from    *socket // that the channel is of; nil if that isn't TCP
	whole   bool    // never the small buffer: a server of files would be woken twice by a packet in two parts
	small   [keystrokes]byte
}

// copy copies until the client's end of file, which it returns as io.EOF, or an
// error of to. With to nil it throws away.
func (k *sink) copy(to syscall.RawConn) error {
	n, err, wide := 0, error(nil), false
	for err == nil {
		if n >= chunkSize && !wide && to != nil {
			wide = true
			_ = to.Control(func(fd uintptr) { widen(fd, inputPipe) }) // closed: the next write says so
		}
		switch {
		case n < keystrokes && !k.whole:
			n, err = k.next(k.small[:], to)
		case n < chunkSize:
			buf := k.chunks.chunk.get()
			n, err = k.next(buf[:], to)
			k.chunks.chunk.put(buf)
		default:
			k.from.finish()
			buf := k.chunks.ahead.get()
			n, err = k.next(buf[:], to)
			k.chunks.ahead.put(buf)
		}
	}
	return err
}

// next hands one read on. An error beside data is not the end of the data: after
// each read the library asks the client for more, and says so when the client can't
// be asked any longer, while what it had sent before still waits to be read.
func (k *sink) next(buf []byte, to syscall.RawConn) (int, error) {
	n, err := k.channel.Read(buf)
	if n > 0 {
		err = write(to, buf[:n])
	}
	return n, err
}

func write(to syscall.RawConn, b []byte) error {
	if to == nil {
		return nil
	}
	_, err := nonblock.WriteAll(to, b)
	return err
}
