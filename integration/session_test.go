package integration

import (
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
)

func TestExitStatus(t *testing.T) {
	t.Parallel()
	i := start(t)
	for _, c := range []struct {
		command string
		code    int
		out     string
	}{
		{"true", 0, ""},
		{"exit 7", 7, ""},
		{"echo out; echo err >&2; exit 255", 255, "out\n"},
		{"no-such-command", 127, ""},
		{"cat", 0, ""}, // the end of the input arrives
		{"tty", 1, "not a tty\n"},
	} {
		if o := i.ssh("alice", "--", c.command); o.code != c.code || o.out != c.out {
			t.Errorf("%s: %+v, want %+v", c.command, o, c)
		}
	}
}

// What is left running in the background doesn't hold the client back.
func TestABackgroundProcessDoesntHoldTheSession(t *testing.T) {
	t.Parallel()
	i := start(t)
	if o := i.ssh("alice", "--", "sleep 300 >/dev/null 2>&1 & exit 3"); o.code != 3 || o.took > patience {
		t.Errorf("%+v", o)
	}
	if got := i.sh("alice", "pgrep -c sleep"); got != "1" {
		t.Errorf("%s sleeps are left", got)
	}
	// One that holds the output does, as with OpenSSH.
	if got := i.sh("alice", "(sleep 0.3; echo late) & echo early"); got != "early\nlate" {
		t.Errorf("got %q", got)
	}
}

func TestExitSignal(t *testing.T) {
	t.Parallel()
	i := start(t)
	if o := i.ssh("alice", "--", "kill -TERM $$"); o.code != 255 {
		t.Errorf("ssh: %+v", o)
	}
	c := i.client("alice", "")
	for _, name := range []string{"TERM", "KILL", "INT", "SEGV"} {
		s, err := c.NewSession()
		if err != nil {
			t.Fatal(err)
		}
		err = s.Run("kill -" + name + " $$")
		if e := (*ssh.ExitError)(nil); !errors.As(err, &e) || e.Signal() != name {
			t.Errorf("kill -%s: %v", name, err)
		}
	}
}

// A signal request reaches all of the program's process group.
func TestSignals(t *testing.T) {
	t.Parallel()
	i := start(t)
	s, err := i.client("alice", "").NewSession()
	if err != nil {
		t.Fatal(err)
	}
	out, err := s.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start("trap 'echo got it; exit 5' USR1; echo ready; while :; do sleep 0.05; done"); err != nil {
		t.Fatal(err)
	}
	read(t, out, "ready\n")
	if err := s.Signal(ssh.SIGUSR1); err != nil {
		t.Fatal(err)
	}
	read(t, out, "got it\n")
	err = s.Wait()
	if e := (*ssh.ExitError)(nil); !errors.As(err, &e) || e.ExitStatus() != 5 {
		t.Error(err)
	}
}

// read reads as many bytes as want has, which they must be.
func read(t *testing.T, r io.Reader, want string) {
	t.Helper()
	b := make([]byte, len(want))
	if n, err := io.ReadFull(r, b); string(b) != want {
		t.Fatalf("read %q, %v, want %q", b[:n], err, want)
	}
}

func TestStderrIsSeparate(t *testing.T) {
	t.Parallel()
	i := start(t)
	if o := i.ssh("alice", "--", "echo out; echo err >&2"); o.out != "out\n" || o.err != "err\n" {
		t.Errorf("%+v", o)
	}
}

// Twenty megabytes of every byte value, both ways, at once and with an end.
func TestBytesStayWhatTheyAre(t *testing.T) {
	t.Parallel()
	i := start(t)
	data := make([]byte, 20<<20)
	_, _ = rand.Read(data) // never fails
	sum := fmt.Sprintf("%x", sha256.Sum256(data))

	o := runCommand(t, data, i.sshCommand("alice", "--", "tee file | sha256sum >&2; sha256sum <file >&2; cat file"))
	if o.code != 0 || strings.Count(o.err, sum) != 2 {
		t.Errorf("up: status %d, %s, want %s", o.code, o.err, sum)
	}
	if o.out != string(data) {
		t.Errorf("down: %d bytes, %x, want %s", len(o.out), sha256.Sum256([]byte(o.out)), sum)
	}
	// On a raw terminal they stay so, too.
	o = i.ssh("alice", "-tt", "--", `stty raw; printf 'a\n\0\377\r\nb'`)
	if want := "a\n\x00\xff\r\nb"; o.out != want {
		t.Errorf("raw terminal: %q, want %q", o.out, want)
	}
}

// All of the output comes before the status, however the program ends.
func TestNoOutputIsLost(t *testing.T) {
	t.Parallel()
	i := start(t)
	for _, options := range [][]string{nil, {"-tt"}} {
		for range 5 {
			o := i.ssh("alice", append(options, "--", "seq 20000; exit 9")...)
			lines := strings.Fields(o.out)
			if o.code != 9 || len(lines) != 20000 || lines[19999] != "20000" {
				t.Errorf("%v: status %d, %d lines", options, o.code, len(lines))
			}
		}
	}
}

// A client that is gone takes the programs along that write to it, and those on
// its terminal.
func TestAClientThatIsGone(t *testing.T) {
	t.Parallel()
	i := start(t)
	for _, args := range [][]string{{"--", "yes"}, {"-tt", "--", "yes"}, {"-tt", "--", "echo y; exec sleep 1000"}} {
		c := i.sshCommand("alice", args...)
		out, err := c.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		read(t, out, "y")
		if len(i.running("alice")) == 0 {
			t.Errorf("%q: doesn't run", args)
		}
		_ = c.Process.Kill()
		_ = c.Wait() // by the signal
		eventually(t, patience, func() string { return none(i.running("alice")) })
	}
}

// running are the processes of a person's jail but PID 1, as the host sees them.
func (i *instance) running(name string) []process {
	return slices.DeleteFunc(i.cell(name), func(p process) bool { return strings.HasPrefix(p.command, "jailsh-init") })
}

// awaitRunning waits until a program of the person's runs.
func (i *instance) awaitRunning(name, command string) {
	i.t.Helper()
	i.awaitProcess(name, command, func(process) bool { return true })
}

// awaitForeground waits until a program of the person's runs in the foreground of
// its terminal. A shell says that it continues a program a moment before it does.
func (i *instance) awaitForeground(name, command string) {
	i.t.Helper()
	i.awaitProcess(name, command, func(p process) bool { return inForeground(p.pid) })
}

func (i *instance) awaitProcess(name, command string, as func(process) bool) {
	i.t.Helper()
	eventually(i.t, patience, func() string {
		for _, p := range i.running(name) {
			if p.command == command && as(p) {
				return ""
			}
		}
		return fmt.Sprintf("%s doesn't run: %v", command, i.running(name))
	})
}
