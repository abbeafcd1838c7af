package sftp

import (
	"encoding/binary"
	"errors"
	"io"
)

// packets cuts what comes from the client into packets. Its buffer holds two of
// the longest, so that what has come of the next seldom has to be moved.
type packets struct {
	from  io.Reader
	buf   [2*maxPacket + 8]byte
	start int // of what hasn't been handed out
	end   int
}

// errLength ends the connection: where the next packet begins is not known.
var errLength = errors.New("a packet of no length, or over the limit")

// next returns the next packet without its length, if it has come as a whole; else
// nil. It is valid until fill.
func (p *packets) next() ([]byte, error) {
	if p.end-p.start < 4 {
		return nil, nil
	}
	n := binary.BigEndian.Uint32(p.buf[p.start:])
	if n == 0 || n > maxPacket {
		return nil, errLength
	}
	whole := 4 + int(n)
	if p.end-p.start < whole {
		return nil, nil
	}
	packet := p.buf[p.start+4 : p.start+whole]
	p.start += whole
	return packet, nil
}

// fill waits for more. io.EOF in the middle of a packet is the client's end too:
// what it has cut off is not carried out.
func (p *packets) fill() error {
	if p.start == p.end {
		p.start, p.end = 0, 0
	} else if len(p.buf)-p.start < 4+maxPacket {
		p.end = copy(p.buf[:], p.buf[p.start:p.end])
		p.start = 0
	}
	n, err := p.from.Read(p.buf[p.end:])
	p.end += n
	return err
}
