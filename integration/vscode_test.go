package integration

import (
	"fmt"
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
