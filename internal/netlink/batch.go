package netlink

import (
	"encoding/binary"

	"golang.org/x/sys/unix"
)

// Filter is the fixed part of a message of nfnetlink: the protocol family, a
// version that is 0, and a number that only the ends of a batch use.
func Filter(family uint8, subsystem uint16) Body {
	return binary.BigEndian.AppendUint16(Body{family, unix.NFNETLINK_V0}, subsystem)
}

// Batch sends messages to a subsystem of nfnetlink as one transaction: the
// packets see either nothing of it or all.
func (c *Conn) Batch(subsystem uint16, messages []*Message) error {
	c.seq++
	begin := &Message{Type: unix.NFNL_MSG_BATCH_BEGIN, Body: Filter(unix.AF_UNSPEC, subsystem)}
	stream := appendMessage(nil, begin, unix.NLM_F_REQUEST, c.seq)
	for i, m := range messages {
		flags := uint16(unix.NLM_F_REQUEST)
		if i == len(messages)-1 {
			flags |= unix.NLM_F_ACK // errors come unasked; this tells that it is done
		}
		c.seq++
		stream = appendMessage(stream, m, flags, c.seq)
	}
	last := c.seq
	c.seq++
	end := &Message{Type: unix.NFNL_MSG_BATCH_END, Body: Filter(unix.AF_UNSPEC, subsystem)}
	return c.exchange(appendMessage(stream, end, unix.NLM_F_REQUEST, c.seq), last)
}
