package integration

import "testing"

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
