package sftp

import (
	"bytes"
	"encoding/binary"
	"io"
	"testing"

	"github.com/jailsh/jailsh/sftp/options"
)

// say is a packet. Fields are numbers, strings, and attributes.
func say(kind byte, fields ...any) []byte {
	r := replies{buf: []byte{0, 0, 0, 0, kind}}
	for _, f := range fields {
		switch f := f.(type) {
		case int:
			r.u32(uint32(f))
		case uint64:
			r.u64(f)
		case string:
			r.str(f)
		case attrs:
			r.u32(f.flags)
			if f.flags&attrSize != 0 {
				r.u64(f.size)
			}
			if f.flags&attrIDs != 0 {
				r.u32(f.uid)
				r.u32(f.gid)
			}
			if f.flags&attrPermissions != 0 {
				r.u32(f.mode)
			}
			if f.flags&attrTimes != 0 {
				r.u32(f.atime)
				r.u32(f.mtime)
			}
		default:
			panic("no field")
		}
	}
	r.end()
	return r.buf
}

// answer is one packet of the server's.
type answer struct {
	kind byte
	id   uint32
	r    request // what follows
}

// status is that of a STATUS, or one that none is.
func (a answer) status() status {
	if a.kind != typeStatus {
		return ^status(0)
	}
	r := a.r
	return status(r.u32())
}

func (a answer) text() string {
	r := a.r
	r.u32()
	return string(r.bytes(1000))
}

// data is that of a DATA, or the one name of a NAME.
func (a answer) data() string {
	r := a.r
	if a.kind == typeName {
		r.u32()
	}
	return string(r.bytes(maxPacket))
}

func (a answer) attrs() attrs {
	r := a.r
	return r.attrs()
}

// talk says all of it to a server, after INIT, and returns what it answers up to
// its end, and why it ended. Handles have names: the first that is free.
func talk(t *testing.T, o options.Options, says ...[]byte) ([]answer, error) {
	t.Helper()
	return talkTo(t, New(bytes.NewReader(append(say(typeInit, version), bytes.Join(says, nil)...)), nil, io.Discard, o))
}

func talkTo(t *testing.T, s *Server) ([]answer, error) {
	t.Helper()
	var out bytes.Buffer
	s.to = &out
	err := s.Serve()
	var all []answer
	for rest := out.Bytes(); len(rest) > 0; {
		n := binary.BigEndian.Uint32(rest)
		r, ok := parse(rest[4 : 4+n])
		if !ok {
			t.Fatalf("a packet without an id: %q", rest)
		}
		all = append(all, answer{kind: r.kind, id: r.id, r: r})
		rest = rest[4+n:]
	}
	if len(all) == 0 || all[0].kind != typeVersion {
		if err == nil {
			t.Fatal("no VERSION")
		}
		return all, err
	}
	return all[1:], err
}

// first and second are the names of the first two handles.
const (
	first  = "\x00\x00\x00\x00"
	second = "\x00\x00\x00\x01"
)

// must talks, and wants each answer to be of a kind.
func must(t *testing.T, kinds []byte, says ...[]byte) []answer {
	t.Helper()
	all, err := talk(t, options.None(), says...)
	if err != nil || len(all) != len(kinds) {
		t.Fatalf("%d answers, %v: %v", len(all), err, all)
	}
	for i, a := range all {
		if a.kind != kinds[i] {
			t.Fatalf("answer %d is of type %d: %q", i, a.kind, a.r.rest)
		}
	}
	return all
}

// wantStatus talks, and wants the last answer to be a status.
func wantStatus(t *testing.T, want status, says ...[]byte) {
	t.Helper()
	all, err := talk(t, options.None(), says...)
	if err != nil || len(all) != len(says) {
		t.Fatalf("%d answers, %v", len(all), err)
	}
	if got := all[len(all)-1].status(); got != want {
		t.Errorf("status %d, want %d (%s)", got, want, want)
	}
}

func open(path string, bits int) []byte { return say(typeOpen, 1, path, bits, attrs{}) }
