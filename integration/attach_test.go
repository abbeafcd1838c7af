package integration

import (
	"strings"
	"testing"
)

// jailsh-net is killed while alice has a shell, bob an editor, and alice another shell
// that she has left. All of it is there at the next login, with what was typed.
func TestTerminalsOutliveJailshNet(t *testing.T) {
	t.Parallel()
	i := start(t)
	named := i.terminal("alice", "--", "@attach", "main")
	named.prompt()
	named.typed("x=42")
	named.press("C-\\", "d")
	named.wait("detached - back to it: ssh -t ... @attach main", over+"0")
	plain := i.terminal("alice")
	plain.prompt()
	plain.typed("y=43; echo ready $y")
	plain.wait("ready 43")
	bob := i.terminal("bob")
	bob.prompt()
	bob.typed("echo kept in the $((40+2)) >~/draft; less ~/draft")
	bob.wait("kept in the 42", "(END)")

	i.killNet()
	plain.wait(over + "255")
	bob.wait(over + "255")
	again := i.terminal("alice")
	again.wait("2 programs of yours still run")
	again.prompt()
	list := i.sh("alice", "@sessions")
	if strings.Count(list, "left ") != 2 || !strings.Contains(list, "main") || !strings.Contains(list, "a session of its own") {
		t.Error(list)
	}
	named = i.terminal("alice", "--", "@attach", "main")
	named.prompt()
	named.typed("echo still $x; exit 7")
	named.wait("still 42", over+"7")
	plain = i.terminal("alice", "--", "@attach") // the one that is left
	plain.prompt()
	plain.typed("echo still $y; exit 8")
	plain.wait("still 43", over+"8")
	if list := i.sh("alice", "@sessions"); strings.Contains(list, "left ") {
		t.Error(list)
	}
	bob = i.terminal("bob", "--", "@attach")
	bob.wait("kept in the 42", "(END)") // it has drawn its screen again
	bob.press("q")
	bob.typed("exit 9")
	bob.wait(over + "9")
}

// A shell that its user left in vim is on the screen again as it was, on two terminals
// at once, and both type.
func TestAttachShowsTheScreen(t *testing.T) {
	t.Parallel()
	i := start(t)
	first := i.terminal("alice", "--", "@attach", "work")
	first.prompt()
	first.typed("seq 500 540 >~/list; echo before; less ~/list")
	first.wait("500", "540", "(END)")
	shown := first.screen()
	second := i.terminal("alice", "--", "@attach", "work")
	second.wait("500", "540", "(END)")
	if got := second.screen(); strings.TrimSpace(got) != strings.TrimSpace(shown) {
		t.Errorf("the second has\n%s\ninstead of\n%s", got, shown)
	}
	second.press("q")
	first.wait("before")
	first.typed("echo seen by $((1+1))")
	second.wait("seen by 2")
	first.press("Enter", "~", ".") // the client is ended
	first.wait(over + "255")
	second.typed("exit 4")
	second.wait(over + "4")
}

// With persist a plain login goes on where the last one was broken off.
func TestPersistIsBackInTheShell(t *testing.T) {
	t.Parallel()
	i := newInstance(t)
	i.person("alice").table = "persist = true"
	i.start()
	first := i.terminal("alice")
	first.prompt()
	first.typed("x=44; echo set $x")
	first.wait("set 44")
	first.press("Enter", "~", ".") // the link is lost
	first.wait(over + "255")
	i.log.wait("session end", "detached=true")
	i.killNet()
	second := i.terminal("alice")
	second.prompt()
	second.typed("echo still $x; exit 5")
	second.wait("still 44", over+"5")
}

// attach_ttl ends what was forgotten, whether jailsh-net has it or its jail.
func TestForgottenTerminalsAreHungUp(t *testing.T) {
	t.Parallel()
	i := newInstance(t)
	i.person("alice").table = `attach_ttl = "1s"` + "\n" + `linger = "1h"`
	i.start()
	x := i.terminal("alice", "--", "@attach", "one")
	x.prompt()
	x.typed("sleep 8300")
	i.awaitRunning("alice", "sleep 8300")
	y := i.terminal("alice", "--", "@attach", "two")
	y.prompt()
	y.typed("sleep 8301")
	i.awaitRunning("alice", "sleep 8301")
	x.press("C-\\", "d")
	x.wait(over + "0")
	eventually(t, patience, func() string { return notWith(i.running("alice"), "sleep 8300") })
	i.killNet()
	eventually(t, patience, func() string { return notWith(i.running("alice"), "sleep") })
}

// notWith says which of the processes are called so.
func notWith(all []process, name string) string {
	var left []process
	for _, p := range all {
		if strings.Contains(p.command, name) {
			left = append(left, p)
		}
	}
	return none(left)
}
