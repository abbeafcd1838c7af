package main

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"testing/fstest"

	"github.com/jailsh/jailsh/jail/template"
	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/crypto/ssh"
	"golang.org/x/sys/unix"
)

func TestMain(m *testing.M) {
	unix.Umask(0o022) // scripts' files must not be writable by others
	testscript.Main(m, map[string]func(){"jailsh": main, "jailsh-probe": fakeProbe})
}

// TestScripts runs testdata/*.txtar. Beside testscript's own commands there are:
//
//	status N CMD...   CMD ends with exit status N
//	key FILE          make a public key, with the file's name as its comment
//	mode FILE MODE    FILE has exactly these permission bits, in octal
//	daemon DIR        answer on DIR/jailshd.sock as jailshd does (fake_test.go)
//	listen NAME       listen on a port, in the process that daemon is in, and put it into $NAME
func TestScripts(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Fatal("run the tests as root: an instance belongs to root")
	}
	templates := buildSmallTemplate(t)
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireUniqueNames:  true,
		RequireExplicitExec: true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("TEMPLATES", templates)
			e.Setenv("GORACE", "atexit_sleep_ms=0") // else each call takes a second with the race detector
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"status": cmdStatus, "key": cmdKey, "mode": cmdMode, "daemon": cmdDaemon, "listen": cmdListen,
		},
	})
}

// buildSmallTemplate makes a templates folder with a `basic` that is bash alone.
func buildSmallTemplate(t *testing.T) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	profile := fstest.MapFS{"basic.toml": {Data: []byte("summary = \"bash\"\n[package.bash]\ncommands = [\"bash\"]\n")}}
	if _, err := template.Build(context.Background(), template.Options{Dir: dir, Name: "basic", Profiles: profile}); err != nil {
		t.Fatal(err)
	}
	return dir
}

func cmdStatus(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: status N CMD...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		exit := (*exec.ExitError)(nil)
		if !errors.As(err, &exit) {
			ts.Fatalf("%v", err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit status %d, want %d", got, want)
	}
}

func cmdKey(ts *testscript.TestScript, _ bool, args []string) {
	for _, name := range args {
		public, _, err := ed25519.GenerateKey(rand.Reader)
		ts.Check(err)
		key, err := ssh.NewPublicKey(public)
		ts.Check(err)
		line := ssh.MarshalAuthorizedKey(key)
		line = append(line[:len(line)-1], " "+filepath.Base(name)+"\n"...)
		ts.Check(os.WriteFile(ts.MkAbs(name), line, 0o644))
		ts.Setenv("FINGERPRINT", ssh.FingerprintSHA256(key))
	}
}

func cmdMode(ts *testscript.TestScript, _ bool, args []string) {
	info, err := os.Lstat(ts.MkAbs(args[0]))
	ts.Check(err)
	if got := fmt.Sprintf("%04o", info.Mode().Perm()); got != args[1] {
		ts.Fatalf("%s has mode %s, want %s", args[0], got, args[1])
	}
}

func cmdDaemon(ts *testscript.TestScript, _ bool, args []string) {
	d, err := startFakeDaemon(ts.MkAbs(args[0]))
	ts.Check(err)
	ts.Defer(d.stop)
}

func cmdListen(ts *testscript.TestScript, _ bool, args []string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	ts.Defer(func() { l.Close() })
	_, port, err := net.SplitHostPort(l.Addr().String())
	ts.Check(err)
	ts.Setenv(args[0], port)
}
