package integration

import (
	"strings"
	"testing"
)

// Each option of an authorized_keys line does what sshd(8) says, over the wire.
func TestKeyOptions(t *testing.T) {
	t.Parallel()
	i := newInstance(t)
	i.people = nil
	for n, p := range []struct{ name, options string }{
		{"near", `from="127.0.0.2,10.0.0.0/8" `},
		{"far", `from="!127.0.0.1,*" `},
		{"noterm", `no-pty `},
		{"tight", `restrict,pty `},
		{"bound", `restrict `},
		{"old", `expiry-time="20200101" `},
		{"young", `expiry-time="20990101Z" `},
		{"colored", `environment="COLOR=green",environment="LC_ALL=C" `},
		{"forced", `command="echo asked: $SSH_ORIGINAL_COMMAND; exit 4" `},
		{"closed", `no-agent-forwarding,no-port-forwarding,no-X11-forwarding,no-user-rc,command="env | grep -c ^SSH_AUTH_SOCK" `},
	} {
		i.add(p.name, 21000+n).options = p.options
	}
	i.start()
	for _, c := range []struct {
		name string
		args []string
		code int
		out  string // of both outputs
	}{
		{"near", []string{"-b", "127.0.0.2", "--", "echo in"}, 0, "in\n"},
		{"near", []string{"-b", "127.0.0.1", "--", "echo in"}, 255, "Permission denied"},
		{"far", []string{"-b", "127.0.0.9", "--", "echo in"}, 0, "in\n"},
		{"far", []string{"-b", "127.0.0.1", "--", "echo in"}, 255, "Permission denied"},
		{"noterm", []string{"-tt", "--", "tty"}, 255, "PTY allocation request failed"},
		{"noterm", []string{"--", "echo in"}, 0, "in\n"},
		{"tight", []string{"-tt", "--", "tty"}, 0, "/dev/pts/0"},
		{"bound", []string{"-tt", "--", "tty"}, 255, "PTY allocation request failed"},
		{"bound", []string{"-A", "--", "env | grep -c ^SSH_AUTH_SOCK"}, 1, "0\n"},
		{"old", []string{"--", "echo in"}, 255, "Permission denied"},
		{"young", []string{"--", "echo in"}, 0, "in\n"},
		{"colored", []string{"-o", "SetEnv=COLOR=red LC_ALL=de_DE", "--", "echo $COLOR $LC_ALL"}, 0, "green C\n"},
		{"forced", []string{"--", "rm -rf x; ls"}, 4, "asked: rm -rf x; ls\n"},
		{"forced", nil, 4, "asked:\n"},
		{"forced", []string{"-tt"}, 4, "asked:\r\n"},
		{"closed", []string{"-A"}, 1, "0\n"},
	} {
		o := i.ssh(c.name, c.args...)
		if all := o.out + o.err; o.code != c.code || !strings.Contains(all, c.out) {
			t.Errorf("%s %q: status %d, %q, want %d, %q", c.name, c.args, o.code, all, c.code, c.out)
		}
	}
}

// What a user may ask for.
func TestAllow(t *testing.T) {
	t.Parallel()
	i := newInstance(t)
	i.person("alice").table = "allow = { shell = false }"
	i.person("bob").table = "allow = { exec = false, pty = false }"
	i.start()
	for _, c := range []struct {
		name string
		args []string
		code int
		out  string
	}{
		{"alice", []string{"--", "echo in"}, 0, "in\n"},
		{"alice", nil, 254, "jailsh: a shell is not allowed with this key: reference "},
		{"bob", []string{"--", "echo in"}, 254, "jailsh: commands are not allowed with this key: reference "},
		{"bob", []string{"-tt"}, 255, "PTY allocation request failed"},
		{"bob", nil, 0, "not a tty"},
	} {
		command := i.sshCommand(c.name, c.args...)
		o := runCommand(t, []byte("tty; exit 0\n"), command)
		if all := o.out + o.err; o.code != c.code || !strings.Contains(all, c.out) {
			t.Errorf("%s %q: status %d, %q, want %d, %q", c.name, c.args, o.code, all, c.code, c.out)
		}
	}
}

// Asking for what isn't there yet doesn't end the session.
func TestUnknownSubsystems(t *testing.T) {
	t.Parallel()
	i := start(t)
	if o := i.ssh("alice", "-s", "--", "netconf"); o.code == 0 || o.out != "" {
		t.Errorf("a subsystem: %+v", o)
	}
}
