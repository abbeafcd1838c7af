package integration

import (
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// files makes a folder with files of all kinds.
func files(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	data := make([]byte, 3<<20)
	_, _ = rand.Read(data) // never fails
	for name, content := range map[string][]byte{
		"text": []byte("hello\n"), "data": data, "empty": nil, "sub/with a blank": []byte("x"), "sub/ünïcode": []byte("y"),
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	symlink(t, "text", filepath.Join(dir, "link"))
	return dir
}

// same compares two folders.
func same(t *testing.T, a, b string) {
	t.Helper()
	if o := run(t, nil, "diff", "-r", "--no-dereference", a, b); o.code != 0 {
		t.Errorf("%s and %s differ: %s%s", a, b, o.out, o.err)
	}
}

// With nothing but what the basic template has.
func TestTarThroughAPipe(t *testing.T) {
	t.Parallel()
	i := start(t)
	from, to := files(t), t.TempDir()
	up := run(t, nil, "tar", "-C", from, "-cz", ".")
	if o := runCommand(t, []byte(up.out), i.sshCommand("alice", "--", "mkdir up && tar -C up -xz")); o.code != 0 {
		t.Fatalf("up: %+v", o)
	}
	same(t, from, filepath.Join(i.home("alice"), "up"))
	down := i.ssh("alice", "--", "tar -C up -c .")
	if o := run(t, []byte(down.out), "tar", "-C", to, "-x"); o.code != 0 || down.code != 0 {
		t.Fatalf("down: %s %+v", down.err, o)
	}
	same(t, from, to)
}

// withHost gives everybody the host's programs, at /host, as an administrator
// may who doesn't mind.
func withHost(t *testing.T) string {
	t.Helper()
	libraries, err := filepath.Glob("/usr/lib/*-linux-gnu*")
	if err != nil || len(libraries) == 0 {
		t.Fatal(libraries, err)
	}
	for n, l := range libraries {
		libraries[n] = strings.Replace(l, "/usr", "/host", 1)
	}
	return fmt.Sprintf(`[defaults]
mounts = [{ source = "/usr", target = "/host" }]
env = { PATH = "/usr/bin:/host/bin", LD_LIBRARY_PATH = %q, GIT_EXEC_PATH = "/host/lib/git-core" }
`, strings.Join(libraries, ":"))
}

// What speaks its own protocol over ssh needs a pipe that is clean both ways.
func TestProgramsThatUseSSH(t *testing.T) {
	t.Parallel()
	i := newInstance(t)
	i.head = withHost(t)
	i.start()
	from := files(t)
	remoteShell := "ssh " + strings.Join(i.options("alice"), " ")

	t.Run("scp", func(t *testing.T) {
		to := filepath.Join(t.TempDir(), "down")
		for _, pair := range [][2]string{{from, "alice@127.0.0.1:scp"}, {"alice@127.0.0.1:scp", to}} {
			args := append(append([]string{"-O", "-r"}, i.options("alice")...), pair[0], pair[1])
			if o := run(t, nil, "scp", args...); o.code != 0 {
				t.Fatalf("%q: %+v", pair, o)
			}
		}
		remove(t, filepath.Join(to, "link")) // scp follows it
		remove(t, filepath.Join(i.home("alice"), "scp", "link"))
		symlink(t, "text", filepath.Join(to, "link"))
		same(t, from, to)
	})
	t.Run("rsync", func(t *testing.T) {
		to := t.TempDir()
		for _, pair := range [][2]string{{from + "/", "alice@127.0.0.1:rsync/"}, {"alice@127.0.0.1:rsync/", to + "/"}} {
			if o := run(t, nil, "rsync", "-rlt", "-e", remoteShell, pair[0], pair[1]); o.code != 0 {
				t.Fatalf("%q: %+v", pair, o)
			}
		}
		same(t, from, to)
	})
	t.Run("git", func(t *testing.T) {
		to := filepath.Join(t.TempDir(), "clone")
		i.sh("alice", "git init -q --bare -b main repo.git")
		git := func(dir string, args ...string) {
			c := command(t, "git", args...)
			c.Dir = dir
			c.Env = append(c.Env, "GIT_SSH_COMMAND="+remoteShell, "GIT_CONFIG_NOSYSTEM=1",
				"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@b", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@b")
			if out, err := c.CombinedOutput(); err != nil {
				t.Fatalf("git %q: %v\n%s", args, err, out)
			}
		}
		git(from, "init", "-q", "-b", "main")
		git(from, "add", "-A")
		git(from, "commit", "-q", "-m", "first")
		git(from, "push", "-q", "alice@127.0.0.1:repo.git", "main")
		git("/", "clone", "-q", "alice@127.0.0.1:repo.git", to)
		remove(t, filepath.Join(from, ".git"))
		remove(t, filepath.Join(to, ".git"))
		same(t, from, to)
	})
}

// `ssh host < script`: the shell reads it from its standard input.
func TestAScriptOnStandardInput(t *testing.T) {
	t.Parallel()
	i := start(t)
	script := "cd /tmp\nfor n in 1 2 3; do echo line $n; done\nread word <<<'a b'; echo \"$word\"\nexit 5\necho never\n"
	for _, args := range [][]string{nil, {"--", "bash -s"}, {"-T"}} {
		if o := runCommand(t, []byte(script), i.sshCommand("alice", args...)); o.code != 5 || o.out != "line 1\nline 2\nline 3\na b\n" {
			t.Errorf("%q: %+v", args, o)
		}
	}
}

// A user may be limited to one of the programs, by a forced command.
func TestAUserWithOneProgram(t *testing.T) {
	t.Parallel()
	i := newInstance(t)
	i.head = withHost(t)
	uid := i.person("alice").uid
	for n, p := range []struct{ name, table string }{
		{"pusher", `command = 'exec git-shell -c "$SSH_ORIGINAL_COMMAND"'`},
		{"syncer", `command = 'set -f; case $SSH_ORIGINAL_COMMAND in "rsync --server "*) exec $SSH_ORIGINAL_COMMAND;; esac; echo rsync only >&2; exit 1'`},
		{"taker", `command = 'exec tar -x'`},
	} {
		i.add(p.name, uid+2+n).table = p.table
	}
	i.start()
	from := files(t)
	shell := func(name string) string { return "ssh " + strings.Join(i.options(name), " ") }
	i.jailshMust("run", "pusher", "--", "git", "init", "-q", "--bare", "-b", "main", "repo.git")
	git := func(args ...string) output {
		c := command(t, "git", args...)
		c.Dir = from
		c.Env = append(c.Env, "GIT_SSH_COMMAND="+shell("pusher"), "GIT_CONFIG_NOSYSTEM=1",
			"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@b", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@b")
		return runCommand(t, nil, c)
	}
	for _, args := range [][]string{{"init", "-q", "-b", "main"}, {"add", "-A"}, {"commit", "-q", "-m", "first"}, {"push", "-q", "pusher@127.0.0.1:repo.git", "main"}} {
		if o := git(args...); o.code != 0 {
			t.Fatalf("git %q: %+v", args, o)
		}
	}
	for _, args := range [][]string{nil, {"--", "sh"}, {"--", "git-upload-pack repo.git; id"}, {"-s", "--", "sftp"}} {
		if o := i.ssh("pusher", args...); o.code == 0 || strings.Contains(o.out, "uid=") {
			t.Errorf("pusher %q: %+v", args, o)
		}
	}
	remove(t, filepath.Join(from, ".git"))
	if o := run(t, nil, "rsync", "-a", "-e", shell("syncer"), from+"/", "syncer@127.0.0.1:in/"); o.code != 0 {
		t.Errorf("rsync: %+v", o)
	}
	same(t, from, filepath.Join(i.home("syncer"), "in"))
	if o := i.ssh("syncer", "--", "cat /etc/passwd"); o.code != 1 || o.err != "rsync only\n" {
		t.Errorf("syncer: %+v", o)
	}
	up := run(t, nil, "tar", "-C", from, "-c", ".")
	if o := runCommand(t, []byte(up.out), i.sshCommand("taker", "--", "cat /etc/passwd")); o.code != 0 || o.out != "" {
		t.Errorf("tar: %+v", o)
	}
	if got := i.jailshMust("run", "taker", "--", "cat", "text"); got != "hello" {
		t.Errorf("taken: %q", got)
	}
}

// jailshMust runs jailsh on the instance. It must succeed.
func (i *instance) jailshMust(args ...string) string {
	i.t.Helper()
	o := i.jailsh(args...)
	if o.code != 0 {
		i.t.Fatalf("jailsh %q: %+v", args, o)
	}
	return strings.TrimSpace(o.out)
}
