package integration

import (
	"encoding/json"
	"strings"
	"testing"
)

// sessionID is the ID of the one session of which the list says so.
func (i *instance) sessionID(what string) string {
	i.t.Helper()
	var found []string
	eventually(i.t, patience, func() string {
		o := i.jailsh("sessions", "--json")
		var list []struct{ ID, What string }
		if err := json.Unmarshal([]byte(o.out), &list); err != nil {
			i.t.Fatalf("%v: %+v", err, o)
		}
		found = nil
		for _, s := range list {
			if s.What == what {
				found = append(found, s.ID)
			}
		}
		if len(found) != 1 {
			return o.out
		}
		return ""
	})
	return found[0]
}

// watching is the administrator at a terminal of that size.
func (i *instance) watching(id string, columns, rows int) *terminal {
	i.t.Helper()
	x := openTerminal(i.t, []string{program("jailsh"), "--config", i.file, "watch", id})
	x.resize(columns, rows)
	return x
}

// The owner is in an editor; the administrator watches on a smaller terminal, which
// follows her, and on one of the same size. What the administrator types reaches nobody.
// Then her session is ended.
func TestTheAdministratorWatches(t *testing.T) {
	t.Parallel()
	i := start(t)
	owner := i.terminal("alice")
	owner.prompt()
	owner.typed("seq 60 >~/list; vi ~/list || vim ~/list")
	owner.wait("42")
	id := i.sessionID("shell")
	small, same := i.watching(id, 40, 10), i.watching(id, 132, 43)
	owner.press("5", "0", "G", "o")
	owner.typed("dear all")
	small.wait("50", "dear all")
	same.wait("20", "50", "dear all")
	eventually(t, patience, func() string {
		if title := owner.tmux("display", "-p", "#{pane_title}"); !strings.Contains(title, "2 looking on") {
			return "her window is called " + title
		}
		return ""
	})
	small.typed("never typed")
	same.press("Escape", ":", "n", "e", "v", "e", "r")
	owner.resize(100, 30)
	owner.typed("and more")
	for _, x := range []*terminal{owner, small} {
		if screen := x.wait("dear all", "and more"); strings.Contains(screen, "never") {
			t.Errorf("typed by the administrator:\n%s", screen)
		}
	}
	same.press("q")
	same.wait(over + "0")
	i.log.wait("msg=watch", "id="+id, "user=alice", "shown=true", "uid=0")
	i.log.wait(`msg="watch end"`, "id="+id, "uid=0")
	if o := i.jailsh("kill", id); o.code != 0 || o.out+o.err != "" {
		t.Errorf("kill: %+v", o)
	}
	owner.wait("the administrator has ended this session", over+"254")
	small.wait(id+" has ended", over+"0")
	i.log.wait("msg=kill", "id="+id, "user=alice", "uid=0")
	eventually(t, patience, func() string { return i.jailsh("sessions").out })
	if o := i.jailsh("kill", id); o.code != 1 || !strings.Contains(o.err, id+": there is no such session") {
		t.Errorf("kill again: %+v", o)
	}
}

// What of a user is left running is in the list, and ended; so is a program without a
// terminal that doesn't want to be. Where watch is off, nobody watches.
func TestTheAdministratorEndsWhatIsLeft(t *testing.T) {
	t.Parallel()
	i := newInstance(t)
	i.server = `watch = "off"`
	i.start()
	x := i.terminal("alice", "--", "@attach", "main")
	x.prompt()
	x.typed("trap '' HUP; exec sleep 8400")
	i.awaitRunning("alice", "sleep 8400")
	i.watching(i.sessionID("attached main"), 132, 43).wait(`watch is "off" in jailsh.toml`, over+"1")
	y := i.terminal("alice", "--", "trap '' HUP TERM; sleep 8401; sleep 8401")
	i.awaitRunning("alice", "sleep 8401")
	x.press("C-\\", "d")
	x.wait(over + "0")
	if o := i.jailsh("kill", i.sessionID("left main")); o.code != 0 {
		t.Errorf("kill: %+v", o)
	}
	if o := i.jailsh("kill", strings.Split(i.sessionID("command trap '' HUP TERM; sleep 8401; sleep 8401"), "-")[0]); o.code != 0 {
		t.Errorf("kill: %+v", o)
	}
	y.wait("the administrator has ended this session", over)
	eventually(t, patience, func() string { return notWith(i.running("alice"), "sleep 840") })
}
