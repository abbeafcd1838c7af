package integration

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// These are played from both sides: somebody outside of the jail changes what it
// is being built from. Such a person is the user herself, from the host, from
// another jail that shares a folder with hers, or by what she left behind.

// logins is how many cells are built during a game. Each takes some 30 ms.
const logins = 10

// play repeats a move until the function returned is called.
func play(t *testing.T, move func() error) (stop func()) {
	t.Helper()
	ended := make(chan struct{})
	var player sync.WaitGroup
	player.Go(func() {
		for moves := 0; ; moves++ {
			select {
			case <-ended:
				if moves < logins {
					t.Errorf("only %d moves", moves)
				}
				return
			default:
			}
			if err := move(); err != nil {
				t.Errorf("move %d: %v", moves, err)
				return
			}
		}
	})
	return sync.OnceFunc(func() {
		close(ended)
		player.Wait()
	})
}

// swap exchanges two names, in one step.
func swap(a, b string) error {
	return unix.Renameat2(unix.AT_FDCWD, a, unix.AT_FDCWD, b, unix.RENAME_EXCHANGE)
}

// snapshot is what must not change: who owns what in some folders of the host.
func snapshot(t *testing.T, paths ...string) string {
	t.Helper()
	var b strings.Builder
	for _, top := range paths {
		err := filepath.WalkDir(top, func(path string, d os.DirEntry, err error) error {
			if err != nil {
				return err
			}
			info, err := d.Info()
			if err != nil {
				return err
			}
			st := info.Sys().(*syscall.Stat_t)
			fmt.Fprintln(&b, path, info.Mode(), st.Uid, st.Gid)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return b.String()
}

// The user owns the folder above her home, and replaces the home by links and by
// other folders while she logs in. Root must change nothing that isn't hers, and
// what becomes /home/alice must be a folder of hers.
func TestTheHomeIsReplacedDuringLogins(t *testing.T) {
	t.Parallel()
	for what, prepare := range map[string]func(i *instance, other string) error{
		"a link to root's": func(i *instance, other string) error { return os.Symlink(filepath.Join(i.dir, "roots"), other) },
		"a link to bob's":  func(i *instance, other string) error { return os.Symlink(i.home("bob"), other) },
		"a link to /":      func(_ *instance, other string) error { return os.Symlink("/", other) },
		"a folder of bob's": func(i *instance, other string) error {
			bob := i.person("bob").uid
			return errors.Join(os.Mkdir(other, 0o777), os.Chown(other, bob, bob))
		},
		"a file": func(_ *instance, other string) error { return os.WriteFile(other, nil, 0o600) },
		"a full folder of root's": func(_ *instance, other string) error {
			return errors.Join(os.Mkdir(other, 0o700), os.WriteFile(filepath.Join(other, "secret"), nil, 0o600))
		},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			i := newInstance(t)
			alice := i.person("alice")
			above := filepath.Join(i.dir, "above")
			home, other := filepath.Join(above, "home"), filepath.Join(above, "other")
			alice.table = fmt.Sprintf("home = %q\nkill_on_logout = true", home)
			roots := filepath.Join(i.dir, "roots")
			err := errors.Join(
				os.Mkdir(roots, 0o700), os.WriteFile(filepath.Join(roots, "secret"), nil, 0o600),
				os.Mkdir(above, 0o755), os.Chown(above, alice.uid, alice.uid),
				os.Mkdir(home, 0o700), os.Chown(home, alice.uid, alice.uid),
			)
			if err != nil {
				t.Fatal(err)
			}
			i.start()
			i.sh("bob", "echo secret >secret")
			if err := prepare(i, other); err != nil {
				t.Fatal(err)
			}
			// Both names of hers are swapped, so their contents are listed.
			others := []string{roots, i.home("bob"), "/etc/passwd"}
			before := snapshot(t, others...)
			stop := play(t, func() error { return swap(home, other) })
			in := 0
			for range logins {
				o := i.ssh("alice", "--", `stat -c '%u %F' ~; ls -A ~; test -e ~/secret && echo leaked; touch ~/.mine`)
				switch {
				case o.code == 254 && o.out == "": // her jail couldn't be made
				case strings.HasPrefix(o.out, fmt.Sprintf("%d directory\n", alice.uid)) && !strings.Contains(o.out, "leaked") && !strings.Contains(o.out, "secret"):
					in++
				default:
					t.Errorf("%+v", o)
				}
			}
			stop()
			if after := snapshot(t, others...); after != before {
				t.Errorf("changed:\n%s\nbefore:\n%s", after, before)
			}
			for _, name := range []string{home, other} {
				if err := notGivenAway(name, alice.uid); err != nil {
					t.Error(err)
				}
			}
			if in == 0 {
				t.Error("she was never in: the game shows nothing")
			}
		})
	}
}

// notGivenAway fails if a folder that was root's or bob's is alice's now.
func notGivenAway(name string, alice int) error {
	var st unix.Stat_t
	if err := unix.Lstat(name, &st); err != nil {
		return err
	}
	_, secret := os.Lstat(filepath.Join(name, "secret"))
	if st.Mode&unix.S_IFMT == unix.S_IFDIR && int(st.Uid) == alice && secret == nil {
		return fmt.Errorf("%s was given to her", name)
	}
	return nil
}

// Below her home is where the administrator mounts something, and she exchanges
// the mount point with a link while she logs in (CVE-2021-30465). The mount ends
// up on a folder of hers or nowhere.
func TestTheMountPointIsReplacedDuringLogins(t *testing.T) {
	t.Parallel()
	for _, to := range []string{"/etc", "/proc/self", "../../usr/bin", "/", "/dev", "/proc/sys/kernel"} {
		t.Run(strings.ReplaceAll(to, "/", "_"), func(t *testing.T) {
			t.Parallel()
			i := newInstance(t)
			source := filepath.Join(i.dir, "course")
			alice := i.person("alice")
			alice.table = fmt.Sprintf("kill_on_logout = true\nmounts = [{ source = %q, target = \"/home/alice/course\" }]", source)
			if err := errors.Join(os.Mkdir(source, 0o755), os.WriteFile(filepath.Join(source, "mark"), nil, 0o644)); err != nil {
				t.Fatal(err)
			}
			i.start()
			i.sh("alice", "ln -s "+to+" link")
			stop := play(t, func() error {
				return swap(filepath.Join(i.home("alice"), "course"), filepath.Join(i.home("alice"), "link"))
			})
			in := 0
			for range logins {
				o := i.ssh("alice", "--", `grep -F /course /proc/self/mountinfo | cut -d' ' -f5; ls -d /mark /etc/mark /usr/bin/mark /dev/mark 2>/dev/null; true`)
				at := strings.TrimSpace(o.out)
				switch {
				case o.code == 254 && o.out == "":
				case at == "/home/alice/course" || at == "/home/alice/link":
					in++
				default:
					t.Errorf("mounted at %q: %+v", at, o)
				}
			}
			stop()
			if in == 0 {
				t.Error("she was never in: the game shows nothing")
			}
		})
	}
}

// A source that the user can change while it is bound: it is opened once, without
// following a link, so that what is mounted is what was looked at.
func TestTheSourceIsReplacedDuringLogins(t *testing.T) {
	t.Parallel()
	i := newInstance(t)
	alice := i.person("alice")
	above := filepath.Join(i.dir, "shared")
	source, other, roots := filepath.Join(above, "source"), filepath.Join(above, "other"), filepath.Join(i.dir, "roots")
	alice.table = fmt.Sprintf("kill_on_logout = true\nmounts = [{ source = %q, target = \"/shared\", mode = \"rw\" }]", source)
	err := errors.Join(
		os.Mkdir(roots, 0o777), os.WriteFile(filepath.Join(roots, "secret"), nil, 0o644), os.Chmod(roots, 0o777),
		os.Mkdir(above, 0o755), os.Chown(above, alice.uid, alice.uid), os.Mkdir(source, 0o755), os.Symlink(roots, other),
	)
	if err != nil {
		t.Fatal(err)
	}
	i.start()
	stop := play(t, func() error { return swap(source, other) })
	in := 0
	for range logins {
		switch o := i.ssh("alice", "--", "ls -A /shared; echo in"); {
		case o.code == 254 && o.out == "":
		case o.out == "in\n":
			in++
		default:
			t.Errorf("%+v", o)
		}
	}
	stop()
	if in == 0 {
		t.Error("she was never in: the game shows nothing")
	}
}

// Whoever watches from within while further sessions start, sees no process that
// is still the launcher, and no descriptor or folder of it (CVE-2019-5736,
// CVE-2024-21626).
func TestSessionsStartUnderWatch(t *testing.T) {
	t.Parallel()
	for _, table := range []string{"", `limits = { cpu_time = "1h" }`} { // which a program of its own sets
		t.Run(table, func(t *testing.T) {
			t.Parallel()
			watchSessions(t, table)
		})
	}
}

func watchSessions(t *testing.T, table string) {
	t.Helper()
	i := newInstance(t)
	i.head = withProbe()
	i.person("alice").table = table
	i.start()
	c := i.client("alice", "")
	watcher, err := c.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	watcher.Stdout = &out
	if err := watcher.Start("/probe program-race program-race program-race root-of-others root-of-init descriptors-of-init"); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- watcher.Wait() }()
	started := 0
	for late := time.After(patience); ; started++ {
		select {
		case err := <-ended:
			if err != nil || strings.Contains(out.String(), isBroken) {
				t.Errorf("%v\n%s", err, out.String())
			}
			if started < 20 {
				t.Errorf("only %d sessions were started", started)
			}
			return
		case <-late:
			t.Fatal("the probe doesn't end")
		default:
		}
		s, err := c.NewSession()
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Run("true"); err != nil {
			t.Fatal(err)
		}
	}
}

// While somebody's cells are built again and again, the masks and devices of each
// are what they should be (CVE-2025-31133, CVE-2025-52565, CVE-2025-52881), and
// she and another user with a common folder find no way into the building.
func TestCellsAreBuiltUnderAttack(t *testing.T) {
	t.Parallel()
	i := newInstance(t)
	common := filepath.Join(i.dir, "common")
	i.head = withProbe(fmt.Sprintf("{ source = %q, target = \"/common\", mode = \"rw\" }", common)) + "kill_on_logout = true\n"
	if err := errors.Join(os.Mkdir(common, 0o777), os.Chmod(common, 0o777)); err != nil {
		t.Fatal(err)
	}
	i.start()
	// Bob makes of the common folder what a mask or a device is thought to be.
	i.sh("bob", "cd /common; ln -s /proc/sys/kernel/core_pattern null; ln -s /proc/sysrq-trigger ptmx; mkdir dev; ln -s /dev/pts/0 dev/console")
	var all sync.WaitGroup
	for _, name := range []string{"alice", "bob"} {
		all.Go(func() {
			for range logins {
				found := i.ssh(name, "--", "/probe masks procfs-redirect dev-contents null-replaced console terminals-of-others sysrq core-pattern")
				if found.code != 0 || strings.Count(found.out, " "+isHeld+" ") != 8 {
					t.Errorf("%s: %+v", name, found)
				}
			}
		})
	}
	all.Wait()
}
