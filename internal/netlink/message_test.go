package netlink

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// What is written is what is read, padded to four bytes each.
func TestAttributesSurvive(t *testing.T) {
	t.Parallel()
	b := Body{1, 2, 3, 4}
	b.Text(1, "eth0")
	b.Uint32(2, 0x01020304)
	b.Big32(3, 0x01020304)
	b.Nest(4, func(inner *Body) { inner.Attr(5, []byte{9}) })
	if len(b)%align != 0 {
		t.Errorf("%d bytes", len(b))
	}
	var got []string
	err := b.Attributes(4, func(kind uint16, value []byte) bool {
		got = append(got, fmt.Sprintf("%d:%x", kind, value))
		return true
	})
	native := binary.NativeEndian.AppendUint32(nil, 0x01020304)
	inner := Body{}
	inner.Attr(5, []byte{9})
	want := fmt.Sprintf("1:6574683000 2:%x 3:01020304 4:%x", native, []byte(inner))
	if err != nil || strings.Join(got, " ") != want {
		t.Errorf("%v, want %s, %v", got, want, err)
	}
}

// A message that isn't whole is an error, and reads nothing beyond its end.
func TestMessagesThatArentWhole(t *testing.T) {
	t.Parallel()
	whole := appendMessage(nil, &Message{Type: 3, Body: Body{1, 2, 3}}, 4, 5)
	h, body, rest, err := nextMessage(whole)
	if err != nil || h != (header{3, 4, 5}) || string(body) != "\x01\x02\x03" || len(rest) != 0 {
		t.Errorf("%+v %x %x %v", h, body, rest, err)
	}
	for n := range unix.SizeofNlMsghdr + 3 {
		if _, _, _, err := nextMessage(whole[:n]); err == nil {
			t.Errorf("%d bytes of it are taken", n)
		}
	}
	for _, b := range []Body{{}, {0, 0}, {0, 0, 0, 0, 1}, {0, 0, 0, 0, 3, 0, 1, 0}, {0, 0, 0, 0, 9, 0, 1, 0, 7}} {
		if err := b.Attributes(4, func(uint16, []byte) bool { return true }); err == nil {
			t.Errorf("%x is taken", []byte(b))
		}
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	answer := func(code int32) Body {
		b := binary.NativeEndian.AppendUint32(nil, uint32(code))
		return append(b, make(Body, unix.SizeofNlMsghdr)...)
	}
	if err := refusal(header{}, answer(0)); err != nil {
		t.Error(err)
	}
	told := answer(-int32(unix.EBUSY))
	told.Text(unix.NLMSGERR_ATTR_MSG, "try later")
	for flags, want := range map[uint16]string{0: "device or resource busy", unix.NLM_F_ACK_TLVS: "device or resource busy (try later)"} {
		if err := refusal(header{flags: flags}, told); err == nil || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
	if err := refusal(header{}, Body{0, 0, 0, 0}); err == nil {
		t.Error("an answer that isn't whole is good")
	}
}

// Anything at all may be received.
func FuzzReceived(f *testing.F) {
	b := Body{1, 2, 3, 4}
	b.Text(1, "eth0")
	f.Add(appendMessage(nil, &Message{Type: unix.NLMSG_ERROR, Body: b}, unix.NLM_F_ACK_TLVS, 1))
	f.Fuzz(func(_ *testing.T, received []byte) {
		for len(received) > 0 {
			h, body, rest, err := nextMessage(received)
			if err != nil {
				return
			}
			if len(rest) >= len(received) {
				panic("nothing is taken off")
			}
			received = rest
			_ = refusal(h, body)
			_ = body.Attributes(unix.SizeofIfInfomsg, func(uint16, []byte) bool { return true })
		}
	})
}
