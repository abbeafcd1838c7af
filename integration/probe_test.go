package integration

import (
	"bufio"
	"bytes"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// withProbe is the head of a users.toml that gives everybody the probe.
func withProbe(further ...string) string {
	mounts := append([]string{fmt.Sprintf("{ source = %q, target = \"/probe\" }", program("jailsh-probe"))}, further...)
	return fmt.Sprintf("[defaults]\nmounts = [%s]\n", strings.Join(mounts, ", "))
}

// findings are what a probe says, by attack.
type findings map[string]finding

type finding struct{ verdict, detail string }

func (f finding) String() string { return f.verdict + " " + f.detail }

const (
	isHeld   = "held"
	isBroken = "BROKEN"
	isAbsent = "absent"
)

// readFindings reads a probe's lines. Anything else that it says is a failure.
func readFindings(t *testing.T, o output) findings {
	t.Helper()
	found := findings{}
	broken := 0
	for line := range strings.Lines(o.out) {
		name, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		verdict, detail, _ := strings.Cut(rest, " ")
		if verdict != isHeld && verdict != isBroken && verdict != isAbsent {
			t.Errorf("no finding: %q", line)
		}
		if verdict == isBroken {
			broken++
		}
		found[name] = finding{verdict, detail}
	}
	if want := map[bool]int{true: 1}[broken > 0]; o.code != want || len(found) == 0 {
		t.Fatalf("%d BROKEN and status %d: %s\n%s", broken, o.code, o.err, o.out)
	}
	return found
}

// attacks are the names of all that the probe can try.
func attacks(t *testing.T) []string {
	t.Helper()
	var names []string
	for line := range strings.Lines(run(t, nil, program("jailsh-probe"), "--list").out) {
		name, what, _ := strings.Cut(strings.TrimSpace(line), " ")
		if strings.TrimSpace(what) == "" {
			t.Errorf("%s: doesn't say what it is", name)
		}
		names = append(names, name)
	}
	return names
}

// victims are arguments that tell a probe what there is to be had elsewhere.
type victims []string

func (v victims) and(name string, value any) victims {
	return append(v[:len(v):len(v)], "--victim", fmt.Sprintf("'%s=%v'", name, value))
}

// leaving starts a probe that leaves one of everything, and returns what it says
// of that. It is there until the test ends.
func leaving(t *testing.T, c *exec.Cmd) victims {
	t.Helper()
	var complaints bytes.Buffer
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	c.Stderr = &complaints
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		_ = c.Wait() // ssh's status is of no interest
	})
	var v victims
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if lines.Text() == "ready" {
			return v
		}
		name, value, _ := strings.Cut(lines.Text(), "=")
		v = v.and(name, value)
	}
	in.Close()
	t.Fatal("nothing was left:", c.Wait(), complaints.String())
	return nil
}

// mark is a name that nobody else uses, on the host's shared folders either.
func (i *instance) mark(of string) string {
	return fmt.Sprintf("%s-%s-%s", filepath.Base(place()), filepath.Base(i.dir), of)
}

// onHost has what a person could have outside of her jail, with her own uid: the
// hardest for a jail, as no mode keeps it from her.
func (i *instance) onHost(name string) victims {
	i.t.Helper()
	uid := uint32(i.person(name).uid)
	c := command(i.t, program("jailsh-probe"), "--leave", i.mark("outside-"+name))
	c.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: uid}}
	return leaving(i.t, c).and("config", i.file).and("path", i.home("bob"))
}

// inJail has it in a person's jail. Its process's number there means nothing
// elsewhere, so the host's is told.
func (i *instance) inJail(name string) victims {
	i.t.Helper()
	mark := i.mark(name)
	// Every jail may have the same neutral name.
	v := leaving(i.t, i.sshCommand(name, "--", "/probe --leave "+mark)).and("node-name", "")
	for _, p := range i.running(name) {
		if strings.Contains(p.command, "--leave "+mark) && strings.HasPrefix(p.command, "/probe") {
			v = v.and("pid", p.pid)
		}
	}
	return v.and("path", i.home(name))
}

// probe runs the attacks as the user, in her jail.
func (i *instance) probe(name string, v victims, further ...string) findings {
	i.t.Helper()
	words := append([]string{"/probe"}, append(v, further...)...)
	return readFindings(i.t, i.ssh(name, "--", strings.Join(words, " ")))
}
