package integration

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
)

// A client that connects and says nothing is closed after login_grace; many of
// them from one source keep nobody else out.
func TestSilentClients(t *testing.T) {
	t.Parallel()
	i := newInstance(t)
	i.server = "login_grace = \"5s\"\nmax_startups = \"10:100:10\"\nmax_startups_per_source = 6\n"
	i.start()
	began := time.Now()
	var silent []net.Conn
	for range 6 {
		c := i.connect("127.0.0.1")
		read(t, c, "SSH-2.0-jailsh\r\n") // it has its place now
		silent = append(silent, c)
	}
	seventh := i.connect("127.0.0.1")
	if b, err := io.ReadAll(seventh); len(b) != 0 {
		t.Errorf("the seventh of a source got %q, %v", b, err)
	}
	if o := i.ssh("alice", "-b", "127.0.0.2", "--", "echo in"); o.out != "in\n" {
		t.Errorf("another source: %+v", o)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("that took %s: the places were free again", took) // and nothing was shown
	}
	for _, c := range silent {
		if _, err := io.ReadAll(c); err != nil && !strings.Contains(err.Error(), "reset") {
			t.Errorf("a silent client: %v", err)
		}
	}
	if took := time.Since(began); took < 4900*time.Millisecond || took > patience {
		t.Errorf("silent clients were closed after %s, login_grace is 5s", took)
	}
	i.log.wait("msg=dropped", "from=127.0.0.1", "limit=max_startups_per_source")
	i.log.wait(`msg="no login"`, `reason="login_grace has passed"`)
	i.sh("bob", "true") // from 127.0.0.1
}

// What isn't SSH ends its own connection and nothing else.
func TestGarbage(t *testing.T) {
	t.Parallel()
	i := start(t)
	noise := make([]byte, 64<<10)
	_, _ = rand.Read(noise) // never fails
	huge := append([]byte("SSH-2.0-x\r\n"), 0xff, 0xff, 0xff, 0xff)
	zero := append([]byte("SSH-2.0-x\r\n"), make([]byte, 4096)...)
	for name, data := range map[string][]byte{
		"noise":             noise,
		"noise after hello": append([]byte("SSH-2.0-x\r\n"), noise...),
		"a huge packet":     append(huge, noise...),
		"zeros":             zero,
		"an endless line":   bytes.Repeat([]byte("x"), 1<<20),
		"HTTP":              []byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
		"SSH 1":             []byte("SSH-1.5-x\r\n"),
		"nothing":           nil,
	} {
		c := i.connect("")
		_, _ = c.Write(data) // the server may have had enough
		_ = c.(*net.TCPConn).CloseWrite()
		b, err := io.ReadAll(io.LimitReader(c, 1<<20))
		if ne := net.Error(nil); errors.As(err, &ne) && ne.Timeout() {
			t.Errorf("%s: the connection stays open", name)
		}
		if !strings.HasPrefix("SSH-2.0-jailsh\r\n", string(b[:min(16, len(b))])) {
			t.Errorf("%s: answered %q", name, b)
		}
		c.Close()
	}
	i.unharmed()
}

// unharmed checks that the instance serves, with the jailsh-net it began with.
func (i *instance) unharmed() {
	i.t.Helper()
	if o := i.ssh("bob", "-b", "127.0.0.3", "--", "echo in"); o.out != "in\n" {
		i.t.Errorf("bob: %+v", o)
	}
	for _, word := range []string{"msg=panic", "jailsh-net ended", "jailsh-net says"} {
		if strings.Contains(i.log.String(), word) {
			i.t.Errorf("the log has %q", word)
		}
	}
}

// memory is the resident memory of jailsh-net, in MiB.
func (i *instance) memory() int {
	i.t.Helper()
	kib, err := strconv.Atoi(strings.Fields(statusOf(i.net())["VmRSS"])[0])
	if err != nil {
		i.t.Fatal(err)
	}
	return kib >> 10
}

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
	if n, convErr := strconv.Atoi(strings.TrimSpace(string(out))); err != nil || convErr != nil || n < 20 || n > 200 {
		t.Errorf("%q variables were set, %v", out, err)
	}
	i.unharmed()
}

func TestTenThousandChannels(t *testing.T) {
	t.Parallel()
	i := start(t)
	i.sh("alice", "true")
	c := i.client("alice", "")
	accepted := 0
	for range 10000 {
		if ch, requests, err := c.OpenChannel("session", nil); err == nil {
			go ssh.DiscardRequests(requests)
			_ = ch // stays open
			accepted++
		} else if open := (*ssh.OpenChannelError)(nil); !errors.As(err, &open) {
			t.Fatal(err)
		}
	}
	if accepted != 10 { // max_sessions
		t.Errorf("%d sessions were accepted", accepted)
	}
	for _, kind := range []string{"direct-tcpip", "direct-streamlocal@openssh.com", "x11", "auth-agent@openssh.com", "tun@openssh.com", "", strings.Repeat("x", 1<<14)} {
		if _, _, err := c.OpenChannel(kind, make([]byte, 100)); err == nil {
			t.Errorf("a channel of type %.20q was opened", kind)
		}
	}
	if mib := i.memory(); mib > 200 {
		t.Errorf("jailsh-net has %d MiB", mib)
	}
	i.unharmed()
}

// The same by a client that doesn't read the answers: at some point the server
// reads no further, and goes on serving the others.
func TestChannelsWithoutReadingTheAnswers(t *testing.T) {
	t.Parallel()
	i := start(t)
	deaf := &deafConn{Conn: i.connect("127.0.0.2"), closed: make(chan struct{})}
	if err := deaf.Conn.(*net.TCPConn).SetReadBuffer(4096); err != nil {
		t.Fatal(err)
	}
	sc, channels, requests, err := ssh.NewClientConn(deaf, i.listen, &ssh.ClientConfig{
		User: "alice", Auth: []ssh.AuthMethod{ssh.PublicKeys(i.signer("alice"))}, HostKeyCallback: ssh.FixedHostKey(i.hostKey),
	})
	if err != nil {
		t.Fatal(err)
	}
	c := ssh.NewClient(sc, channels, requests)
	deaf.deaf.Store(true)
	var openers sync.WaitGroup
	for range 10000 {
		openers.Go(func() { _, _, _ = c.OpenChannel("session", nil) }) // ends with the connection
	}
	last := int64(-1)
	eventually(t, patience, func() string {
		before := last
		if last = deaf.written.Load(); last != before {
			return fmt.Sprintf("%d bytes are written, and still more", last)
		}
		return ""
	})
	i.unharmed()
	if mib := i.memory(); mib > 200 {
		t.Errorf("jailsh-net has %d MiB", mib)
	}
	deaf.Close()
	openers.Wait()
	i.unharmed()
}

// deafConn is a connection that can stop to be read.
type deafConn struct {
	net.Conn
	deaf    atomic.Bool
	written atomic.Int64
	once    sync.Once
	closed  chan struct{}
}

func (d *deafConn) Read(b []byte) (int, error) {
	if d.deaf.Load() {
		<-d.closed
		return 0, io.EOF
	}
	return d.Conn.Read(b)
}

func (d *deafConn) Write(b []byte) (int, error) {
	n, err := d.Conn.Write(b)
	d.written.Add(int64(n))
	return n, err
}

func (d *deafConn) Close() error {
	d.once.Do(func() { close(d.closed) })
	return d.Conn.Close()
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

// A client that doesn't read holds up its own program, and nobody else.
func TestAClientThatDoesntRead(t *testing.T) {
	t.Parallel()
	i := start(t)
	c := i.client("alice", "127.0.0.2")
	for range 5 {
		s, err := c.NewSession()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.StdoutPipe(); err != nil { // nobody reads it
			t.Fatal(err)
		}
		if err := s.Start("exec cat /dev/zero"); err != nil {
			t.Fatal(err)
		}
	}
	for range 5 {
		i.unharmed()
	}
	if got := i.sh("alice", "pgrep -c cat"); got != "5" {
		t.Errorf("%s programs run", got)
	}
	if mib := i.memory(); mib > 200 {
		t.Errorf("jailsh-net has %d MiB", mib)
	}
	c.Close()
	eventually(t, patience, func() string { return none(i.running("alice")) })
}
