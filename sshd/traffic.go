package sshd

import (
	"errors"

	"golang.org/x/sys/unix"
)

// What a socket does for those who send or fetch a lot. Neither costs memory
// while nothing is under way.

// libraryBuffer is what x/crypto reads and writes at once (bufio's default).
const libraryBuffer = 4096

// ahead is what a socket has read of a client that sends a lot, and nobody has
// asked for yet: a packet of 32 KiB takes the library two reads, and eight
// packets may be there at a time.
type ahead struct {
	fill  func(fd uintptr) bool // as raw.Read wants it
	buf   *[aheadSize]byte      // nil unless rest is of it
	rest  []byte
	eager bool // the client sends a lot
}

// readAhead is Read that may read more, for the calls to come.
func (s *socket) readAhead(b []byte) (int, error) {
	if len(s.ahead.rest) == 0 {
		if !s.ahead.eager {
			n, err := s.Read(b)
			s.ahead.eager = n == len(b) && n >= libraryBuffer
			return n, err
		}
		n, err := s.wait(s.ahead.fill)
		if err != nil {
			return 0, err
		}
		s.reads.moved(n)
		s.ahead.eager = n > libraryBuffer
		s.ahead.rest = s.ahead.buf[:n]
	}
	n := copy(b, s.ahead.rest)
	if s.ahead.rest = s.ahead.rest[n:]; len(s.ahead.rest) == 0 {
		s.giveBack()
	}
	return n, nil
}

// fill takes a buffer, and keeps it only if there was something to read.
func (s *socket) fill(fd uintptr) bool {
	buf := s.chunks.ahead()
	s.ahead.buf, s.buf = buf, buf[:]
	if s.read(fd) && s.n > 0 {
		return true
	}
	s.giveBack()
	return !errors.Is(s.err, unix.EAGAIN)
}

func (s *socket) giveBack() {
	s.chunks.aheads.Put(s.ahead.buf)
	s.ahead.buf, s.ahead.rest, s.buf = nil, nil, nil
}

// writePacket is Write of the library's packets. With AES-GCM it writes the
// length, which fills its buffer with the beginning of a long packet, and then
// the rest; two calls, and two segments of TCP. So what is exactly a buffer waits
// for what comes next. Something does: no packet after the key exchange is that
// long, since a length of 4 bytes, a content of n * 8 and a tag of n * 16 aren't a
// multiple of 8.
func (s *socket) writePacket(b []byte) (int, error) {
	s.writes.moved(len(b))
	if s.held == nil {
		if len(b) != libraryBuffer {
			return s.Write(b)
		}
		held, ok := s.chunks.helds.Get().(*[libraryBuffer]byte)
		if !ok {
			held = new([libraryBuffer]byte)
		}
		s.held = held
		return copy(held[:], b), nil
	}
	n, err := s.writeBoth(s.held[:], b)
	s.chunks.helds.Put(s.held)
	s.held = nil
	return max(0, n-libraryBuffer), err
}
