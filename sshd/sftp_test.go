package sshd

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/jailsh/jailsh/internal/wire"
)

// What the subsystem is, by what the key may do.
func TestPlanOfSFTP(t *testing.T) {
	t.Parallel()
	env := []string{sshClient, sshConnection}
	original := append(env[:2:2], "SSH_ORIGINAL_COMMAND=internal-sftp")
	args := []string{"-R", "-d", "it's"}
	ours := wire.SFTP{Allowed: true, Args: args}
	only := wire.SFTP{Allowed: true, Only: true, Args: args}
	theirs := wire.SFTP{Allowed: true, Server: "/usr/lib/sftp server", Args: args}
	sftp := wish{sftp: true, command: internalSFTP}
	for _, c := range []struct {
		name    string
		grant   wire.Grant
		wish    wish
		want    *wire.Spawn
		refused refusal
	}{
		{name: "ours", grant: wire.Grant{SFTP: ours}, wish: sftp, want: &wire.Spawn{Program: wire.ProgramSFTP, Args: args, Env: env}},
		{
			name: "the template's", grant: wire.Grant{SFTP: theirs}, wish: sftp,
			want: &wire.Spawn{Exec: true, Command: `exec '/usr/lib/sftp server' '-R' '-d' 'it'\''s'`, Env: env},
		},
		{
			name: "another forced command", grant: wire.Grant{SFTP: ours, Forced: true, Command: "backup"}, wish: sftp,
			want: &wire.Spawn{Exec: true, Command: "backup", Env: original},
		},
		{
			name: "forced", grant: wire.Grant{SFTP: only, Forced: true, Command: "internal-sftp -R"}, wish: sftp,
			want: &wire.Spawn{Program: wire.ProgramSFTP, Args: args, Env: env},
		},
		{name: "forced, and a shell", grant: wire.Grant{SFTP: only, Forced: true, Command: "internal-sftp", Shell: true, Exec: true}, refused: refusedOther},
		{
			name: "forced, and a command", grant: wire.Grant{SFTP: only, Forced: true, Command: "internal-sftp", Shell: true, Exec: true},
			wish: wish{exec: true, command: "internal-sftp"}, refused: refusedOther,
		},
	} {
		got, refused := plan(&c.grant, &c.wish, someAddresses)
		if refused != c.refused || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s:\ngot  %+v, %v\nwant %+v, %v", c.name, got, refused, c.want, c.refused)
		}
	}
}

func TestOneSubsystem(t *testing.T) {
	t.Parallel()
	f := start(t)
	for _, name := range []string{"", "sftp ", "SFTP", "netconf"} {
		if f.session(f.dial()).ask("subsystem", text(name)) {
			t.Errorf("%q was accepted", name)
		}
	}
	if f.session(f.dial()).ask("subsystem", text("sftp")) {
		t.Error("sftp was accepted, which this key isn't allowed")
	}
	f.grant.SFTP = wire.SFTP{Allowed: true, Args: []string{"-R"}}
	c := f.dial()
	s := f.session(c)
	s.must("pty-req", ptyRequest("xterm", 80, 24, ""))
	s.must("subsystem", text("sftp"))
	if s.ask("subsystem", text("sftp")) || s.ask("shell", nil) {
		t.Error("a second program")
	}
	if err := s.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if status := s.status(); status != 0 {
		t.Errorf("status %d", status)
	}
	if spawn := f.cell.last(); spawn.Program != wire.ProgramSFTP || spawn.TTY != nil || len(spawn.Args) != 1 {
		t.Errorf("%+v", spawn)
	}
	if f.session(c).ask("subsystem", []byte{0xff, 0xff, 0xff, 0xff}) {
		t.Error("a name that isn't there")
	}
}

// tells runs a server of files that writes lines to its standard error.
func tells(t *testing.T, script string) (*fixture, string) {
	t.Helper()
	f := start(t)
	f.grant.SFTP.Allowed = true
	s := f.session(f.dial())
	errs := make(chan string, 1)
	go func() {
		var b [100]byte
		n, _ := s.Stderr().Read(b[:])
		errs <- string(b[:n])
	}()
	s.must("subsystem", text("sftp"))
	if _, err := fmt.Fprintln(s, script); err != nil { // the test's cell is a shell
		t.Fatal(err)
	}
	if err := s.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	s.wait()
	f.broker.waitRecord(t, "session end", nil)
	return f, <-errs
}

func TestTransfersAreRecorded(t *testing.T) {
	t.Parallel()
	f, client := tells(t, `printf '%s\n' '5 7 1500 closed "a\nb\x1b"' '1 0 2 cut "c"' 'panic: help' >&2`)
	f.broker.waitRecord(t, "transfer", func(r *wire.Record) bool {
		return attr(r, "name") == `a\x0ab\x1b` && attr(r, "read") == "5" && attr(r, "written") == "7" && attr(r, "seconds") == "1.500" &&
			attr(r, "cut") == "false" && attr(r, "session") == "1" && r.User == "alice" && r.Level == levelInfo
	})
	f.broker.waitRecord(t, "transfer", func(r *wire.Record) bool { return attr(r, "name") == "c" && attr(r, "cut") == "true" })
	f.broker.waitRecord(t, "sftp remark", func(r *wire.Record) bool { return attr(r, "line") == "panic: help" && r.Level == levelWarn })
	if client != "" {
		t.Errorf("the client read %q", client)
	}
}

// What a user's process tells fills neither the log nor the memory.
func TestTransfersWithoutEndAreSummedUp(t *testing.T) {
	t.Parallel()
	f, _ := tells(t, fmt.Sprintf(`i=0; while [ $i -lt %d ]; do echo '1 2 0 closed "f"'; echo what; i=$((i+1)); done >&2; head -c 100000 /dev/zero >&2`, 20*transfersAtOnce))
	r := f.broker.waitRecord(t, "transfers", nil)
	var files int
	if _, err := fmt.Sscan(attr(r, "files"), &files); err != nil || attr(r, "read") != fmt.Sprint(files) || attr(r, "written") != fmt.Sprint(2*files) {
		t.Errorf("%+v", r)
	}
	if n := f.broker.count("transfer"); n+files != 20*transfersAtOnce || n < transfersAtOnce || n > 10*transfersAtOnce {
		t.Errorf("%d are recorded, %d are summed up", n, files)
	}
	if n := f.broker.count("sftp remark"); n != maxRemarks {
		t.Errorf("%d remarks", n)
	}
}

func TestWhatIsNoTransfer(t *testing.T) {
	t.Parallel()
	for _, line := range []string{
		"", "1 2 3 closed", "1 2 3 open \"x\"", "-1 2 3 closed \"x\"", "1 2 99999999999999999999 cut \"x\"", "1 2 3 closed x", "1 2 3 closed \"x", " 1 2 3 closed \"x\"",
	} {
		if got, ok := parseTransfer(line); ok {
			t.Errorf("%q: %+v", line, got)
		}
	}
}

func FuzzTransfer(f *testing.F) {
	f.Add(`5 7 1500 closed "a\nb\x1b"`)
	f.Fuzz(func(t *testing.T, line string) {
		if got, ok := parseTransfer(line); ok && (strings.Count(line, " ") < 4 || !strings.HasSuffix(line, `"`) && !strings.HasSuffix(line, "`") && !strings.HasSuffix(line, "'")) {
			t.Errorf("%q: %+v", line, got)
		}
	})
}
