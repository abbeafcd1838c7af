package sftp

import (
	"bytes"
	"io"
	"testing"

	"github.com/jailsh/jailsh/sftp/options"
)

// FuzzServe lets a server that may change nothing read anything. It must neither
// panic, nor wait, nor send a packet that a client couldn't take.
func FuzzServe(f *testing.F) {
	dir := f.TempDir()
	f.Add(bytes.Join([][]byte{say(typeOpendir, 1, dir), say(typeReaddir, 2, first), say(typeClose, 3, first)}, nil))
	f.Add(bytes.Join([][]byte{open("/etc/passwd", openRead), say(typeRead, 2, first, uint64(0), 100), say(typeFstat, 2, first)}, nil))
	f.Add(say(typeExtended, 1, "users-groups-by-id@openssh.com", "\x00\x00\x00\x00", ""))
	f.Add(say(typeExtended, 1, "copy-data", first, uint64(0), uint64(0), second, uint64(0)))
	f.Add(say(typeExtended, 1, "statvfs@openssh.com", "/"))
	f.Add(say(typeSetstat, 1, "/none", attrs{flags: allAttrs}))
	f.Add([]byte{0xff, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, b []byte) {
		o := options.None()
		o.ReadOnly, o.Log = true, true
		s := New(bytes.NewReader(append(say(typeInit, version), b...)), nil, io.Discard, o)
		s.handles.most = 10
		all, _ := talkTo(t, s)
		for _, a := range all {
			if len(a.r.rest) > maxPacket {
				t.Errorf("a packet of %d bytes", len(a.r.rest))
			}
		}
	})
}

// FuzzRequest takes fields of any bytes, in an order that has all of them.
func FuzzRequest(f *testing.F) {
	f.Add(say(typeSetstat, 1, "/x", attrs{flags: allAttrs})[4:])
	f.Fuzz(func(t *testing.T, b []byte) {
		r, ok := parse(b)
		if !ok {
			return
		}
		path, a, name := r.path(), r.attrs(), r.bytes(4)
		if r.bad && r.u64() != 0 {
			t.Error("a field after a bad one")
		}
		if bytes.IndexByte([]byte(path), 0) >= 0 || len(name) > 4 {
			t.Errorf("%q %v %q", path, a, name)
		}
	})
}
