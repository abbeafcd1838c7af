package integration

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// reload writes users.toml anew and waits until it is in force.
func (i *instance) reload() {
	i.t.Helper()
	i.log.mark()
	i.writeUsers()
	i.log.wait("reloaded the configuration")
}

func TestANewUserCanLogIn(t *testing.T) {
	t.Parallel()
	i := start(t)
	carol := i.add("carol", i.person("alice").uid+2)
	refused(t, i.ssh("carol", "--", "true"))
	i.reload()
	if got := i.sh("carol", "id -un"); got != "carol" {
		t.Errorf("%q", got)
	}
	// The same by the administrator's command, which is what people use.
	carol.gone = true
	i.log.mark()
	if o := i.jailsh("user", "remove", "carol"); o.code != 0 {
		t.Fatalf("%+v", o)
	}
	i.log.wait("reloaded the configuration")
	refused(t, i.ssh("carol", "--", "true"))
}

// Whoever loses her access is logged out, with a word about it, wherever she is;
// when it is the user that is gone, so are her cell and what runs in it.
func TestWhoLosesAccessIsLoggedOut(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(i *instance, bob *person)
		cell   bool // ends
	}{
		"removed":      {func(_ *instance, bob *person) { bob.gone = true }, true},
		"disabled":     {func(_ *instance, bob *person) { bob.table = "disabled = true" }, true},
		"expired":      {func(_ *instance, bob *person) { bob.table = "expires = 2020-01-01" }, true},
		"other key":    {func(i *instance, bob *person) { bob.public = i.person("alice").public + " now for bob" }, false},
		"other source": {func(_ *instance, bob *person) { bob.options = `from="192.0.2.1" ` }, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := newInstance(t)
			i.start()
			bob := i.person("bob")
			x := i.terminal("bob")
			x.prompt()
			x.typed("tmux new -d -s work 'exec sleep 7000'")
			x.prompt()
			i.awaitRunning("bob", "sleep 7000")
			y := i.terminal("alice")
			y.prompt()
			busy := i.terminal("bob", "--", "while :; do echo busy; done")
			busy.wait("busy")

			c.change(i, bob)
			i.reload()
			for _, session := range []*terminal{x, busy} {
				screen := session.wait(over)
				if !strings.Contains(screen, "jailsh: your ") { // the cell's end may be faster
					t.Errorf("no word about it:\n%s", screen)
				}
			}
			ref := reference.FindStringSubmatch(x.screen())
			if ref == nil {
				t.Fatal("no reference on the screen")
			}
			i.log.wait("msg=withdrawn ref=" + ref[1]) // it comes after what the client is told
			refused(t, i.ssh("bob", "--", "true"))
			if c.cell {
				eventually(t, patience, func() string { return none(i.running("bob")) })
			} else if len(i.running("bob")) == 0 {
				t.Error("her programs are gone, though she is not")
			}
			y.typed("echo still $((40+2))") // alice has noticed nothing
			y.wait("still 42")
		})
	}
}

// An administrator breaks users.toml, and mends it by what the log says.
func TestABrokenTableKeepsTheOldOne(t *testing.T) {
	t.Parallel()
	i := start(t)
	x := i.terminal("alice")
	x.prompt()
	good := i.users()
	broken := strings.Replace(good, "[user.bob]", "shel = \"/bin/sh\"\nlinger = \"forever\"\n\n[user.bob]", 1) +
		"\n[user.carol]\nuid = 0\nkeys = [\"ssh-ed25519 nonsense\"]\n\n[user.dave]\n"
	i.log.mark()
	i.write("users.toml", broken)
	i.log.wait("the old configuration stays in use", "problems=5")
	last := 0
	for _, want := range []struct{ line, key, fix string }{
		{`shel = "/bin/sh"`, "user.alice.shel", "shell"},
		{`linger = "forever"`, "user.alice.linger", " - "},
		{`uid = 0`, "user.carol.uid", " - "},
		{`keys = ["ssh-ed25519 nonsense"]`, "user.carol.keys[0]", " - "},
		{`[user.dave]`, "user.dave.uid", "uid = 20001"},
	} {
		number := strings.Count(broken[:strings.Index(broken, want.line)], "\n") + 1
		where := fmt.Sprintf("%s:%d: %s: ", filepath.Join(i.dir, "users.toml"), number, want.key)
		line := i.log.wait("the configuration is wrong", where)
		if !strings.Contains(line, want.fix) || number <= last {
			t.Errorf("line %d, after %d: %s", number, last, line)
		}
		last = number
	}
	x.typed("echo still $((40+2))")
	x.wait("still 42")
	i.sh("bob", "true")
	if o := i.jailsh("check"); o.code != 1 || strings.Count(o.out, "users.toml:") != 5 {
		t.Errorf("check: %+v", o)
	}
	i.reload()
	i.sh("bob", "true")
}

// A table that others could have written counts for nothing.
func TestATableThatOthersCouldWrite(t *testing.T) {
	t.Parallel()
	i := start(t)
	i.person("bob").gone = true
	i.log.mark()
	i.writeUsers()
	if err := os.Chmod(filepath.Join(i.dir, "users.toml"), 0o666); err != nil {
		t.Fatal(err)
	}
	i.log.wait("the configuration is wrong", "is writable by others", "run: chmod go-w "+filepath.Join(i.dir, "users.toml"))
}

func TestHangupReloadsAndReopensTheLog(t *testing.T) {
	t.Parallel()
	i := start(t)
	audit := filepath.Join(i.dir, "logs", "audit.log")
	i.sh("alice", "true")
	i.log.wait("msg=logout", "user=alice") // written to both
	if err := os.Rename(audit, audit+".1"); err != nil {
		t.Fatal(err)
	}
	i.log.mark()
	i.signal(syscall.SIGHUP)
	i.log.wait("reloaded the configuration")
	i.sh("bob", "true")
	eventually(t, patience, func() string { // jailsh-net's records travel behind the session
		before, _ := os.ReadFile(audit + ".1")
		after, _ := os.ReadFile(audit)
		for text, want := range map[string]string{string(before): `"msg":"login"`, string(after): `"msg":"login"`} {
			if !strings.Contains(text, want) {
				return fmt.Sprintf("no %s in %q", want, text)
			}
		}
		if strings.Contains(string(before), `"user":"bob"`) {
			return "bob is in the old log"
		}
		return ""
	})
}

// Keys of jailsh.toml that can be are taken over while the server runs; of the
// others both the log and jailsh check say that they wait.
func TestAChangeOfTheServer(t *testing.T) {
	t.Parallel()
	i := start(t)
	i.log.mark()
	i.server = "banner = \"be welcome\\n\"\nmax_sessions = 3"
	listen := i.listen
	i.listen = freePort(t)
	i.writeServer()
	i.log.wait("these take effect when jailshd is started again", "keys=[listen]")
	i.log.wait("reloaded the configuration")
	i.listen = listen
	if o := i.ssh("alice", "-oLogLevel=INFO", "--", "true"); !strings.Contains(o.err, "be welcome") {
		t.Errorf("no banner: %q", o.err)
	}
	out, err := exec.Command(program("jailsh"), "check", "--config", i.file).CombinedOutput()
	if want := "advice: " + i.file + ":1: listen: the jailshd that runs has another value - restart it when it suits"; err != nil || !strings.Contains(string(out), want) {
		t.Errorf("check: %v\n%s\nlacks: %s", err, out, want)
	}
	i.log.mark()
	i.writeServer()
	i.log.wait("reloaded the configuration")
	if out, _ := exec.Command(program("jailsh"), "check", "--config", i.file).CombinedOutput(); strings.Contains(string(out), "another value") {
		t.Errorf("check, after it was taken back: %s", out)
	}
}

// A key that expires while somebody is logged in with it logs her out.
func TestAKeyExpiresDuringALogin(t *testing.T) {
	t.Parallel()
	i := newInstance(t)
	i.person("alice").options = `expiry-time="` + time.Now().Add(4*time.Second).UTC().Format("20060102150405") + `Z" `
	i.start()
	o := i.ssh("alice", "--", "sleep 60")
	if !strings.Contains(o.err, "your access was withdrawn") {
		t.Errorf("the client was told %q", o.err)
	}
	i.log.wait("msg=withdrawn", "user=alice", `reason="the key has expired"`)
}
