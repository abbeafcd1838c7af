package integration

import (
	"encoding/json"
	"testing"
)

// The administrator's own look: every jail of hers holds, whatever its network, and
// each attack was tried in each.
func TestCheckEscape(t *testing.T) {
	t.Parallel()
	i := newInstance(t)
	i.person("bob").table = `network = "host"`
	i.start()
	for _, name := range []string{"alice", "bob"} {
		o := i.jailsh("check", "--escape", name, "--json")
		var rows []struct{ User, Attack, Result, Detail string }
		if err := json.Unmarshal([]byte(o.out), &rows); err != nil || o.code != 0 {
			t.Errorf("%s: %v %+v", name, err, o)
		}
		for _, r := range rows {
			if r.User != name || r.Result == isBroken {
				t.Errorf("%+v", r)
			}
		}
		if all := attacks(t); len(rows) != len(all) {
			t.Errorf("%s: %d of %d attacks were tried", name, len(rows), len(all))
		}
	}
}
