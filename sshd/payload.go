package sshd

import "encoding/binary"

// payload takes the fields of a request's data apart, RFC 4251 section 5. After
// the first field that doesn't fit it yields zeros, and ok is false.
type payload struct {
	rest []byte
	bad  bool
}

// uint32 takes a uint32.
func (p *payload) uint32() uint32 {
	b := p.take(4)
	if b == nil {
		return 0
	}
	return binary.BigEndian.Uint32(b)
}

// boolean takes a byte, which is true unless it is 0.
func (p *payload) boolean() bool {
	b := p.take(1)
	return b != nil && b[0] != 0
}

// bytes takes a string of at most max bytes, which stays part of the request.
func (p *payload) bytes(max int) []byte {
	n := p.uint32()
	// Compared as uint64: 4+n overflows for 0xffffffff, which is how a library's
	// pty-req parser came to panic.
	if p.bad || uint64(n) > uint64(max) {
		p.bad = true
		return nil
	}
	return p.take(int(n))
}

// string takes a string of at most max bytes.
func (p *payload) string(max int) string { return string(p.bytes(max)) }

// ok reports whether all fields fitted and nothing is left.
func (p *payload) ok() bool { return !p.bad && len(p.rest) == 0 }

func (p *payload) take(n int) []byte {
	if p.bad || n > len(p.rest) {
		p.bad = true
		return nil
	}
	b := p.rest[:n:n]
	p.rest = p.rest[n:]
	return b
}
