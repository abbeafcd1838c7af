package wire

import (
	"encoding/binary"
	"errors"
	"os"
)

// Kind says what a packet is in the conversation.
type Kind uint8

// The four kinds of packets.
const (
	KindRequest Kind = iota + 1 // wants a reply or a failure with the same ID
	KindReply
	KindFailure // a reply that is an error; its body is a Failure
	KindNotice  // wants no answer; ID is 0
)

// Packet is one received packet. Files belong to whoever receives it.
type Packet struct {
	Kind  Kind
	Verb  Verb
	ID    uint32
	Body  []byte
	Files []*os.File
}

const headerLen = 6

func (p *Packet) header() []byte {
	h := []byte{byte(p.Kind), byte(p.Verb)}
	return binary.BigEndian.AppendUint32(h, p.ID)
}

func parsePacket(b []byte) (*Packet, error) {
	if len(b) < headerLen {
		return nil, errors.New("packet shorter than its header")
	}
	p := &Packet{Kind: Kind(b[0]), Verb: Verb(b[1]), ID: binary.BigEndian.Uint32(b[2:]), Body: b[headerLen:]}
	if p.Kind < KindRequest || p.Kind > KindNotice {
		return nil, errors.New("packet of unknown kind")
	}
	return p, nil
}

// Close closes the descriptors that came with the packet. It doesn't wait for
// that: a hostile sender can pass a socket whose close lingers (SO_LINGER,
// socket(7)).
func (p *Packet) Close() {
	for _, f := range p.Files {
		go f.Close()
	}
	p.Files = nil
}
