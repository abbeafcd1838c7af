package jail_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/jailsh/jailsh/jail"
	"github.com/jailsh/jailsh/jail/rootfs"
	"golang.org/x/sys/unix"
)

// withSkel is an account whose template has a skel of the test's own.
func withSkel(t *testing.T, fill func(skel string)) jail.Account {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "root")
	if out, err := exec.Command("cp", "-al", basic.Tree.Dir, dir).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	skel := filepath.Join(dir, "etc/skel")
	must(t, os.RemoveAll(skel), os.Mkdir(skel, 0o700), os.Chmod(skel, 0o755))
	fill(skel)
	a := account(t, "alice", 20001)
	a.Template.Tree = rootfs.Dir(dir)
	return a
}

func must(t *testing.T, errs ...error) {
	t.Helper()
	for _, err := range errs {
		if err != nil {
			t.Fatal(err)
		}
	}
}

// put writes a file of exactly this mode.
func put(t *testing.T, path, text string, mode os.FileMode) {
	t.Helper()
	must(t, os.MkdirAll(filepath.Dir(path), 0o755), os.Chmod(filepath.Dir(path), 0o755),
		os.WriteFile(path, []byte(text), 0o600), os.Chmod(path, mode))
}

// A new home has what skel has, as hers, with modes that let nobody else write.
func TestANewHomeIsFilledFromSkel(t *testing.T) {
	cells, _ := newCells(t)
	a := withSkel(t, func(skel string) {
		put(t, skel+"/.profile", "hello\n", 0o644)
		put(t, skel+"/bin/tool", "#!/bin/sh\n", 0o777|os.ModeSetuid)
		put(t, skel+"/public", "", 0o666)
		put(t, skel+"/quiet", "", 0o444)
		put(t, skel+"/empty/.keep", "", 0o604)
		must(t, os.Chmod(skel+"/empty", 0o777|os.ModeSticky), os.Symlink("/nowhere", skel+"/link"))
	})
	// What the folder above has mustn't show in the home.
	must(t, os.Chmod(filepath.Dir(a.Home), 0o755|os.ModeSetgid))
	c := enter(t, cells, a)
	const list = "cd && find . -printf '%p %u %g %m %l\\n' | sort && cat .profile && wc -c < bin/tool"
	want := strings.Join([]string{
		". alice alice 700 ",
		"./.profile alice alice 644 ",
		"./bin alice alice 755 ",
		"./bin/tool alice alice 755 ",
		"./empty alice alice 755 ",
		"./empty/.keep alice alice 604 ",
		"./link alice alice 777 /nowhere",
		"./public alice alice 644 ",
		"./quiet alice alice 644 ",
		"hello",
		"10",
	}, "\n")
	if got := output(t, c, list); got != want {
		t.Errorf("the home:\n%s\nwant:\n%s", got, want)
	}
	// What she takes away stays away.
	output(t, c, "rm -r bin .profile")
	cells.End("alice", "of a test")
	if got := output(t, enter(t, cells, a), "ls -A ~ | tr '\\n' ' '"); got != "empty link public quiet" {
		t.Errorf("at the second login: %s", got)
	}
}

// A home that was there before is hers as it is.
func TestAHomeThatIsThereGetsNoSkel(t *testing.T) {
	cells, _ := newCells(t)
	a := withSkel(t, func(skel string) { put(t, skel+"/.profile", "", 0o644) })
	must(t, os.Mkdir(a.Home, 0o700), os.Chmod(a.Home, 0o750), os.Chown(a.Home, 20001, 20001))
	if got := output(t, enter(t, cells, a), "ls -A ~; stat -c %a ~"); got != "750" {
		t.Errorf("the home has: %s", got)
	}
}

// A login that died while it made the home is noticed by the next one, which goes
// on where it was, and touches nothing that is there.
func TestHalfAHomeIsFinished(t *testing.T) {
	for name, half := range map[string]func(home string) error{
		"made":   func(home string) error { return os.Mkdir(home, 0o700) },
		"marked": func(home string) error { return touch(home+"/.jailsh-new-home", 0) },
		"mark is hers": func(home string) error {
			return touch(home+"/.jailsh-new-home", 20001)
		},
		"half of it": func(home string) error {
			for _, name := range []string{".jailsh-new-home", ".jailsh-skel-part", "b/x"} {
				if err := touch(filepath.Join(home, name), 20001); err != nil {
					return err
				}
			}
			return syscall.Chown(home, 20001, 20001)
		},
	} {
		t.Run(name, func(t *testing.T) {
			cells, _ := newCells(t)
			a := withSkel(t, func(skel string) {
				put(t, skel+"/a", "skel", 0o644)
				put(t, skel+"/b/x", "skel", 0o644)
				put(t, skel+"/b/y", "skel", 0o644)
			})
			must(t, half(a.Home))
			got := output(t, enter(t, cells, a), "cd; find . -type f -printf '%p %s %u\\n' | sort; stat -c '%a %U' .")
			x := "4"
			if name == "half of it" {
				x = "0" // it was hers already
			}
			if want := "./a 4 alice\n./b/x " + x + " alice\n./b/y 4 alice\n700 alice"; got != want {
				t.Errorf("%s\nwant:\n%s", got, want)
			}
		})
	}
}

// touch makes an empty file in a folder of mode 0700, both of uid's, but for a
// folder that is root's home to be.
func touch(path string, uid int) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		return err
	}
	if strings.HasSuffix(path, "/x") {
		if err := os.Chown(filepath.Dir(path), uid, uid); err != nil {
			return err
		}
	}
	return os.Chown(path, uid, uid)
}

// What of skel can't be copied stops the login, and says what to do; when that is
// done, the next login finishes the home.
func TestWhatCanNotBeCopiedStopsTheLogin(t *testing.T) {
	for name, c := range map[string]struct {
		make func(path string) error
		want string
	}{
		"fifo":   {func(p string) error { return unix.Mkfifo(p, 0o644) }, "skel: /etc/skel/d/bad: is neither a file, a folder nor a link - take it out of the template"},
		"secret": {func(p string) error { return os.WriteFile(p, nil, 0o600) }, "skel: /etc/skel/d/bad: open: permission denied - make it readable for everybody, in the template"},
		"large":  {func(p string) error { return os.WriteFile(p, make([]byte, 65<<20), 0o644) }, "skel: /etc/skel/d/bad: /etc/skel has more than 64 MiB - take some out, or mount it"},
	} {
		t.Run(name, func(t *testing.T) {
			cells, _ := newCells(t)
			var bad string
			a := withSkel(t, func(skel string) {
				put(t, skel+"/good", "", 0o644)
				put(t, skel+"/d/good", "", 0o644)
				bad = skel + "/d/bad"
				must(t, c.make(bad))
			})
			if name == "large" {
				must(t, os.Chmod(bad, 0o644))
			}
			_, _, err := open(t, cells, a)
			if err == nil || !strings.HasSuffix(err.Error(), c.want) {
				t.Fatalf("got %v\nwant ...%s", err, c.want)
			}
			must(t, os.Remove(bad))
			if got := output(t, enter(t, cells, a), "cd; find . -type f | sort"); got != "./d/good\n./good" {
				t.Errorf("after the fix: %s", got)
			}
		})
	}
}
