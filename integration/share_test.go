package integration

import (
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// sharer is alice, who may share and publish.
func sharer(t *testing.T) *instance {
	i := newInstance(t)
	i.person("alice").table = "allow = { share = true, publish = true }"
	i.start()
	return i
}

var tokenLine = regexp.MustCompile(`ssh -p \d+ ([a-z2-7]{26})@127\.0\.0\.1`)

// guestCommand is the stock client of somebody who has nothing but a token, as it was
// printed.
func (i *instance) guestCommand(said string) *exec.Cmd {
	i.t.Helper()
	m := tokenLine.FindStringSubmatch(strings.ReplaceAll(said, "\n", ""))
	if m == nil {
		i.t.Fatalf("there is no token in %q", said)
	}
	c := i.sshCommand("alice", "-t")
	for n, a := range c.Args {
		switch a {
		case i.key("alice"):
			c.Args[n] = "/dev/null"
		case "alice@127.0.0.1":
			c.Args[n] = m[1] + "@127.0.0.1"
		}
	}
	return c
}

// The owner is in an editor; one looks on, one types, and one joins late and sees it
// as it is. She resizes, leaves the editor, and logs out.
func TestATerminalIsShared(t *testing.T) {
	t.Parallel()
	i := sharer(t)
	owner := i.terminal("alice")
	owner.prompt()
	said := i.sh("alice", "@share --for bob")
	watching := openTerminal(t, i.guestCommand(said).Args)
	typing := i.terminal("bob", "--", "@watch", "alice/main")
	for _, x := range []*terminal{watching, typing} {
		x.wait("alice@jail")
	}
	eventually(t, patience, func() string {
		if title := owner.tmux("display", "-p", "#{pane_title}"); !strings.Contains(title, "2 looking on") {
			return "her window is called " + title
		}
		return ""
	})
	owner.typed("echo by $((40+2)) alice; exec 2>&1; vi letter || vim letter")
	owner.wait("[New")
	owner.press("i")
	owner.typed("dear all")
	watching.wait("dear all")
	late := openTerminal(t, i.guestCommand(said).Args)
	late.wait("dear all", "INSERT")
	if shown := late.screen(); strings.Contains(shown, "by 42 alice") || shown != owner.wait("dear all") {
		t.Errorf("who joins late sees\n%s\nand she\n%s", shown, owner.screen())
	}
	watching.typed("never typed")
	var bob string
	for line := range strings.Lines(i.sh("alice", "@share list")) {
		if strings.Contains(line, "  bob  ") {
			bob, _, _ = strings.Cut(line, " ")
		}
	}
	i.sh("alice", "@share role "+bob+" type")
	typing.typed("and bob")
	owner.wait("dear all", "and bob")
	late.wait("and bob")
	if strings.Contains(owner.screen(), "never") {
		t.Error("somebody has typed who may not")
	}
	owner.resize(100, 30)
	watching.wait("dear all", "and bob")
	owner.press("Escape")
	owner.typed(":q!")
	late.wait("by 42 alice") // the screen from before the editor
	owner.typed("exit 3")
	owner.wait(over + "3")
	for _, x := range []*terminal{watching, typing, late} {
		x.wait("alice/main has ended", over+"0")
	}
	i.log.wait("msg=view", "as=bob", "of=alice/main")
}

// What a terminal elsewhere shows is seen by who has the token.
func TestATerminalIsPublished(t *testing.T) {
	t.Parallel()
	i := sharer(t)
	ssh := strings.Join(i.sshCommand("alice", "--", "@publish", "talk", "--size", "132x43").Args, " ")
	published := openTerminal(t, []string{"bash", "-c", "export HOME=" + i.dir + "; script -qf >(" + ssh + "); true"})
	said := published.wait("@127.0.0.1")
	viewer := openTerminal(t, i.guestCommand(said).Args)
	published.typed("echo shown $((40+2))")
	viewer.wait("shown 42")
	published.typed("exit")
	viewer.wait("alice/talk has ended", over+"0")

	// The same by what records, which tells its size.
	ssh = strings.Join(i.sshCommand("alice", "--", "@publish", "talk").Args, " ")
	recorded := openTerminal(t, []string{"bash", "-c", "export HOME=" + i.dir + "; export PS1='ready> '; asciinema rec -q -c 'bash --norc' >(" + ssh + "); true"})
	said = recorded.wait("@127.0.0.1", "ready>")
	viewer = openTerminal(t, i.guestCommand(said).Args)
	recorded.resize(70, 20)
	recorded.typed("tput cols lines | tr '\\n' x; exit")
	viewer.wait("70x20x", "alice/talk has ended", over+"0")
}
