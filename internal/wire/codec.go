package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"time"
)

// Message is one message body. Its fields method visits each field in wire
// order, and serves both directions.
type Message interface {
	fields(*codec)
}

var errShort = errors.New("message ends within a field")

// codec walks a message: it appends the fields to buf, or, when decoding, takes
// them from it. After the first error every further call does nothing.
type codec struct {
	buf      []byte
	decoding bool
	err      error
}

// Encode returns the body of m, or an error that names the field over its cap.
func Encode(m Message) ([]byte, error) {
	c := &codec{}
	m.fields(c)
	return c.buf, c.err
}

// Decode fills m from body. All of body must be used up.
func Decode(body []byte, m Message) error {
	c := &codec{buf: body, decoding: true}
	m.fields(c)
	if c.err == nil && len(c.buf) != 0 {
		c.err = fmt.Errorf("%d bytes after the end of the message", len(c.buf))
	}
	return c.err
}

func (c *codec) fail(err error) {
	if c.err == nil {
		c.err = err
	}
}

// take returns the next n bytes of the input, or nil after setting the error.
func (c *codec) take(n int) []byte {
	if c.err != nil {
		return nil
	}
	if n > len(c.buf) {
		c.fail(errShort)
		return nil
	}
	b := c.buf[:n]
	c.buf = c.buf[n:]
	return b
}

func (c *codec) u8(p *uint8) {
	if !c.decoding {
		c.buf = append(c.buf, *p)
		return
	}
	if b := c.take(1); b != nil {
		*p = b[0]
	}
}

func (c *codec) u32(p *uint32) {
	if !c.decoding {
		c.buf = binary.BigEndian.AppendUint32(c.buf, *p)
		return
	}
	if b := c.take(4); b != nil {
		*p = binary.BigEndian.Uint32(b)
	}
}

func (c *codec) u64(p *uint64) {
	if !c.decoding {
		c.buf = binary.BigEndian.AppendUint64(c.buf, *p)
		return
	}
	if b := c.take(8); b != nil {
		*p = binary.BigEndian.Uint64(b)
	}
}

func (c *codec) i64(p *int64) {
	v := uint64(*p)
	c.u64(&v)
	*p = int64(v)
}

// time is in whole seconds since 1970, and 0 for the zero time.
func (c *codec) time(p *time.Time) {
	var seconds int64
	if !p.IsZero() {
		seconds = p.Unix()
	}
	c.i64(&seconds)
	if c.decoding {
		*p = time.Time{}
		if seconds != 0 {
			*p = time.Unix(seconds, 0)
		}
	}
}

// boolean is one byte, 0 or 1; any other is an error.
func (c *codec) boolean(p *bool) {
	var b uint8
	if *p {
		b = 1
	}
	c.u8(&b)
	if b > 1 {
		c.fail(fmt.Errorf("boolean byte %d", b))
	}
	*p = b == 1
}

// length visits a count or a size that may be at most max.
func (c *codec) length(n, max int) int {
	v := uint32(n)
	if !c.decoding && n > max {
		c.fail(fmt.Errorf("field of %d is over its cap of %d", n, max))
		return 0
	}
	c.u32(&v)
	if c.err == nil && int64(v) > int64(max) {
		c.fail(fmt.Errorf("field of %d is over its cap of %d", v, max))
	}
	if c.err != nil {
		return 0
	}
	return int(v)
}

func (c *codec) bytes(p *[]byte, max int) {
	n := c.length(len(*p), max)
	if c.err != nil {
		return
	}
	if !c.decoding {
		c.buf = append(c.buf, *p...)
		return
	}
	*p = append([]byte(nil), c.take(n)...)
}

func (c *codec) str(p *string, max int) {
	n := c.length(len(*p), max)
	if c.err != nil {
		return
	}
	if !c.decoding {
		c.buf = append(c.buf, *p...)
		return
	}
	*p = string(c.take(n))
}

// list visits a slice of at most max elements. Each element takes at least one
// byte on the wire, so a count alone can't make the decoder allocate.
func list[T any](c *codec, p *[]T, max int, each func(*codec, *T)) {
	n := c.length(len(*p), max)
	if c.err != nil {
		return
	}
	if c.decoding {
		if n > len(c.buf) {
			c.fail(errShort)
			return
		}
		*p = nil
		if n > 0 {
			*p = make([]T, n)
		}
	}
	for i := range *p {
		each(c, &(*p)[i])
	}
}

// network is text, in the one form that it has.
func (c *codec) network(p *netip.Prefix) {
	text := p.String()
	c.str(&text, MaxName)
	if c.err != nil || !c.decoding {
		return
	}
	read, err := netip.ParsePrefix(text)
	if err != nil || read.String() != text || read.Masked() != read {
		c.fail(fmt.Errorf("%q is no network", text))
	}
	*p = read
}

// strs visits a list of strings: at most count, each at most max, together at
// most total bytes.
func (c *codec) strs(p *[]string, count, max, total int) {
	list(c, p, count, func(c *codec, s *string) { c.str(s, max) })
	sum := 0
	for _, s := range *p {
		sum += len(s)
	}
	if sum > total {
		c.fail(fmt.Errorf("list of %d bytes is over its cap of %d", sum, total))
	}
}
