package sftp

import (
	"encoding/binary"
	"slices"
)

// replies are the packets that wait to be sent, one behind the other.
type replies struct {
	buf   []byte
	start int // of the packet that is being written
}

// begin starts a packet, end finishes it: its length is known only then.
func (r *replies) begin(kind byte, id uint32) {
	r.start = len(r.buf)
	r.buf = append(r.buf, 0, 0, 0, 0, kind)
	r.u32(id)
}

func (r *replies) end() {
	binary.BigEndian.PutUint32(r.buf[r.start:], uint32(len(r.buf)-r.start-4))
}

func (r *replies) u32(v uint32) { r.buf = binary.BigEndian.AppendUint32(r.buf, v) }
func (r *replies) u64(v uint64) { r.buf = binary.BigEndian.AppendUint64(r.buf, v) }

func (r *replies) str(s string) {
	r.u32(uint32(len(s)))
	r.buf = append(r.buf, s...)
}

// setCount writes a number that is known only after what it counts.
func (r *replies) setCount(at int, n uint32) { binary.BigEndian.PutUint32(r.buf[at:], n) }

// grow adds n bytes of no meaning.
func (r *replies) grow(n int) { r.buf = slices.Grow(r.buf, n)[:len(r.buf)+n] }

func (r *replies) attrs(a attrs) {
	r.u32(a.flags)
	if a.flags == 0 {
		return
	}
	r.u64(a.size)
	r.u32(a.uid)
	r.u32(a.gid)
	r.u32(a.mode)
	r.u32(a.atime)
	r.u32(a.mtime)
}

func (r *replies) status(id uint32, err error) {
	s := statusOf(err)
	r.begin(typeStatus, id)
	r.u32(uint32(s))
	r.str(text(s, err))
	r.str("") // language
	r.end()
}

// name is a NAME of one path, without attributes.
func (r *replies) name(id uint32, path string) {
	r.begin(typeName, id)
	r.u32(1)
	r.str(path)
	r.str(path)
	r.attrs(attrs{})
	r.end()
}
