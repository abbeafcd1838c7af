package sftp

import (
	"bytes"
	"encoding/binary"
)

// request is one packet of the client's. Its fields are taken in order; the first
// that isn't there, or is over its cap, makes the request bad, and those after it
// are zero. What stands behind the last field is ignored, as sftp-server does.
type request struct {
	kind byte
	id   uint32
	rest []byte
	bad  bool
}

// parse reads the head of a packet. INIT has a version where others have an id.
func parse(packet []byte) (request, bool) {
	if len(packet) < 1 {
		return request{}, false
	}
	r := request{kind: packet[0], rest: packet[1:]}
	r.id = r.u32()
	return r, !r.bad
}

func (r *request) take(n int) []byte {
	if r.bad || n > len(r.rest) {
		r.bad = true
		return nil
	}
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b
}

func (r *request) u32() uint32 {
	if b := r.take(4); b != nil {
		return binary.BigEndian.Uint32(b)
	}
	return 0
}

func (r *request) u64() uint64 {
	if b := r.take(8); b != nil {
		return binary.BigEndian.Uint64(b)
	}
	return 0
}

// bytes is a string of at most max bytes. It is part of the packet.
func (r *request) bytes(max int) []byte {
	n := r.u32()
	if uint64(n) > uint64(max) {
		r.bad = true
	}
	if r.bad {
		return nil
	}
	return r.take(int(n))
}

// path is a path. No file can have a zero byte in its name: the kernel would take
// it for the end.
func (r *request) path() string {
	b := r.bytes(maxPacket)
	if bytes.IndexByte(b, 0) >= 0 {
		r.bad = true
	}
	if r.bad {
		return ""
	}
	return string(b)
}

// attrs are attributes, draft section 5.
func (r *request) attrs() attrs {
	a := attrs{flags: r.u32()}
	if a.flags&attrSize != 0 {
		a.size = r.u64()
	}
	if a.flags&attrIDs != 0 {
		a.uid, a.gid = r.u32(), r.u32()
	}
	if a.flags&attrPermissions != 0 {
		a.mode = r.u32()
	}
	if a.flags&attrTimes != 0 {
		a.atime, a.mtime = r.u32(), r.u32()
	}
	if a.flags&attrExtended != 0 {
		n := r.u32()
		if n > maxAttrs {
			r.bad = true
		}
		for i := uint32(0); i < n && !r.bad; i++ {
			r.bytes(maxPacket)
			r.bytes(maxPacket)
		}
	}
	return a
}
