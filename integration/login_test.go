package integration

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The way of somebody new: two commands, a login, and a shell that is as one is
// used to.
func TestTheFirstMinutes(t *testing.T) {
	t.Parallel()
	i := newInstance(t)
	i.people = i.people[:1]
	dir := filepath.Join(i.dir, "fresh")
	i.file = filepath.Join(dir, "jailsh.toml")
	if o := run(t, nil, program("jailsh"), "init", "--listen", i.listen, dir); o.code != 0 || !strings.Contains(o.out, "built") {
		t.Fatalf("init: %+v", o)
	}
	if o := run(t, []byte(i.people[0].public), program("jailsh"), "--config", i.file, "user", "add", "alice", "--key", "-"); o.code != 0 {
		t.Fatalf("user add: %+v", o)
	}
	if o := i.jailsh("check"); o.code != 0 {
		t.Fatalf("check: %+v", o)
	}
	i.launch()
	i.log.wait("msg=listening")
	key, err := os.ReadFile(filepath.Join(dir, "host_ed25519_key.pub"))
	if err != nil {
		t.Fatal(err)
	}
	i.write("known_hosts", knownHost(i.listen)+" "+string(key))
	o := i.ssh("alice", "--", "echo $USER $HOME $SHELL; hostname; id -un")
	if want := "alice /home/alice /bin/bash\njail\nalice\n"; o.code != 0 || o.out != want {
		t.Errorf("%+v, want %q", o, want)
	}
	// Who runs on what the command before has changed needn't wait.
	for _, then := range []struct {
		set  string
		code int
	}{{"disabled=true", 255}, {"disabled=", 0}, {"allow.exec=false", 254}} {
		if o := i.jailsh("user", "set", "alice", then.set); o.code != 0 {
			t.Fatalf("%+v", o)
		}
		if o := i.ssh("alice", "--", "true"); o.code != then.code {
			t.Errorf("after %s: %+v", then.set, o)
		}
	}
}

func TestShellOnATerminal(t *testing.T) {
	t.Parallel()
	i := start(t)
	x := i.terminal("alice")
	x.prompt()
	x.typed("stty size; tty; echo term=$TERM on $SSH_TTY; shopt login_shell")
	x.wait("43 132", "/dev/pts/0", "term=screen-256color on /dev/pts/0", "login_shell     on")

	x.typed("sleep 1000")
	i.awaitRunning("alice", "sleep 1000")
	x.press("C-c")
	x.typed("echo status=$?")
	x.wait("status=130")

	x.typed("sleep 2000")
	i.awaitRunning("alice", "sleep 2000")
	x.press("C-z")
	x.wait("Stopped", "sleep 2000")
	x.typed("clear; fg")
	i.awaitForeground("alice", "sleep 2000")
	x.wait("sleep 2000") // fg says what it continues
	x.press("C-c")
	x.typed("echo back=$?")
	x.wait("back=130")

	x.resize(100, 30)
	x.typed("clear; stty size")
	x.wait("30 100")
	x.typed("exit 7")
	x.wait(over + "7")
}

func TestAnEditorFollowsTheWindow(t *testing.T) {
	t.Parallel()
	i := start(t)
	x := i.terminal("alice")
	x.prompt()
	x.typed("vi -u NONE -N new.txt")
	x.wait(`"new.txt"`)
	x.typed("ihello there")
	x.press("Escape")
	for _, size := range [][2]int{{132, 43}, {90, 25}, {140, 50}} {
		x.resize(size[0], size[1])
		eventually(t, patience, func() string {
			x.press("C-l")
			x.typed(`:echo "size=" . &columns . "x" . &lines`)
			if want := fmt.Sprintf("size=%dx%d", size[0], size[1]); !strings.Contains(x.screen(), want) {
				return "vi doesn't show " + want
			}
			return ""
		})
	}
	x.press("Escape")
	x.typed(":wq")
	x.prompt()
	if got := i.sh("alice", "cat new.txt"); got != "hello there" {
		t.Errorf("the file has %q", got)
	}
}

// What runs in a tmux is there at the next login.
func TestTmuxOutlivesALogin(t *testing.T) {
	t.Parallel()
	i := start(t)
	x := i.terminal("alice")
	x.prompt()
	x.typed("tmux new -s work")
	x.wait("[work] 0:")
	x.typed("echo it is $((40+2)) >kept; cat kept; exec sleep 3000")
	x.wait("it is 42")
	i.awaitRunning("alice", "sleep 3000")
	x.press("C-b", "d")
	x.wait("[detached (from session work)]")
	x.typed("exit 0")
	x.wait(over + "0")
	i.log.wait("msg=logout")

	y := i.terminal("alice", "--", "tmux", "attach", "-t", "work")
	y.wait("it is 42", "[work] 0:")
	y.press("C-b", ":")
	y.wait("\n:")
	y.typed("kill-session")
	y.wait(over)
	eventually(t, patience, func() string { return none(i.running("alice")) })
}
