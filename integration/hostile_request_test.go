package integration

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
)

// session opens a session channel without x/crypto's care for what is sent.
func session(t *testing.T, c *ssh.Client) (ssh.Channel, <-chan *ssh.Request) {
	t.Helper()
	ch, requests, err := c.OpenChannel("session", nil)
	if err != nil {
		t.Fatal(err)
	}
	return ch, requests
}

// request sends a request with a reply.
func request(t *testing.T, ch ssh.Channel, name string, payload []byte) bool {
	t.Helper()
	ok, err := ch.SendRequest(name, true, payload)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return ok
}

type envRequest struct{ Name, Value string }

type execRequest struct{ Command string }

type ptySize struct {
	Term                         string
	Columns, Rows, Width, Height uint32
}

type ptyRequest struct {
	Term                         string
	Columns, Rows, Width, Height uint32
	Modes                        string
}

func TestTenThousandVariables(t *testing.T) {
	t.Parallel()
	i := start(t)
	ch, requests := session(t, i.client("alice", ""))
	go ssh.DiscardRequests(requests)
	for n := range 10000 {
		if _, err := ch.SendRequest("env", false, ssh.Marshal(envRequest{fmt.Sprint("LC_N", n), strings.Repeat("x", 100)})); err != nil {
			t.Fatal(err)
		}
	}
	for _, e := range []envRequest{{"LC_LONG", strings.Repeat("x", 1<<15)}, {strings.Repeat("L", 1<<14), "x"}, {"LC_\x00", "x"}, {"LC_A=B", "x"}, {"", ""}} {
		if request(t, ch, "env", ssh.Marshal(e)) {
			t.Errorf("%.20q of %d bytes was accepted", e.Name, len(e.Value))
		}
	}
	if !request(t, ch, "exec", ssh.Marshal(execRequest{"env | grep -c ^LC_N; exit 0"})) {
		t.Fatal("exec was refused")
	}
	out, err := io.ReadAll(ch)
	if n, convErr := strconv.Atoi(strings.TrimSpace(string(out))); err != nil || convErr != nil || n < 20 || n > 128 {
		t.Errorf("%q variables were set, %v", out, err)
	}
	i.unharmed()
}

// Lengths and sizes that no client has.
func TestAbsurdSizes(t *testing.T) {
	t.Parallel()
	i := start(t)
	c := i.client("alice", "")
	most := []byte{0xff, 0xff, 0xff, 0xff}
	for name, r := range map[string]struct {
		request string
		payload []byte
	}{
		"pty-req with a huge string":   {"pty-req", append(bytes.Clone(most), "xterm"...)},
		"pty-req with huge modes":      {"pty-req", append(ssh.Marshal(ptySize{"xterm", 80, 24, 0, 0}), most...)},
		"pty-req, cut":                 {"pty-req", []byte{0, 0, 0, 5, 'x'}},
		"pty-req, empty":               {"pty-req", nil},
		"pty-req with a long name":     {"pty-req", ssh.Marshal(ptyRequest{strings.Repeat("x", 1<<14), 80, 24, 0, 0, ""})},
		"env with a huge string":       {"env", append(bytes.Clone(most), "A"...)},
		"exec with a huge string":      {"exec", append(bytes.Clone(most), "true"...)},
		"exec, cut":                    {"exec", []byte{0, 0}},
		"window-change, cut":           {"window-change", []byte{0, 0, 0}},
		"window-change before pty-req": {"window-change", bytes.Repeat(most, 4)},
		"signal with a huge string":    {"signal", append(bytes.Clone(most), "TERM"...)},
		"signal before a program":      {"signal", ssh.Marshal(struct{ Name string }{"TERM"})},
		"a subsystem":                  {"subsystem", append(bytes.Clone(most), "sftp"...)},
		"x11-req":                      {"x11-req", bytes.Repeat(most, 4)},
		"an unknown request":           {strings.Repeat("x", 1<<14), bytes.Repeat(most, 1000)},
	} {
		ch, requests := session(t, c)
		go ssh.DiscardRequests(requests)
		if request(t, ch, r.request, r.payload) {
			t.Errorf("%s was accepted", name)
		}
		// The session is good for a program still.
		if !request(t, ch, "exec", ssh.Marshal(execRequest{"echo in"})) {
			t.Errorf("%s: no program afterwards", name)
		}
		if out, err := io.ReadAll(ch); string(out) != "in\n" {
			t.Errorf("%s: %q %v", name, out, err)
		}
		ch.Close()
	}
	// Sizes are cut to what a terminal can have.
	ch, requests := session(t, c)
	go ssh.DiscardRequests(requests)
	tty := ssh.Marshal(ptyRequest{"xterm", 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, ""})
	if !request(t, ch, "pty-req", tty) || !request(t, ch, "window-change", bytes.Repeat(most, 4)) {
		t.Error("a huge terminal was refused")
	}
	if !request(t, ch, "exec", ssh.Marshal(execRequest{"stty size"})) {
		t.Error("exec was refused")
	}
	if out, err := io.ReadAll(ch); string(out) != "65535 65535\r\n" {
		t.Errorf("stty size: %q %v", out, err)
	}
	i.unharmed()
}

// Thousands of sizes before there is a program to be told of them.
func TestAStormOfWindowChanges(t *testing.T) {
	t.Parallel()
	i := start(t)
	ch, requests := session(t, i.client("alice", ""))
	go ssh.DiscardRequests(requests)
	size := func(n uint32) []byte {
		return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, uint64(n)<<32|uint64(n+1)), 0)
	}
	storm := func(upTo uint32) {
		for n := range upTo {
			if _, err := ch.SendRequest("window-change", false, size(n+1)); err != nil {
				t.Fatal(err)
			}
		}
	}
	tty := ssh.Marshal(ptyRequest{"xterm", 80, 24, 0, 0, ""})
	if !request(t, ch, "pty-req", tty) {
		t.Fatal("pty-req was refused")
	}
	storm(5000)
	if !request(t, ch, "exec", ssh.Marshal(execRequest{"stty size; read; stty size"})) {
		t.Fatal("exec was refused")
	}
	read(t, ch, "5001 5000\r\n")
	storm(3000)
	if !request(t, ch, "window-change", size(3001)) { // a reply, for input may overtake requests
		t.Error("window-change was refused")
	}
	if _, err := ch.Write([]byte("\n")); err != nil {
		t.Fatal(err)
	}
	read(t, ch, "\r\n3002 3001\r\n") // the echo comes first
	i.unharmed()
}
