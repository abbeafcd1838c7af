package integration

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// sftp runs the stock client with the lines of a batch.
func (i *instance) sftp(name string, batch ...string) output {
	i.t.Helper()
	args := append(append([]string{"-q"}, i.options(name)...), "-b", "-", name+"@127.0.0.1")
	return run(i.t, []byte(strings.Join(batch, "\n")+"\n"), "sftp", args...)
}

// mustSFTP is sftp of a batch that has to succeed.
func (i *instance) mustSFTP(name string, batch ...string) string {
	i.t.Helper()
	o := i.sftp(name, batch...)
	if o.code != 0 {
		i.t.Fatalf("sftp %q: status %d\n%s%s", batch, o.code, o.out, o.err)
	}
	return o.out
}

// What the stock clients can do with files, in a jail that knows nothing of it.
func TestSFTP(t *testing.T) {
	t.Parallel()
	i := start(t)
	from := files(t)
	remove(t, filepath.Join(from, "link")) // `put -r` leaves links out

	t.Run("sftp", func(t *testing.T) {
		to := t.TempDir()
		i.mustSFTP("alice", "put -r "+from+" there", "get -r there "+to)
		same(t, from, filepath.Join(to, "there"))
	})
	t.Run("scp", func(t *testing.T) {
		to := filepath.Join(t.TempDir(), "down")
		for _, pair := range [][2]string{{from, "alice@127.0.0.1:scp"}, {"alice@127.0.0.1:scp", to}} {
			if o := run(t, nil, "scp", append(append([]string{"-r", "-p"}, i.options("alice")...), pair[0], pair[1])...); o.code != 0 {
				t.Fatalf("%q: %+v", pair, o)
			}
		}
		same(t, from, to)
		for _, name := range []string{"text", "data"} { // -p
			a, b := stat(t, filepath.Join(from, name)), stat(t, filepath.Join(to, name))
			if a.ModTime().Unix() != b.ModTime().Unix() || a.Mode() != b.Mode() {
				t.Errorf("%s: %v %v became %v %v", name, a.Mode(), a.ModTime(), b.Mode(), b.ModTime())
			}
		}
	})
	t.Run("scp from ~", func(t *testing.T) {
		to := filepath.Join(t.TempDir(), "down")
		if o := run(t, nil, "scp", append(i.options("alice"), "alice@127.0.0.1:~/.bashrc", to)...); o.code != 0 || stat(t, to).Size() == 0 {
			t.Errorf("%+v", o)
		}
	})
	t.Run("its commands", func(t *testing.T) {
		out := i.mustSFTP("alice",
			"pwd", "mkdir d", "cd d", "pwd", "put "+from+"/text a", "chmod 600 a", "rename a b", "symlink b s", "ln b h",
			"cp b copy", "ls -1", "ls -l b", "df", "rm h", "cd ..", "-rmdir d", "put "+from+"/text d/dots..x")
		for _, want := range []string{
			"Remote working directory: /home/alice\n", "Remote working directory: /home/alice/d\n", "\nb\n", "copy", "alice    alice           6 ", "%Capacity",
		} {
			if !strings.Contains(out, want) {
				t.Errorf("no %q in\n%s", want, out)
			}
		}
		if got := i.sh("alice", "cd d; stat -c '%n %a %h %U' *; readlink s; cat copy"); got != "b 600 1 alice\ncopy 600 1 alice\ndots..x 644 1 alice\ns 777 1 alice\nb\nhello" {
			t.Errorf("left is\n%s", got)
		}
	})
	t.Run("resumed", func(t *testing.T) {
		data, err := os.ReadFile(filepath.Join(from, "data"))
		if err != nil {
			t.Fatal(err)
		}
		half := filepath.Join(t.TempDir(), "half")
		if err := os.WriteFile(half, data[:1<<20], 0o600); err != nil {
			t.Fatal(err)
		}
		i.mustSFTP("alice", "put "+half+" half", "reput "+from+"/data half", "reget half "+half)
		if got, err := os.ReadFile(half); err != nil || !bytes.Equal(got, data) {
			t.Errorf("%d bytes instead of %d, %v", len(got), len(data), err)
		}
	})
	t.Run("odd names", func(t *testing.T) {
		odd := filepath.Join(t.TempDir(), "odd")
		mkdir(t, odd)
		for _, name := range []string{"two\nlines", "\x1b[31m", "\xff\xfe", " ", "-r", "*", strings.Repeat("n", 255)} {
			if err := os.WriteFile(filepath.Join(odd, name), []byte(name), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		to := t.TempDir()
		i.mustSFTP("alice", "put -r "+odd+" odd", "get -r odd "+to)
		same(t, odd, filepath.Join(to, "odd"))
	})
	eventually(t, patience, func() string { return none(i.cell("alice")) })
}

func stat(t *testing.T, path string) os.FileInfo {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info
}

// What users.toml and keys say of sftp.
func TestWhoMayDoWhatBySFTP(t *testing.T) {
	t.Parallel()
	i := newInstance(t)
	i.head = withHost(t) // for the template's own server
	uid := i.person("alice").uid
	for n, p := range []struct{ name, options, table string }{
		{"box", "", "command = \"internal-sftp -u 027\"\nsftp = { start = \"/tmp\", log = true, deny = [\"remove\"] }"},
		{"reader", "", "sftp = { read_only = true }"},
		{"keyed", `restrict,command="internal-sftp -R" `, ""},
		{"other", `command="echo asked: $SSH_ORIGINAL_COMMAND >&2; exit 4" `, ""},
		{"without", "", "allow = { sftp = false }"},
		{"bare", "restrict ", "allow = { shell = false, exec = false, pty = false }"},
		{"theirs", "", `sftp = { server = "/host/lib/openssh/sftp-server", read_only = true, start = "/tmp" }`},
		{"nowhere", "", `sftp = { start = "no such folder" }`},
	} {
		who := i.add(p.name, uid+2+n)
		who.options, who.table = p.options, p.table
	}
	i.start()
	text := filepath.Join(files(t), "text")
	for _, c := range []struct {
		name  string
		batch []string
		code  int
		out   string
	}{
		{"box", []string{"pwd", "put " + text + " a", "ls -l a", "get a /dev/null"}, 0, "-rw-r-----"},
		{"box", []string{"put " + text + " b", "rm b"}, 1, "Permission denied"},
		{"reader", []string{"put " + text + " a"}, 1, "Permission denied"},
		{"reader", []string{"mkdir a"}, 1, "Permission denied"},
		{"reader", []string{"get .bashrc /dev/null", "ls -la"}, 0, ".bashrc"},
		{"keyed", []string{"put " + text + " a"}, 1, "Permission denied"},
		{"keyed", []string{"ls -la"}, 0, ".bashrc"},
		{"other", []string{"ls"}, 255, "asked: internal-sftp"},
		{"without", []string{"ls"}, 255, "Connection closed"},
		{"bare", []string{"put " + text + " a", "ls"}, 0, "a"},
		{"theirs", []string{"pwd"}, 0, "Remote working directory: /tmp\n"},
		{"theirs", []string{"put " + text + " a"}, 1, "Permission denied"},
		{"nowhere", []string{"ls"}, 255, "Connection closed"},
	} {
		o := i.sftp(c.name, c.batch...)
		if all := o.out + o.err; o.code != c.code || !strings.Contains(all, c.out) {
			t.Errorf("%s %q: status %d, %q, want %d, %q", c.name, c.batch, o.code, all, c.code, c.out)
		}
	}
	for _, c := range []struct{ name, command string }{{"box", ""}, {"box", "cat /etc/passwd"}, {"box", "internal-sftp"}, {"keyed", "sh"}} {
		args := []string(nil)
		if c.command != "" {
			args = []string{"--", c.command}
		}
		if o := i.ssh(c.name, args...); o.code != 254 || o.out != "" || !strings.HasPrefix(o.err, "jailsh: this account is for sftp only: reference ") {
			t.Errorf("%s %q: %+v", c.name, c.command, o)
		}
	}
	i.log.wait(`msg="sftp remark"`, "user=nowhere", "start folder: ")
	i.log.wait("msg=transfer", "user=box", "written=6", "name=/tmp/a", "cut=false")
	i.log.wait("msg=transfer", "user=box", "read=6", "name=/tmp/a")
	if strings.Count(i.log.String(), "msg=transfer") != 3 {
		t.Error("others have transfers in the log too")
	}
	audit, err := os.ReadFile(filepath.Join(i.dir, "logs/audit.log"))
	if err != nil {
		t.Fatal(err)
	}
	found := false
	for line := range strings.Lines(string(audit)) {
		var e struct{ Msg, User, Name, Written string }
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatal(err)
		}
		found = found || e.Msg == "transfer" && e.User == "box" && e.Name == "/tmp/a" && e.Written == "6"
	}
	if !found {
		t.Errorf("the audit log:\n%s", audit)
	}
}

// What the file system can't take is told, and the session goes on.
func TestFullAndReadOnlyFolders(t *testing.T) {
	t.Parallel()
	i := newInstance(t)
	i.person("alice").table = `linger = "1h"` + "\n" + `limits = { tmp = "1M", file_size = "2M" }`
	i.start()
	large := filepath.Join(t.TempDir(), "large")
	data := make([]byte, 3<<20)
	_, _ = rand.Read(data) // never fails
	if err := os.WriteFile(large, data, 0o600); err != nil {
		t.Fatal(err)
	}
	o := i.sftp("alice", "-put "+large+" /tmp/large", "-put "+large+" large", "-put "+large+" /usr/large", "-mkdir /usr/x", "ls -l /tmp/large", "rm /tmp/large", "put /etc/passwd /tmp/p")
	if o.code != 0 || strings.Count(o.err, "Failure") < 4 || !strings.Contains(o.out, "1048576 ") {
		t.Errorf("%+v", o)
	}
	if got := i.sh("alice", "ls /tmp; stat -c %s large"); got != fmt.Sprintf("p\n%d", 2<<20) {
		t.Errorf("left is %q", got)
	}
}
