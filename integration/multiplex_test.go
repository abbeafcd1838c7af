package integration

import (
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// Ten sessions on one connection, which is max_sessions, and no eleventh.
func TestTenSessionsOnOneConnection(t *testing.T) {
	t.Parallel()
	i := start(t)
	socket := filepath.Join(i.dir, "mux")
	control := []string{"-o", "ControlPath=" + socket}
	master := i.sshCommand("alice", append(control, "-o", "ControlMaster=yes", "-N")...)
	if err := master.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = master.Process.Kill()
		_ = master.Wait() // by the signal
	})
	eventually(t, patience, func() string {
		if o := i.ssh("alice", append(control, "-O", "check")...); o.code != 0 {
			return o.err
		}
		return ""
	})
	// All ten are there at once: each waits for all.
	script := `mkdir -p /tmp/here; touch /tmp/here/%d; until [ "$(ls /tmp/here | wc -l)" = 10 ]; do sleep 0.05; done; echo %d`
	var sessions sync.WaitGroup
	for n := range 10 {
		sessions.Go(func() {
			o := i.ssh("alice", append(control, "--", fmt.Sprintf(script, n, n))...)
			if o.code != 0 || o.out != fmt.Sprintln(n) {
				t.Errorf("session %d: %+v", n, o)
			}
		})
	}
	sessions.Wait()
	if n := strings.Count(i.log.String(), "msg=login"); n != 1 {
		t.Errorf("%d logins, want 1", n)
	}
}

func TestAnEleventhSessionIsRefused(t *testing.T) {
	t.Parallel()
	i := start(t)
	c := i.client("alice", "")
	for n := range 10 {
		if _, err := c.NewSession(); err != nil {
			t.Fatalf("session %d: %v", n, err)
		}
	}
	if _, err := c.NewSession(); err == nil || !strings.Contains(err.Error(), "too many sessions") {
		t.Errorf("the eleventh: %v", err)
	}
}
