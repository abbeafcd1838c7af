package integration

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
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

// A name can't write lines into the log, nor move the cursor of who reads it.
func TestNamesDontForgeTheLog(t *testing.T) {
	t.Parallel()
	i := start(t)
	for _, name := range []string{"x\ntime=now level=INFO msg=login user=root", "\x1b[2J\x1b]0;x\x07", strings.Repeat("x", 30000), "\xff\x00\u202e", ""} {
		if _, _, _, err := ssh.NewClientConn(i.connect(""), i.listen, i.config(name, "alice")); err == nil {
			t.Errorf("%q was let in", name)
		}
	}
	i.unharmed()
	eventually(t, patience, func() string { // records arrive after what the client is told
		if n := strings.Count(i.log.String(), "msg=refused"); n < 4 {
			return fmt.Sprintf("%d refusals in the log", n)
		}
		return ""
	})
	audit, err := os.ReadFile(filepath.Join(i.dir, "logs", "audit.log"))
	if err != nil {
		t.Fatal(err)
	}
	for where, text := range map[string]string{"log": i.log.String(), "audit log": string(audit)} {
		for line := range strings.Lines(text) {
			if strings.HasPrefix(line, "time=now") || strings.ContainsFunc(strings.TrimSuffix(line, "\n"), func(r rune) bool { return r < ' ' || r > '~' }) || len(line) > 4096 {
				t.Errorf("%s: %q", where, line)
			}
		}
	}
}
