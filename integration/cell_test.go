package integration

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// How long a cell lives, as users.toml says.
func TestTheLifeOfACell(t *testing.T) {
	t.Parallel()
	i := newInstance(t)
	i.person("alice").table = `linger = "1h"`
	i.person("bob").table = "kill_on_logout = true"
	carol := i.add("carol", i.person("alice").uid+2)
	i.start()
	const which, background = "readlink /proc/self/ns/pid", "sleep 8400 </dev/null >/dev/null 2>&1 &"

	// linger: an empty cell is entered again.
	if first, second := i.sh("alice", which), i.sh("alice", which); first != second {
		t.Errorf("alice was in %s, then in %s", first, second)
	}
	// kill_on_logout: nothing outlives the last session.
	i.sh("bob", background)
	eventually(t, patience, func() string { return none(i.cell("bob")) })
	// Neither: what was left running keeps the cell, and its end ends it.
	first := i.sh("carol", background+which)
	if second := i.sh("carol", which); first != second {
		t.Errorf("carol was in %s, then in %s", first, second)
	}
	for _, p := range i.running(carol.name) {
		kill(t, p.pid)
	}
	eventually(t, patience, func() string { return none(i.cell("carol")) })
	i.sh("carol", "true")
	eventually(t, patience, func() string { return none(i.cell("carol")) })
	if len(i.cell("alice")) != 1 {
		t.Errorf("alice's cell: %v", i.cell("alice"))
	}
}

// The audit log has the life of each cell, and why it ended.
func TestTheLogTellsOfEachCell(t *testing.T) {
	t.Parallel()
	i := newInstance(t)
	i.person("alice").table = "kill_on_logout = true"
	i.person("bob").table = `linger = "1h"`
	i.start()
	i.sh("alice", "true")
	start := i.log.wait(`msg="cell start"`, "user=alice", "cell=alice/", "cgroup=cell-", "ref=", "seconds=0.")
	cell := regexp.MustCompile(`cell=\S+`).FindString(start)
	i.log.wait(`msg="cell end"`, "user=alice", cell, `reason="its last session ended, and kill_on_logout is set"`)
	i.sh("bob", "true")
	i.person("bob").table = "disabled = true"
	i.reload()
	i.log.wait(`msg="cell end"`, "user=bob", `reason="she may not log in any more"`)
	i.person("bob").table = `linger = "1h"`
	i.reload()
	i.sh("bob", "true")
	for _, p := range i.cell("bob") {
		kill(t, p.pid)
	}
	i.log.wait(`msg="cell end"`, "user=bob", `reason="its init was killed, by the host's administrator or for memory"`)
	i.sh("bob", "true")
	i.stop()
	i.log.wait(`msg="cell end"`, "user=bob", `reason="jailshd stops"`)
	audit, err := os.ReadFile(filepath.Join(i.dir, "logs/audit.log"))
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(audit), `"msg":"cell start"`); n != 4 || strings.Count(string(audit), `"msg":"cell end"`) != n {
		t.Errorf("the audit log:\n%s", audit)
	}
}

// cell is all of a person's cell, PID 1 included.
func (i *instance) cell(name string) []process {
	var found []process
	for _, p := range processes() {
		if p.uid == i.person(name).uid {
			found = append(found, p)
		}
	}
	return found
}
