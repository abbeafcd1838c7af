package integration

import (
	"bytes"
	"crypto/rand"
	"path/filepath"
	"strings"
	"testing"
)

// jailsh run is a way into the cell without ssh, for root on the host.
func TestRun(t *testing.T) {
	t.Parallel()
	i := start(t)
	for _, c := range []struct {
		args     []string
		code     int
		out, err string
	}{
		{[]string{"alice", "--", "sh", "-c", "exit 5"}, 5, "", ""},
		{[]string{"alice", "--", "sh", "-c", "echo out; echo err >&2"}, 0, "out\n", "err\n"},
		{[]string{"alice", "--", "printf", "%s|", "a b", "$HOME", ""}, 0, "a b|$HOME||", ""}, // words stay words
		{[]string{"alice", "--", "sh", "-c", "kill -TERM $$"}, 128 + 15, "", ""},
		{[]string{"alice", "--", "id", "-un"}, 0, "alice\n", ""},
		{[]string{"alice", "--", "no-such-command"}, 127, "", "no-such-command"},
		{[]string{"carol", "--", "true"}, 1, "", `"carol": isn't in the table, or may not log in now - `},
		{[]string{"alice"}, 2, "", "the command is missing"},
	} {
		o := i.jailsh(append([]string{"run"}, c.args...)...)
		if o.code != c.code || o.out != c.out || !strings.Contains(o.err, c.err) || c.err == "" && o.err != "" {
			t.Errorf("%q: %+v, want %+v", c.args, o, c)
		}
	}
	data := make([]byte, 1<<20)
	_, _ = rand.Read(data) // never fails
	o := run(t, data, program("jailsh"), "--config", i.file, "run", "alice", "--", "cat")
	if o.code != 0 || !bytes.Equal([]byte(o.out), data) {
		t.Errorf("cat: status %d, %d bytes, %s", o.code, len(o.out), o.err)
	}
}

// It is the same cell that the user is in.
func TestRunEntersTheUsersCell(t *testing.T) {
	t.Parallel()
	i := start(t)
	x := i.terminal("alice")
	x.prompt()
	x.typed("echo here >/tmp/mark; echo $((40+2))")
	x.wait("\n42")
	if o := i.jailsh("run", "alice", "--", "cat", "/tmp/mark"); o.out != "here\n" {
		t.Errorf("%+v", o)
	}
	// With a terminal where it has one.
	y := openTerminal(t, []string{program("jailsh"), "--config", i.file, "run", "alice", "--", "bash", "--norc"})
	y.wait("$")
	y.typed("tty; stty size; exit 3")
	y.wait("/dev/pts/1", "43 132", over+"3")
}

func TestCheckAndExplainBesideARunningDaemon(t *testing.T) {
	t.Parallel()
	i := start(t)
	i.sh("alice", "true")
	if o := i.jailsh("check"); o.code != 0 || o.err != "" {
		t.Errorf("check: %+v", o)
	}
	o := i.jailsh("explain", "alice")
	for _, want := range []string{
		"let in", filepath.Join(i.dir, "users.toml") + ":2", "/home/alice", "private",
	} {
		if o.code != 0 || !strings.Contains(o.out, want) {
			t.Errorf("explain: no %q in %+v", want, o)
		}
	}
	if o := i.jailsh("explain", "alice", "--key", i.publicKey("bob")); o.code != 1 || !strings.Contains(o.out, "refused") {
		t.Errorf("explain, with bob's key: %+v", o)
	}
	if o := i.jailsh("user", "list"); o.code != 0 || !strings.Contains(o.out, "alice") || !strings.Contains(o.out, "bob") {
		t.Errorf("user list: %+v", o)
	}
	i.stop()
	if o := i.jailsh("run", "alice", "--", "true"); o.code != 1 || !strings.Contains(o.err, "jailshd doesn't run for this instance - start it: jailshd --config") {
		t.Errorf("run, without a daemon: %+v", o)
	}
}

// publicKey writes a person's public key to a file.
func (i *instance) publicKey(name string) string {
	i.t.Helper()
	i.write(name+".pub", i.person(name).public+"\n")
	return filepath.Join(i.dir, name+".pub")
}
