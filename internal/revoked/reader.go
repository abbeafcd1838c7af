package revoked

import (
	"encoding/binary"
	"errors"
)

var errShort = errors.New("ends within a field")

// reader takes numbers and strings (RFC 4251 section 5) off a list. After the
// first error every further call returns nothing.
type reader struct {
	rest []byte
	err  error
}

func (r *reader) more() bool { return r.err == nil && len(r.rest) > 0 }

func (r *reader) fail(err error) {
	if r.err == nil {
		r.err = err
	}
	r.rest = nil
}

func (r *reader) take(n uint64) []byte {
	if r.err != nil || uint64(len(r.rest)) < n {
		r.fail(errShort)
		return nil
	}
	b := r.rest[:n:n]
	r.rest = r.rest[n:]
	return b
}

func (r *reader) byte() byte {
	if b := r.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *reader) uint32() uint32 {
	if b := r.take(4); b != nil {
		return binary.BigEndian.Uint32(b)
	}
	return 0
}

func (r *reader) uint64() uint64 {
	if b := r.take(8); b != nil {
		return binary.BigEndian.Uint64(b)
	}
	return 0
}

// string returns a part of the list, not a copy.
func (r *reader) string() []byte { return r.take(uint64(r.uint32())) }

// part returns a reader of a string, which is read to its end by use.
func (r *reader) part(use func(*reader)) {
	inner := &reader{rest: r.string()}
	if r.err != nil {
		return
	}
	use(inner)
	switch {
	case inner.err != nil:
		r.fail(inner.err)
	case len(inner.rest) > 0:
		r.fail(errors.New("has more in a section than belongs there"))
	}
}
