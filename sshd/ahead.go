package sshd

import (
	"errors"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// libraryBuffer is what x/crypto reads and writes at once (bufio's default).
const libraryBuffer = 4096

// maxFinish is how often who waits for a reader passes the turnstile: twice as often as
// the reader itself does from one filling to the next.
const maxFinish = 2 * aheadSize / stretch

// ahead is what a socket has read of a client that sends a lot, and nobody has
// asked for yet: a packet of 32 KiB takes the library two reads, and sixteen
// packets may be there at a time. It costs no memory while nothing is under way.
type ahead struct {
	fill  func(fd uintptr) bool // as raw.Read wants it
	buf   *[aheadSize]byte      // nil unless rest is of it
	rest  []byte
	eager bool        // the client sends a lot
	more  atomic.Bool // the library hasn't come back yet for more than rest
}

// readAhead is Read that may read more, for the calls to come.
func (s *socket) readAhead(b []byte) (int, error) {
	if len(s.ahead.rest) == 0 {
		s.ahead.more.Store(false)
		if !s.ahead.eager {
			n, err := s.Read(b)
			s.ahead.eager = n == len(b) && n >= libraryBuffer
			return n, err
		}
		s.reads.pass() // who hands on what was read finds it whole, and still in the cache
		n, err := s.wait(s.ahead.fill)
		if err != nil {
			return 0, err
		}
		s.ahead.eager = n > libraryBuffer
		s.ahead.rest = s.ahead.buf[:n]
		s.ahead.more.Store(true)
	}
	n := copy(b, s.ahead.rest)
	if s.ahead.rest = s.ahead.rest[n:]; len(s.ahead.rest) == 0 {
		s.giveBack()
	}
	s.reads.moved(n, stretch)
	return n, nil
}

// fill takes a buffer, and keeps it only if there was something to read.
func (s *socket) fill(fd uintptr) bool {
	buf := s.chunks.ahead.get()
	s.ahead.buf, s.buf = buf, buf[:]
	if s.read(fd) && s.n > 0 {
		return true
	}
	s.giveBack()
	return !errors.Is(s.err, unix.EAGAIN)
}

func (s *socket) giveBack() {
	s.chunks.ahead.put(s.ahead.buf)
	s.ahead.buf, s.ahead.rest, s.buf = nil, nil, nil
}

// finish lets the library decrypt what was read ahead, so that who is to hand it on
// finds all of it at once: it would have to wait after each stretch else. It mostly comes
// back before more is read. A reader that is held up isn't waited for.
func (s *socket) finish() {
	if s == nil {
		return
	}
	for range maxFinish {
		s.chunks.turnstile.pass()
		if !s.ahead.more.Load() {
			return
		}
	}
}
