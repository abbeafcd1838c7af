package integration

import (
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
)

// Types of packets of the sftp protocol, and bits of an OPEN
// (draft-ietf-secsh-filexfer-02, sections 3 and 6.3).
const (
	fxpInit, fxpOpen, fxpClose, fxpRead, fxpWrite, fxpRemove = 1, 3, 4, 5, 6, 13
	fxpVersion, fxpStatus, fxpHandle                         = 2, 101, 102

	fxfRead, fxfWrite, fxfCreate = 1, 2, 8
)

// fxp is a packet: numbers and strings, and offsets of 64 bits.
func fxp(kind byte, fields ...any) []byte {
	b := []byte{0, 0, 0, 0, kind}
	for _, f := range fields {
		switch f := f.(type) {
		case int:
			b = binary.BigEndian.AppendUint32(b, uint32(f))
		case uint64:
			b = binary.BigEndian.AppendUint64(b, f)
		case string:
			b = append(binary.BigEndian.AppendUint32(b, uint32(len(f))), f...)
		default:
			panic("no field")
		}
	}
	binary.BigEndian.PutUint32(b, uint32(len(b)-4))
	return b
}

// filer is a session with the sftp server that says what it likes.
type filer struct {
	ssh.Channel
	t        *testing.T
	requests <-chan *ssh.Request
}

func serveFiles(t *testing.T, c *ssh.Client) *filer {
	t.Helper()
	ch, requests := session(t, c)
	f := &filer{ch, t, requests}
	if !request(t, ch, "subsystem", ssh.Marshal(struct{ Name string }{"sftp"})) {
		t.Fatal("no sftp")
	}
	f.say(fxp(fxpInit, 3))
	if kind, _ := f.hear(); kind != fxpVersion {
		t.Fatalf("a packet of type %d instead of VERSION", kind)
	}
	return f
}

func (f *filer) say(b []byte) {
	f.t.Helper()
	if _, err := f.Write(b); err != nil {
		f.t.Fatal(err)
	}
}

func (f *filer) hear() (byte, []byte) {
	f.t.Helper()
	var n [4]byte
	if _, err := io.ReadFull(f, n[:]); err != nil {
		f.t.Fatal(err)
	}
	b := make([]byte, binary.BigEndian.Uint32(n[:]))
	if _, err := io.ReadFull(f, b); err != nil {
		f.t.Fatal(err)
	}
	return b[0], b[1:]
}

// open returns the handle of a file.
func (f *filer) open(path string, bits int) string {
	f.t.Helper()
	f.say(fxp(fxpOpen, 1, path, bits, 0))
	kind, b := f.hear()
	if kind != fxpHandle {
		f.t.Fatalf("%s: a packet of type %d: %q", path, kind, b)
	}
	return string(b[8:])
}

// status is how a request ended, and the server's words for it.
func (f *filer) status() (code int, words string) {
	f.t.Helper()
	kind, b := f.hear()
	var status struct {
		ID, Code        uint32
		Words, Language string
	}
	if kind != fxpStatus || ssh.Unmarshal(b, &status) != nil {
		f.t.Fatalf("a packet of type %d: %q", kind, b)
	}
	return int(status.Code), status.Words
}

// A put that is cut leaves what had arrived as a whole, and nothing that runs: no
// process, no descriptor, wherever it was cut.
func TestATransferIsCut(t *testing.T) {
	t.Parallel()
	i := start(t)
	block := strings.Repeat("x", 100_000)
	write := fxp(fxpWrite, 2, "\x00\x00\x00\x00", uint64(0), block)
	for n, cut := range []int{0, 3, 4, 30, 31, 1000, len(write) - 1, len(write)} {
		path := fmt.Sprint("f", n)
		c := i.client("alice", "")
		f := serveFiles(t, c)
		f.open(path, fxfWrite|fxfCreate)
		f.say(write[:cut])
		if n%2 == 0 {
			c.Close() // at once, without a word
		} else if err := f.CloseWrite(); err != nil {
			t.Fatal(err)
		}
		eventually(t, patience, func() string { return none(i.running("alice")) })
		c.Close()
		left, err := os.ReadFile(filepath.Join(i.home("alice"), path))
		if want := len(block); err != nil || len(left) != 0 && len(left) != want || cut < len(write) && len(left) != 0 {
			t.Errorf("cut at %d: %d bytes are left, %v", cut, len(left), err)
		}
	}
	// While the server has more to send than anybody reads.
	c := i.client("alice", "")
	f := serveFiles(t, c)
	handle := f.open("/dev/zero", fxfRead)
	for range 100 {
		f.say(fxp(fxpRead, 3, handle, uint64(0), 200_000))
	}
	i.awaitRunning("alice", "jailsh-applet sftp")
	other, requests := session(t, c) // the connection's other channels go on
	go ssh.DiscardRequests(requests)
	if !request(t, other, "exec", ssh.Marshal(execRequest{"echo in"})) {
		t.Error("no other session")
	}
	if out, err := io.ReadAll(other); string(out) != "in\n" {
		t.Errorf("%q %v", out, err)
	}
	c.Close()
	eventually(t, patience, func() string { return none(i.cell("alice")) })
}

// Open files of one session are bounded as those of any process.
func TestHandlesWithoutEnd(t *testing.T) {
	t.Parallel()
	i := newInstance(t)
	i.person("alice").table = "limits = { open_files = 1000 }"
	i.start()
	f := serveFiles(t, i.client("alice", ""))
	go func() {
		for range 10_000 {
			if _, err := f.Write(fxp(fxpOpen, 1, "/dev/null", fxfRead, 0)); err != nil {
				return // told by whoever reads
			}
		}
	}()
	opened, refused := 0, 0
	last := ""
	for range 10_000 {
		switch kind, b := f.hear(); kind {
		case fxpHandle:
			opened++
			last = string(b[8:])
		case fxpStatus:
			refused++
		}
	}
	if opened != 1000-8 || refused != 10_000-opened {
		t.Errorf("%d files were opened, %d refused", opened, refused)
	}
	f.say(fxp(fxpClose, 2, last))
	if kind, b := f.hear(); kind != fxpStatus || b[7] != 0 {
		t.Errorf("close: %d %q", kind, b)
	}
	f.open("/dev/null", fxfRead)
}

// A server that is sent what nobody can understand ends, and nothing else does.
func TestPacketsThatAreNone(t *testing.T) {
	t.Parallel()
	i := start(t)
	c := i.client("alice", "")
	witness := serveFiles(t, c)
	for name, b := range map[string][]byte{
		"a length over all": {0xff, 0xff, 0xff, 0xff, fxpOpen}, "no length": {0, 0, 0, 0}, "a second INIT": fxp(fxpInit, 3),
	} {
		f := serveFiles(t, c)
		f.say(b)
		if rest, err := io.ReadAll(f); len(rest) > 0 || err != nil {
			t.Errorf("%s: %q %v", name, rest, err)
		}
		status := -1
		for r := range f.requests {
			if r.Type == "exit-status" {
				status = int(binary.BigEndian.Uint32(r.Payload))
			}
		}
		if status != 1 {
			t.Errorf("%s: status %d", name, status)
		}
	}
	witness.open(".bashrc", fxfRead)
	i.unharmed()
}
