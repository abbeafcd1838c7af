package sshd

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strings"
	"testing"

	"github.com/jailsh/jailsh/internal/wire"
	"golang.org/x/crypto/ssh"
)

// Each parser of a request's data is fuzzed: whatever a client sends, there is no
// panic, and what comes out is within its bounds. Their corpus is in
// testdata/fuzz.

func FuzzPTY(f *testing.F) {
	f.Add(ptyRequest("xterm-256color", 80, 24, "\x03\x00\x00\x00\x7f\x00"))
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 'x'})
	f.Fuzz(func(t *testing.T, data []byte) {
		term, tty, ok := parsePTY(data)
		if !ok {
			if term != "" || tty != nil {
				t.Error("something came of what was refused")
			}
			return
		}
		if len(term) > maxTerm || strings.ContainsAny(term, "/\x00\n =") {
			t.Errorf("terminal %q", term)
		}
		for _, n := range []uint32{tty.Size.Columns, tty.Size.Rows, tty.Size.Width, tty.Size.Height} {
			if n > maxCells {
				t.Errorf("size %+v", tty.Size)
			}
		}
		if _, err := wire.Encode(&wire.Spawn{TTY: tty}); err != nil {
			t.Error(err)
		}
	})
}

func FuzzModes(f *testing.F) {
	f.Add([]byte("\x03\x00\x00\x00\x7f\x9f\x00\x00\x00\x01\x03\x00\x00\x00\x01\x00"))
	f.Add([]byte("\xa0\x00\x00\x00\x01"))
	f.Fuzz(func(t *testing.T, data []byte) {
		modes := parseModes(data)
		if len(modes) > wire.MaxModes {
			t.Errorf("%d modes", len(modes))
		}
		seen := map[uint8]bool{}
		for _, m := range modes {
			if seen[m.Opcode] || !knownMode(m.Opcode) {
				t.Errorf("mode %+v", m)
			}
			seen[m.Opcode] = true
		}
		// What was understood means the same when it is sent again.
		var again []byte
		for _, m := range modes {
			again = binary.BigEndian.AppendUint32(append(again, m.Opcode), m.Value)
		}
		if !slices.Equal(parseModes(append(again, modeEnd)), modes) {
			t.Error("the modes are others the second time")
		}
	})
}

func FuzzSize(f *testing.F) {
	f.Add(windowChange(80, 24))
	f.Fuzz(func(t *testing.T, data []byte) {
		size, ok := parseSize(data)
		if ok != (len(data) == 16) || max(size.Columns, size.Rows, size.Width, size.Height) > maxCells {
			t.Errorf("%+v, %v", size, ok)
		}
	})
}

func FuzzEnv(f *testing.F) {
	f.Add(append(text("LANG"), text("C.UTF-8")...))
	f.Add(append(text("LC_ALL"), 0xff, 0xff, 0xff, 0xff))
	f.Fuzz(func(t *testing.T, data []byte) {
		name, value, ok := parseEnv(data)
		if !ok {
			return
		}
		if !bytes.Equal(append(text(name), text(value)...), data) {
			t.Errorf("%q and %q", name, value)
		}
		var e environment
		if e.fromClient([]string{"*"}, name, value) {
			if _, err := wire.Encode(&wire.Spawn{Env: e.list}); err != nil {
				t.Error(err)
			}
			if strings.ContainsAny(name, "=\x00") || strings.Contains(value, "\x00") || strings.HasPrefix(name, "LD_") {
				t.Errorf("%q=%q was accepted", name, value)
			}
		}
	})
}

func FuzzSignal(f *testing.F) {
	f.Add(text("TERM"))
	f.Add(text("KILL"))
	f.Fuzz(func(t *testing.T, data []byte) {
		number, ok := parseSignal(data)
		if !ok {
			return
		}
		if name := signalName(number); !bytes.Equal(text(name), data) {
			t.Errorf("%q is signal %d, which is %s", data, number, name)
		}
	})
}

func FuzzPayload(f *testing.F) {
	f.Add(append(text("exec"), 0, 0, 0, 1))
	f.Fuzz(func(t *testing.T, data []byte) {
		p := payload{rest: data}
		s, n := p.string(100), p.uint32()
		if p.ok() {
			if !bytes.Equal(ssh.Marshal(struct {
				S string
				N uint32
			}{s, n}), data) {
				t.Errorf("%q, %d", s, n)
			}
		} else if len(s) > 100 {
			t.Errorf("%d bytes", len(s))
		}
	})
}

func FuzzShown(f *testing.F) {
	f.Add("alice\x1b[31m\n", uint8(10))
	f.Fuzz(func(t *testing.T, s string, max uint8) {
		if max < 3 {
			return
		}
		got := shown(s, int(max))
		if len(got) > int(max) {
			t.Errorf("%q has more than %d bytes", got, max)
		}
		for _, c := range []byte(got) {
			if !printable(c) {
				t.Errorf("%q", got)
			}
		}
	})
}

func FuzzForward(f *testing.F) {
	for _, data := range [][]byte{directTCP("localhost", 22), directUnix("/run/x"), at("", 0), text("/run/x"), {0xff, 0xff, 0xff, 0xff, 'x'}} {
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for kind, parse := range map[string]func(string, []byte) (wire.Address, bool){
			"direct-tcpip": parseDirect, "direct-streamlocal@openssh.com": parseDirect, tcpForward: parseForward, unixForward: parseForward,
		} {
			a, ok := parse(kind, data)
			if !ok {
				continue
			}
			if _, err := wire.Encode(&wire.Dial{To: a}); err != nil {
				t.Error(err)
			}
			if unix := strings.Contains(kind, "streamlocal"); unix != (a.Path != "") || unix && a.Host != "" {
				t.Errorf("%s: %+v", kind, a)
			}
			_ = mayReach(everything(), a)
		}
	})
}

func FuzzX11(f *testing.F) {
	f.Add(x11Request(true, "MIT-MAGIC-COOKIE-1", "00112233445566778899aabbccddeeff"))
	f.Add([]byte{1, 0xff, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, data []byte) {
		_, x, ok := parseX11(data)
		if !ok {
			if x != nil {
				t.Error("something came of what was refused")
			}
			return
		}
		if strings.ContainsAny(x.Protocol, "\x00\n /=") || x.Protocol == "" {
			t.Errorf("protocol %q", x.Protocol)
		}
		if _, err := wire.Encode(&wire.Spawn{X11: x}); err != nil {
			t.Error(err)
		}
	})
}
