package integration

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// recordings are those of a user, by `jailsh record list`.
func (i *instance) recordings(user string) (list []struct{ Name, State string }) {
	i.t.Helper()
	if err := json.Unmarshal([]byte(i.jailshMust("record", "list", user, "--json")), &list); err != nil {
		i.t.Fatal(err)
	}
	return list
}

// recording waits for the only recording of a user to get into a state, and returns
// its name and its file.
func (i *instance) recording(user, state string) (name, file string) {
	i.t.Helper()
	eventually(i.t, patience, func() string {
		list := i.recordings(user)
		if len(list) == 1 && list[0].State == state {
			name = list[0].Name
			return ""
		}
		return fmt.Sprintf("recordings are %v, and one should be %s", list, state)
	})
	return name, filepath.Join(i.dir, "logs/recordings", name+".cast")
}

// A session is recorded, but for what was typed at a question for a password; nobody
// changes a byte of it without being found out, and a stock player plays it.
func TestRecordingOfASession(t *testing.T) {
	t.Parallel()
	i := newInstance(t)
	i.server = "record_input = true"
	i.person("alice").table = `record = "strict"`
	i.start()
	x := i.terminal("alice", "--", `stty size; echo 'Grüße'; read -s -p "secret? " s; read -p "name? " n; stty size; echo got ${#s} $n; read end`)
	x.wait("secret?")
	name, file := i.recording("alice", "recording")
	x.typed("xyzzyplugh")
	x.wait("name?")
	x.resize(100, 30)
	x.typed("alice")
	x.wait("got 10 alice")
	x.press("Enter")
	x.wait(over + "0")

	if again, _ := i.recording("alice", "finished"); again != name {
		t.Errorf("it is called %s and %s", name, again)
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{`"cols":132,"rows":43`, `"r", "100x30"`, `Grüße\r\n`, `"i", "a`, `"x", "0"]`} {
		if !strings.Contains(string(b), part) {
			t.Errorf("%s isn't in it", part)
		}
	}
	if strings.Contains(string(b), "xyzzy") || strings.Contains(string(b), `"y"`) || t.Failed() {
		t.Errorf("recorded was\n%s", b)
	}
	if text := i.jailshMust("record", "export", name); text != "43 132\nGrüße\nsecret? name? alice\n30 100\ngot 10 alice" {
		t.Errorf("as text it is %q", text)
	}
	for path, mode := range map[string]os.FileMode{file: 0o600, file + ".seals": 0o600, filepath.Dir(file): 0o700, filepath.Dir(filepath.Dir(file)): 0o700} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != mode {
			t.Errorf("%s: %v %v", path, info, err)
		}
	}

	i.write("player.cast", i.jailshMust("record", "export", name, "--format", "asciicast-v2")+"\n")
	openTerminal(t, []string{"env", "HOME=" + i.dir, "asciinema", "cat", filepath.Join(i.dir, "player.cast")}).wait("Grüße", "got 10 alice", over+"0")

	if o := i.jailsh("record", "verify"); o.code != 0 || !strings.Contains(o.out, name+": good, "+fmt.Sprint(len(b))+" bytes") {
		t.Errorf("verify: %+v", o)
	}
	for what, changed := range map[string][]byte{
		"was changed between byte 0 and": []byte(strings.Replace(string(b), "alice", "alicf", 1)),
		"was cut":                        b[:len(b)-1],
		"has 1 bytes after its end":      append(b[:len(b):len(b)], '\n'),
	} {
		if err := os.WriteFile(file, changed, 0o600); err != nil {
			t.Fatal(err)
		}
		if o := i.jailsh("record", "verify", name); o.code != 1 || !strings.Contains(o.out, "BAD: it "+what) {
			t.Errorf("%s: %+v", what, o)
		}
	}
}

// Of a recording whose writer was killed it is said how far it is good.
func TestRecordingWhoseWriterIsKilled(t *testing.T) {
	t.Parallel()
	i := newInstance(t)
	i.person("alice").table = `record = "on"`
	i.start()
	x := i.terminal("alice")
	x.prompt()
	name, _ := i.recording("alice", "recording")
	kill(t, i.net())
	x.wait(over)
	i.recording("alice", "unfinished")
	if o := i.jailsh("record", "verify", name); o.code != 1 || !strings.Contains(o.out, "unfinished: good are 0 of ") {
		t.Errorf("verify: %+v", o)
	}
	i.jailshMust("record", "export", name)
}

// A full disk ends the sessions that must not go unrecorded, and keeps others out;
// whoever may go unrecorded goes on, and nobody else notices.
func TestRecordingToAFullDisk(t *testing.T) {
	t.Parallel()
	i := newInstance(t)
	i.person("alice").table = `record = "strict"`
	i.person("bob").table = `record = "on"`
	folder := filepath.Join(i.dir, "logs/recordings")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Dir(folder), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("none", folder, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "mode=0700,size=256k"); err != nil {
		t.Fatal(err)
	}
	i.start()
	const lots = "seq 200000 | tail -n 100000 | cat; echo went on; exit 5"
	if o := i.ssh("alice", "-tt", "--", lots); o.code != 254 || !strings.Contains(o.err, "jailsh: the recording of this session could not be written, and it is ended") {
		t.Errorf("alice: status %d: %s", o.code, o.err)
	}
	i.log.wait(`level=ERROR msg="recording failed"`, "no space left on device")
	if o := i.ssh("alice", "-tt", "--", "true"); o.code != 254 || !strings.Contains(o.err, "jailsh: this account is recorded, and the recording could not be made") {
		t.Errorf("alice again: status %d: %s", o.code, o.err)
	}
	if o := i.ssh("bob", "-tt", "--", lots); o.code != 5 || !strings.Contains(o.out, "went on") {
		t.Errorf("bob: status %d: %s", o.code, o.err)
	}
	i.log.wait(`level=ERROR msg="not recorded"`, "user=bob")
	files, err := filepath.Glob(filepath.Join(folder, "*", "*"))
	if err != nil || len(files) != 2 {
		t.Errorf("there is %v %v, and only the first should have left something", files, err)
	}
	for _, f := range files {
		if err := os.Remove(f); err != nil {
			t.Fatal(err)
		}
	}
	if o := i.ssh("alice", "-tt", "--", "true"); o.code != 0 {
		t.Errorf("alice, when there is room: %+v", o)
	}
	i.stop()
	if err := unix.Unmount(folder, 0); err != nil {
		t.Error(err)
	}
}

// What one recording may have is held by the kernel too, and what is too much of a
// user's is removed.
func TestRecordingsAreBounded(t *testing.T) {
	t.Parallel()
	i := newInstance(t)
	i.server = "record_max_file = \"1M\"\nrecord_max_size = \"1M\""
	i.person("alice").table = `record = "strict"`
	i.start()
	if o := i.ssh("alice", "-tt", "--", "seq 500000"); o.code != 254 || !strings.Contains(o.err, "could not be written") {
		t.Errorf("status %d: %s", o.code, o.err)
	}
	limits, err := os.ReadFile(fmt.Sprintf("/proc/%d/limits", i.net()))
	if err != nil || !strings.Contains(strings.Join(strings.Fields(string(limits)), " "), "Max file size 1048576 1048576 bytes") {
		t.Errorf("jailsh-net's limits are\n%s%v", limits, err)
	}
	name, _ := i.recording("alice", "finished")
	if o := i.jailsh("record", "verify", name); o.code != 0 {
		t.Errorf("what was written isn't good: %+v", o)
	}
	if o := i.ssh("alice", "-tt", "--", "seq 50000"); o.code != 0 {
		t.Errorf("status %d: %s", o.code, o.err)
	}
	i.stop()
	i.launch()
	i.log.wait("msg=listening")
	eventually(t, patience, func() string {
		if list := i.recordings("alice"); len(list) != 1 {
			return fmt.Sprintf("there are %v", list)
		}
		return ""
	})
}
