package integration

import (
	"bufio"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// What VS Code Remote and its kind do first: a shell without a terminal that is
// fed a script, which leaves a server behind; and then several commands at once
// over the same connection, and over others.
func TestScriptsAndCommandsAtOnce(t *testing.T) {
	t.Parallel()
	i := start(t)
	script := `set -e
mkdir -p ~/.vscode-server
nohup sh -c 'echo $$ >~/.vscode-server/pid; exec sleep 1000' >/dev/null 2>&1 &
until [ -s ~/.vscode-server/pid ]; do :; done
echo "running as $(id -un)"
exit 0
echo never
`
	for _, interpreter := range []string{"bash -s", "sh"} {
		o := runCommand(t, []byte(script), i.sshCommand("alice", "-T", "--", interpreter))
		if o.code != 0 || o.out != "running as alice\n" {
			t.Errorf("%s: %+v", interpreter, o)
		}
	}
	if got := i.sh("alice", "kill -0 $(cat ~/.vscode-server/pid) && pkill sleep && echo ended"); got != "ended" {
		t.Errorf("what the script left running: %q", got)
	}

	c := i.client("alice", "")
	var all sync.WaitGroup
	for n := range 10 {
		all.Go(func() {
			s, err := c.NewSession()
			if err != nil {
				t.Error(err)
				return
			}
			s.Stdin = strings.NewReader(fmt.Sprintf("for n in 1 2 3; do echo %d.$n; done; cat; exit %d", n, n))
			out, err := s.Output("bash -s")
			if want := fmt.Sprintf("%[1]d.1\n%[1]d.2\n%[1]d.3\n", n); string(out) != want || (n == 0) != (err == nil) {
				t.Errorf("script %d: %q, %v", n, out, err)
			}
		})
	}
	all.Wait()
}

// And then: over one connection with -D the script starts a server on the jail's
// loopback, which the client reaches through SOCKS, while files and commands go
// beside it.
func TestAServerInTheJailThroughSOCKS(t *testing.T) {
	t.Parallel()
	i := newInstance(t)
	i.withHostsPrograms()
	i.start()
	socks := freePort(t)
	socket := []string{"-o", "ControlPath=" + filepath.Join(i.dir, "mux")}
	c := i.sshCommand("alice", append(socket, "-T", "-o", "ControlMaster=yes", "-o", "ExitOnForwardFailure=yes", "-D", socks, "--", "bash", "-s")...)
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(in, "mkdir web; cd web; python3 -u -m http.server --bind 127.0.0.1 0 & echo started\n"); err != nil {
		t.Fatal(err)
	}
	port := ""
	for lines := bufio.NewScanner(out); port == "" && lines.Scan(); {
		_, rest, _ := strings.Cut(lines.Text(), " port ")
		port, _, _ = strings.Cut(rest, " ")
	}
	batch := command(t, "sftp", append(append(socket, i.options("alice")...), "-b", "-", "alice@127.0.0.1")...)
	batch.Stdin = strings.NewReader("put /etc/os-release web/file\n")
	if o := runCommand(t, nil, batch); o.code != 0 {
		t.Fatalf("sftp: %+v", o)
	}
	there := i.ssh("alice", append(socket, "--", "cat", "web/file")...)
	fetched := run(t, nil, "curl", "-sS", "--noproxy", "", "--socks5-hostname", socks, "http://localhost:"+port+"/file")
	if there.code != 0 || there.out == "" || fetched.out != there.out {
		t.Errorf("by exec %+v, through SOCKS %+v", there, fetched)
	}
	if n := strings.Count(i.log.String(), "msg=login"); n != 1 {
		t.Errorf("%d logins, want 1", n)
	}
	if o := i.ssh("alice", append(socket, "-O", "exit")...); o.code != 0 {
		t.Errorf("%+v", o)
	}
	_ = c.Wait() // by the exit; the server in the jail lives on, as one without a terminal does
}
