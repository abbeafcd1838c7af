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
