package sshd

import (
	"bufio"
	"bytes"
	"io"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jailsh/jailsh/internal/wire"
)

// The stock client answers the server's questions, and stays when more were asked
// than may go unanswered; one that is stopped doesn't, and is disconnected.
func TestStockClientIsAsked(t *testing.T) {
	t.Parallel()
	const unanswered = 30
	f := start(t, func(_ *fixture, cfg *wire.NetConfig) {
		cfg.AliveInterval, cfg.AliveCountMax = 60*time.Millisecond, unanswered
	})
	cmd := f.stock("-v", "-v", "alice@127.0.0.1", "cat")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	said, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	lines := bufio.NewScanner(said)
	for asked := 0; asked <= unanswered; {
		if !lines.Scan() {
			t.Fatalf("the client ended, asked %d times", asked)
		}
		if strings.Contains(lines.Text(), "rtype keepalive@openssh.com") {
			asked++
		}
	}
	if err := cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	f.broker.waitRecord(t, "silent", nil)
	if err := cmd.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, said)
}

// A ping comes back with what was in it, in the order of the requests around it
// (PROTOCOL of OpenSSH, section 1.9); that the server can is said in EXT_INFO, which
// RFC 8308 has for the algorithms of users' keys too.
func TestPing(t *testing.T) {
	t.Parallel()
	f := start(t)
	const ping, pong = 192, 193
	c := f.wireLogin()
	for _, data := range []string{"", "x", strings.Repeat("y", 30_000)} {
		c.send(append([]byte{ping}, text(data)...))
		c.send(bytes.Join([][]byte{{msgGlobalRequest}, text("keepalive@openssh.com"), {1}}, nil))
		if p := c.must(pong); !bytes.Equal(p[1:], text(data)) {
			t.Errorf("a ping of %d bytes came back with %d", len(data), len(p)-5)
		}
		c.must(msgRequestSuccess)
	}
	_, errs, status := f.run(f.stock("-v", "alice@127.0.0.1", "true"))
	for _, extension := range []string{"ping@openssh.com", "server-sig-algs=<ssh-ed25519,"} {
		if status != 0 || !strings.Contains(errs, extension) {
			t.Errorf("no %s in EXT_INFO: %d, %s", extension, status, errs)
		}
	}
}
