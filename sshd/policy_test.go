package sshd

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/jailsh/jailsh/internal/wire"
)

var someAddresses = addresses{client: "198.51.100.7", clientPort: 40000, server: "2001:db8::1", serverPort: 2222}

const (
	sshClient     = "SSH_CLIENT=198.51.100.7 40000 2222"
	sshConnection = "SSH_CONNECTION=198.51.100.7 40000 2001:db8::1 2222"
)

func clientEnv(entries ...string) environment {
	var e environment
	for _, entry := range entries {
		name, value, _ := strings.Cut(entry, "=")
		e.add(name, value)
	}
	return e
}

// What a client asks for, what its key may do, and what comes of it.
func TestPlan(t *testing.T) {
	t.Parallel()
	tty := &wire.TTY{Size: wire.Size{Columns: 80, Rows: 24}}
	for _, c := range []struct {
		name    string
		grant   wire.Grant
		wish    wish
		want    *wire.Spawn
		refused refusal
	}{
		{
			name: "login shell on a terminal", grant: wire.Grant{Shell: true},
			wish: wish{term: "xterm", tty: tty, env: clientEnv("LANG=C.UTF-8", "TERM=vt100")},
			want: &wire.Spawn{TTY: tty, Motd: true, Env: []string{sshClient, sshConnection, "TERM=xterm", "LANG=C.UTF-8"}},
		},
		{
			name: "shell without a terminal", grant: wire.Grant{Shell: true}, wish: wish{env: clientEnv("TERM=vt100")},
			want: &wire.Spawn{Env: []string{sshClient, sshConnection, "TERM=vt100"}},
		},
		{name: "shell not allowed", grant: wire.Grant{Exec: true}, refused: refusedShell},
		{
			name: "command", grant: wire.Grant{Exec: true}, wish: wish{exec: true, command: "ls -l"},
			want: &wire.Spawn{Exec: true, Command: "ls -l", Env: []string{sshClient, sshConnection}},
		},
		{
			name: "command on a terminal has no motd", grant: wire.Grant{Exec: true}, wish: wish{exec: true, command: "top", term: "xterm", tty: tty},
			want: &wire.Spawn{Exec: true, Command: "top", TTY: tty, Env: []string{sshClient, sshConnection, "TERM=xterm"}},
		},
		{name: "command not allowed", grant: wire.Grant{Shell: true}, wish: wish{exec: true, command: "ls"}, refused: refusedExec},
		{
			name: "forced, instead of a command", grant: wire.Grant{Forced: true, Command: "backup"}, wish: wish{exec: true, command: "rm -rf ~; $(x)"},
			want: &wire.Spawn{Exec: true, Command: "backup", Env: []string{sshClient, sshConnection, "SSH_ORIGINAL_COMMAND=rm -rf ~; $(x)"}},
		},
		{
			name: "forced, instead of a shell", grant: wire.Grant{Forced: true, Command: "backup", Shell: true}, wish: wish{term: "xterm", tty: tty},
			want: &wire.Spawn{Exec: true, Command: "backup", TTY: tty, Env: []string{sshClient, sshConnection, "TERM=xterm"}},
		},
		{
			name: "forced, and empty", grant: wire.Grant{Forced: true, Exec: true}, wish: wish{exec: true, command: "ls"},
			want: &wire.Spawn{Exec: true, Env: []string{sshClient, sshConnection, "SSH_ORIGINAL_COMMAND=ls"}},
		},
		{
			name: "forced, instead of more than fits", grant: wire.Grant{Forced: true, Command: "x"},
			wish: wish{exec: true, command: strings.Repeat("y", wire.MaxEnvLen)}, refused: refusedLong,
		},
		{
			name: "the administrator's environment wins", grant: wire.Grant{Exec: true, Env: []string{"LANG=de_DE.UTF-8", "TERM=dumb", "EDITOR=ed=x", "EMPTY="}},
			wish: wish{exec: true, command: "x", term: "xterm", tty: tty, env: clientEnv("LANG=C", "LC_ALL=C", "EDITOR=rm")},
			want: &wire.Spawn{Exec: true, Command: "x", TTY: tty, Env: []string{
				sshClient, sshConnection, "TERM=dumb", "LANG=de_DE.UTF-8", "EDITOR=ed=x", "EMPTY=", "LC_ALL=C",
			}},
		},
		{name: "an environment that isn't one", grant: wire.Grant{Shell: true, Env: []string{"X"}}, refused: refusedEnv},
		{name: "too long", grant: wire.Grant{Exec: true}, wish: wish{exec: true, command: strings.Repeat("x", wire.MaxCommand)}, refused: refusedLong},
		{name: "a zero byte", grant: wire.Grant{Exec: true}, wish: wish{exec: true, command: "a\x00b"}, refused: refusedNUL},
		{name: "a zero byte, forced", grant: wire.Grant{Forced: true, Command: "x"}, wish: wish{exec: true, command: "a\x00b"}, refused: refusedNUL},
	} {
		got, refused := plan(&c.grant, &c.wish, someAddresses)
		if refused != c.refused || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s:\ngot  %+v, %v\nwant %+v, %v", c.name, got, refused, c.want, c.refused)
		}
	}
}

// Whatever a client sends, there is room for what the server and the
// administrator add, and the cell's init can be told all of it.
func TestPlanFitsTheWire(t *testing.T) {
	t.Parallel()
	grant := wire.Grant{Exec: true}
	for i := range wire.MaxEnv - 20 {
		grant.Env = append(grant.Env, fmt.Sprintf("A%d=%s", i, strings.Repeat("x", 50)))
	}
	w := wish{exec: true, command: strings.Repeat("c", 10_000)}
	for i := range 10_000 {
		w.env.fromClient([]string{"*"}, fmt.Sprintf("C%d", i), strings.Repeat("y", 100))
	}
	if len(w.env.list) > maxClientEnv || w.env.size > maxClientEnvAll {
		t.Errorf("%d variables of %d bytes were kept", len(w.env.list), w.env.size)
	}
	s, refused := plan(&grant, &w, someAddresses)
	if refused != 0 {
		t.Fatal(refused)
	}
	if _, err := wire.Encode(s); err != nil {
		t.Error(err)
	}
	for _, want := range grant.Env {
		if !slices.Contains(s.Env, want) {
			t.Fatalf("%s is missing", want)
		}
	}
}

// Every refusal has a sentence, which ends its line and says nothing but itself.
func TestSentences(t *testing.T) {
	t.Parallel()
	for r := range sentences {
		if r == 0 {
			continue
		}
		if sentences[r] == "" {
			t.Errorf("refusal %d has no sentence", r)
		}
	}
	if got := sentence(refusedStart, "3f9a2c11", true); string(got) != "jailsh: your shell could not be started; tell the administrator: reference 3f9a2c11\r\n" {
		t.Errorf("got %q", got)
	}
}

func TestShown(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"alice": "alice", "": "", "a\nb": `a\x0ab`, "\x1b[31m": `\x1b[31m`, "é": `\xc3\xa9`, "0123456789": "0123456789",
		"01234567890": "0123456...", "0123456\n\n\n": "0123456...", "\x00\x00\x00": `\x00...`, "012345\n": `012345\x0a`,
	} {
		if got := shown(in, 10); got != want {
			t.Errorf("%q: %q, not %q", in, got, want)
		}
		if got := shown(in, 10); len(got) > 10 {
			t.Errorf("%q: %d bytes", in, len(got))
		}
	}
}
