package screen

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// reference is xterm.js in a process of Node, see testdata/xterm/reference.js.
type reference struct {
	t   testing.TB
	in  *bufio.Writer
	out *bufio.Reader
}

const xterm = "testdata/xterm"

// startReference starts a reference. Without Node and the packages there is
// nothing to compare with, and the test fails.
func startReference(t testing.TB) *reference {
	t.Helper()
	node, err := exec.LookPath("node")
	if err != nil {
		t.Fatalf("node: %v - run: apt-get install nodejs npm", err)
	}
	if _, err := os.Stat(filepath.Join(xterm, "node_modules/@xterm/headless")); err != nil {
		t.Fatalf("xterm.js: %v - run: npm ci --prefix share/screen/%s", err, xterm)
	}
	cmd := exec.CommandContext(t.Context(), node, "reference.js")
	cmd.Dir = xterm
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		_ = cmd.Wait() // killed with the test's context
	})
	return &reference{t, bufio.NewWriter(in), bufio.NewReader(out)}
}

func (r *reference) ask(letter byte, body []byte) []byte {
	r.t.Helper()
	head := binary.BigEndian.AppendUint32([]byte{letter}, uint32(len(body)))
	if _, err := r.in.Write(append(head, body...)); err != nil {
		r.t.Fatal(err)
	}
	if err := r.in.Flush(); err != nil {
		r.t.Fatal(err)
	}
	if _, err := io.ReadFull(r.out, head[:5]); err != nil {
		r.t.Fatalf("the reference: %v", err)
	}
	answer := make([]byte, binary.BigEndian.Uint32(head[1:]))
	if _, err := io.ReadFull(r.out, answer); err != nil || head[0] != letter {
		r.t.Fatalf("the reference: frame %c of %d: %v", head[0], len(answer), err)
	}
	return answer
}

func (r *reference) size(letter byte, cols, rows int) {
	r.t.Helper()
	r.ask(letter, fmt.Appendf(nil, "%d,%d", cols, rows))
}

func (r *reference) start(cols, rows int)  { r.t.Helper(); r.size('n', cols, rows) }
func (r *reference) write(p []byte)        { r.t.Helper(); r.ask('w', p) }
func (r *reference) state() string         { r.t.Helper(); return string(r.ask('d', nil)) }
func (r *reference) fresh(p []byte) string { r.t.Helper(); return string(r.ask('j', p)) }
func (r *reference) used(p []byte) string  { r.t.Helper(); return string(r.ask('k', p)) }
func (r *reference) properties() []byte    { r.t.Helper(); return r.ask('u', nil) }
