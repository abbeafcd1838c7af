package netlink

import (
	"encoding/binary"
	"errors"

	"golang.org/x/sys/unix"
)

// Message is one request or answer, without the header that the kernel counts
// by. Body starts with the fixed part of its type, and attributes follow.
type Message struct {
	Type  uint16
	Flags uint16 // beyond NLM_F_REQUEST and NLM_F_ACK
	Body  Body
}

// Body is what a message carries, as far as it has been written.
type Body []byte

// align is the boundary that messages and attributes start on.
const align = 4

func padded(n int) int { return (n + align - 1) &^ (align - 1) }

// Attr appends an attribute: its length, its type, the value, and the padding to
// the next.
func (b *Body) Attr(kind uint16, value []byte) {
	*b = binary.NativeEndian.AppendUint16(*b, uint16(unix.SizeofNlAttr+len(value)))
	*b = binary.NativeEndian.AppendUint16(*b, kind)
	*b = append(*b, value...)
	*b = append(*b, make([]byte, padded(len(value))-len(value))...)
}

// Text appends a string with the NUL that the kernel wants behind it.
func (b *Body) Text(kind uint16, s string) { b.Attr(kind, append([]byte(s), 0)) }

// Uint32 appends a number in the host's order, as rtnetlink has them.
func (b *Body) Uint32(kind uint16, n uint32) {
	b.Attr(kind, binary.NativeEndian.AppendUint32(nil, n))
}

// Big32 appends a number in the network's order, as nfnetlink has them.
func (b *Body) Big32(kind uint16, n uint32) {
	b.Attr(kind, binary.BigEndian.AppendUint32(nil, n))
}

// Nest appends an attribute made of the attributes that fill writes.
func (b *Body) Nest(kind uint16, fill func(*Body)) {
	var inner Body
	fill(&inner)
	b.Attr(kind|unix.NLA_F_NESTED, inner)
}

var errCut = errors.New("netlink: a message that isn't whole")

// Attributes calls each with the attributes of b, whose fixed part has the given
// length, until it returns false.
func (b Body) Attributes(fixed int, each func(kind uint16, value []byte) bool) error {
	if len(b) < fixed {
		return errCut
	}
	for rest := b[fixed:]; len(rest) > 0; {
		if len(rest) < unix.SizeofNlAttr {
			return errCut
		}
		n := int(binary.NativeEndian.Uint16(rest))
		if n < unix.SizeofNlAttr || n > len(rest) {
			return errCut
		}
		kind := binary.NativeEndian.Uint16(rest[2:]) &^ (unix.NLA_F_NESTED | unix.NLA_F_NET_BYTEORDER)
		if !each(kind, rest[unix.SizeofNlAttr:n]) {
			return nil
		}
		rest = rest[min(padded(n), len(rest)):]
	}
	return nil
}

// header is nlmsghdr(7), of one message in the stream of a socket.
type header struct {
	kind, flags uint16
	seq         uint32
}

// appendMessage puts m behind its header.
func appendMessage(to []byte, m *Message, flags uint16, seq uint32) []byte {
	to = binary.NativeEndian.AppendUint32(to, uint32(unix.SizeofNlMsghdr+len(m.Body)))
	to = binary.NativeEndian.AppendUint16(to, m.Type)
	to = binary.NativeEndian.AppendUint16(to, m.Flags|flags)
	to = binary.NativeEndian.AppendUint32(to, seq)
	to = binary.NativeEndian.AppendUint32(to, 0) // port: the kernel's
	to = append(to, m.Body...)
	return append(to, make([]byte, padded(len(m.Body))-len(m.Body))...)
}

// nextMessage takes the first message off what was received.
func nextMessage(from []byte) (h header, body Body, rest []byte, err error) {
	if len(from) < unix.SizeofNlMsghdr {
		return h, nil, nil, errCut
	}
	n := int64(binary.NativeEndian.Uint32(from))
	if n < unix.SizeofNlMsghdr || n > int64(len(from)) {
		return h, nil, nil, errCut
	}
	h.kind = binary.NativeEndian.Uint16(from[4:])
	h.flags = binary.NativeEndian.Uint16(from[6:])
	h.seq = binary.NativeEndian.Uint32(from[8:])
	return h, Body(from[unix.SizeofNlMsghdr:n]), from[min(padded(int(n)), len(from)):], nil
}
