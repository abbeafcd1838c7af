package template

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"golang.org/x/sys/unix"
)

const shellProfile = `
package.bash.commands = ["bash", "sh"]
file."/etc/motd".content = "hello\n"
`

// options builds a template t from a host of the given tree.

func options(t *testing.T, host tree, profile string) Options {
	t.Helper()
	return Options{
		Dir: filepath.Join(t.TempDir(), "templates"), Name: "t",
		Profiles: fstest.MapFS{"t.toml": {Data: []byte(profile)}},
		host:     host.on(t, t.TempDir()),
	}
}

func mustBuild(t *testing.T, o Options) *Info {
	t.Helper()
	info, err := Build(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return info
}

// left lists what is in a template's directory, but for what is in its roots.

func left(t *testing.T, o Options) []string {
	t.Helper()
	var names []string
	err := filepath.WalkDir(o.Dir, func(name string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) && name == o.Dir {
			return fs.SkipAll
		}
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(o.Dir, name)
		names = append(names, rel)
		if d.Name() == "root" {
			return fs.SkipDir
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// TestBuild isn't parallel: the umask is the process's.

func TestBuild(t *testing.T) {
	o := options(t, mergedUsr(), shellProfile)
	when := time.Date(2001, 2, 3, 4, 5, 6, 700, time.UTC)
	bash := o.host.On("/usr/bin/bash")
	if err := errors.Join(os.Chmod(bash, 0o777|fs.ModeSetuid), os.Lchown(bash, 1234, 1234), os.Chmod(bash, 0o777|fs.ModeSetuid),
		os.Chtimes(bash, when, when), unix.Setxattr(bash, "security.capability", capNetRaw, 0)); err != nil {
		t.Fatal(err)
	}
	var calls []int64
	o.Progress = func(done, total int64) { calls = append(calls, done, total) }
	// New files of a setgid directory belong to its group.
	if err := errors.Join(os.Mkdir(o.Dir, 0o755), os.Lchown(o.Dir, 0, 1234), os.Chmod(o.Dir, 0o755|fs.ModeSetgid)); err != nil {
		t.Fatal(err)
	}
	old := unix.Umask(0o077)
	info := mustBuild(t, o)
	unix.Umask(old)

	opened, err := Open(o.Dir, "t")
	if err != nil || opened.Root != info.Root {
		t.Fatalf("opened %+v, %v; built %q", opened, err, info.Root)
	}
	root := opened.Root
	st, err := os.Lstat(filepath.Join(root, "usr/bin/bash"))
	if err != nil || st.Mode() != 0o755 || !st.ModTime().Equal(when) {
		t.Errorf("bash is %v of %v, %v", st.Mode(), st.ModTime(), err)
	}
	for _, name := range []string{"", "usr", "usr/bin/bash"} {
		var raw unix.Stat_t
		if err := unix.Lstat(filepath.Join(root, name), &raw); err != nil || raw.Uid != 0 || raw.Gid != 0 {
			t.Errorf("%q belongs to %d:%d, %v", name, raw.Uid, raw.Gid, err)
		}
	}
	if host, err := os.Stat(bash); err != nil || os.SameFile(host, st) {
		t.Errorf("bash is the host's own file, %v", err)
	}
	if n, err := unix.Lgetxattr(filepath.Join(root, "usr/bin/bash"), "security.capability", nil); err == nil {
		t.Errorf("bash has %d bytes of capabilities", n)
	}
	if text, err := os.ReadFile(filepath.Join(root, "etc/motd")); string(text) != "hello\n" || err != nil {
		t.Errorf("motd is %q, %v", text, err)
	}
	if to, err := os.Readlink(filepath.Join(root, "bin")); to != "usr/bin" || err != nil {
		t.Errorf("bin leads to %q, %v", to, err)
	}
	if st, err := os.Lstat(filepath.Join(root, "var/tmp")); err != nil || st.Mode() != fs.ModeDir|0o755 {
		t.Errorf("var/tmp: %v, %v", st, err)
	}
	if len(calls) < 4 || calls[len(calls)-2] != info.Bytes || calls[len(calls)-1] != info.Bytes {
		t.Errorf("progress ended with %v of %d bytes", calls, info.Bytes)
	}
	manifest, err := os.ReadFile(filepath.Join(root, "../MANIFEST"))
	for _, want := range []string{
		"jailsh template 2\nbuilt ", "\nkind copy\nprofiles t\nfiles 10\n",
		"\nlink \"usr/bin\" \"/bin\"\n", "\ndir 0755 \"/usr/bin\"\n",
		"\nfile 0644 6 5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03 - \"/etc/motd\"\n",
	} {
		if err != nil || !strings.Contains(string(manifest), want) {
			t.Errorf("the manifest lacks %q: %v\n%s", want, err, manifest)
		}
	}
	if want := []string{".", "t", "t/builds", "t/builds/" + info.ID, "t/builds/" + info.ID + "/MANIFEST", "t/builds/" + info.ID + "/root", "t/current"}; !slices.Equal(left(t, o), want) {
		t.Errorf("left %v, want %v", left(t, o), want)
	}
}

// capNetRaw is a file capability, cap_net_raw=ep, as linux/capability.h lays it out.

var capNetRaw = []byte{1, 0, 0, 2, 0, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}

// TestBuildAgain: the new build takes the place of the old one, which stays for

// those that have just opened it; the one before it goes.

// TestHold: a build that a cell has is kept until the cell lets go of it.

// TestHoldWhileCollected: whoever opens the manifest just before the collector

// moves the build away doesn't hold it.

// TestBuildFails: whatever ends a build, the old one stays current, and nothing

// of the new one is left.

func TestBuildFails(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		do   func(t *testing.T, o Options) error
		want string
	}{
		{"a missing command", func(t *testing.T, o Options) error {
			o.Profiles = fstest.MapFS{"t.toml": {Data: []byte(`package.less.commands = ["less"]`)}}
			_, err := Build(t.Context(), o)
			return err
		}, "profile t: less: not found on this host - run: apt-get install less"},
		{"no such profile", func(t *testing.T, o Options) error {
			o.Profile = []string{"gone"}
			_, err := Build(t.Context(), o)
			return err
		}, "profile gone: there is none of that name - use one of: t"},
		{"cancelled before it begins", func(t *testing.T, o Options) error {
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			_, err := Build(ctx, o)
			return err
		}, "looking at the host: context canceled"},
		{"cancelled while it copies", func(t *testing.T, o Options) error {
			ctx, cancel := context.WithCancel(t.Context())
			o.Progress = func(_, _ int64) { cancel() }
			_, err := Build(ctx, o)
			return err
		}, "template t: context canceled"},
		{"a panic while it copies", func(t *testing.T, o Options) error {
			o.Progress = func(_, _ int64) { panic("boom") }
			_, err := Build(t.Context(), o)
			return err
		}, "panic: boom"},
		{"another build at work", func(t *testing.T, o Options) error {
			s, err := openStore(o.Dir, o.Name)
			if err != nil {
				t.Fatal(err)
			}
			defer s.close()
			_, err = Build(t.Context(), o)
			return err
		}, "template t: another build of it is running - wait for it to end"},
		{"a file that changes while it is copied", func(t *testing.T, o Options) error {
			o.Progress = func(_, _ int64) {
				for name := range mergedUsr() {
					now := time.Now()
					os.Chtimes(o.host.On("/"+name), now, now)
				}
			}
			_, err := Build(t.Context(), o)
			return err
		}, ": changed on the host meanwhile - build again"},
		{"something else in the place of current", func(t *testing.T, o Options) error {
			name := filepath.Join(o.Dir, o.Name, currentName)
			to, _ := os.Readlink(name)
			os.Remove(name)
			if err := os.MkdirAll(name+"/x", 0o755); err != nil {
				t.Fatal(err)
			}
			_, err := Build(t.Context(), o)
			os.RemoveAll(name)
			if to != "" {
				os.Symlink(to, name)
			} else {
				os.Remove(filepath.Dir(name))
			}
			return err
		}, "file exists"},
		{"a disk that loses what was written", func(t *testing.T, o Options) error {
			o.Progress = func(done, total int64) {
				if done == total {
					names, _ := filepath.Glob(filepath.Join(o.Dir, "t/builds/.tmp-*/root/etc/motd"))
					os.Truncate(names[0], 5)
				}
			}
			_, err := Build(t.Context(), o)
			return err
		}, "template t: /etc/motd: has 5 bytes, planned were 6"},
		{"a name that leads away", func(t *testing.T, o Options) error {
			o.Name = "../t"
			_, err := Build(t.Context(), o)
			return err
		}, `template "../t": not a name - use letters, digits, - and _, at most 64`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			o := options(t, mergedUsr(), shellProfile)
			if err := c.do(t, o); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("the first build: %v, want %s", err, c.want)
			}
			if got := left(t, o); len(got) > 1 {
				t.Errorf("the first build left %v", got)
			}
			info := mustBuild(t, o)
			before := left(t, o)
			if err := c.do(t, o); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("the second build: %v, want %s", err, c.want)
			}
			if got := left(t, o); !slices.Equal(got, before) {
				t.Errorf("the second build left %v, before it was %v", got, before)
			}
			if got, err := Open(o.Dir, "t"); err != nil || got.Root != info.Root {
				t.Errorf("after the second build %+v is current, %v", got, err)
			}
		})
	}
}

// TestBuildDiskFull builds into a file system of 1 MiB.

// TestBuildNoexec: what is mounted noexec would be so in the jail.

// TestBuildSpread: where the file system takes the hint, builds are spread over it.

// TestBuildKeepsOld: a build that can't be removed doesn't take the new one back.

// TestBuildAfterKill: what a killed build leaves is never opened, and the next

// build removes it.

// TestOpenRefuses: each state in which a template can't be used, with its fix.

// TestOpenThroughLinks: the root is named by its real path, which is what a mount

// of the jail wants.
