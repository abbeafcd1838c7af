package integration

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// Landlock's rules are the mount table's: what an administrator mounts writable
// can be written, a file as well as a folder, and what isn't can't.
func TestMountsAreWritableAsTheyAreMeant(t *testing.T) {
	t.Parallel()
	i := newInstance(t)
	uid := i.person("alice").uid
	for _, dir := range []string{"work", "work/sub", "course"} {
		if err := os.Mkdir(filepath.Join(i.dir, dir), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Chown(filepath.Join(i.dir, dir), uid, uid); err != nil {
			t.Fatal(err)
		}
	}
	for _, file := range []string{"notes", "rules"} {
		i.write(file, "old\n")
		if err := os.Chown(filepath.Join(i.dir, file), uid, uid); err != nil {
			t.Fatal(err)
		}
	}
	i.person("alice").table = fmt.Sprintf(`mounts = [
  { source = %[1]q, target = "/work", mode = "rw" }, { source = %[2]q, target = "/course" },
  { source = %[3]q, target = "/notes", mode = "rw" }, { source = %[4]q, target = "/rules" },
]`, filepath.Join(i.dir, "work"), filepath.Join(i.dir, "course"), filepath.Join(i.dir, "notes"), filepath.Join(i.dir, "rules"))
	i.start()
	got := i.sh("alice", `
cd /work; echo 1 >f; ln f sub/g; mv sub/g h; mkdir d; mv h d/; rm f; ls d
echo new >/notes; cat /notes
for f in /course/f /rules; do echo x 2>/dev/null >$f || echo "$f not"; done`)
	if want := "h\nnew\n/course/f not\n/rules not"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// The files of /proc/PID are hers, and the mount is writable: nothing but
// Landlock keeps her from steering processes by them.
func TestNothingInProcCanBeWritten(t *testing.T) {
	t.Parallel()
	i := start(t)
	got := i.sh("alice", `
for f in comm oom_score_adj coredump_filter timerslack_ns mem; do
  test -O /proc/$$/$f || echo "$f isn't hers"
  (: >>/proc/$$/$f) 2>/dev/null && echo "$f can be written"
done
echo 2>/dev/null >/proc/$$/comm || echo done`)
	if got != "done" {
		t.Error(got)
	}
}

// A kernel without Landlock makes jails all the same, and jailshd says so. strace
// stands for that kernel.
func TestAKernelWithoutLandlock(t *testing.T) {
	t.Parallel()
	i := newInstance(t)
	i.under = []string{
		"strace", "-D", "-f", "--seccomp-bpf", "-qq", "-o", "/dev/null",
		"-e", "trace=landlock_create_ruleset", "-e", "inject=landlock_create_ruleset:error=ENOSYS",
	}
	i.start()
	i.log.wait("level=WARN", "the kernel has no Landlock, or an old one: jails are made without it")
	if got := i.sh("alice", `echo >/proc/$$/comm && echo >~/f && echo in`); got != "in" {
		t.Errorf("%q", got)
	}
}
