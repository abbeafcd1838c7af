package template

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// checked says what Check finds, a line for each problem.
func checked(t *testing.T, o Options) string {
	t.Helper()
	o.Kind, o.Profile, o.Source = "", nil, "" // as the command has it: all is remembered
	problems, err := Check(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, p := range problems {
		if p.Template != o.Name || p.Fix == "" {
			t.Errorf("%+v", p)
		}
		lines = append(lines, fmt.Sprintf("%s: %s - %s", strings.Join(p.Paths, " "), p.What, p.Fix))
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

const again = " - run: jailsh template build t"

// TestCheck: each thing that can be wrong with a copy is named once, and another
// build mends it.
func TestCheck(t *testing.T) {
	t.Parallel()
	profile := shellProfile + "\npackage.d.paths = ['/etc/d']\n"
	for _, c := range []struct {
		name   string
		host   func(host string) error
		build  func(root string) error
		want   string
		mended bool // by building again
	}{
		{name: "nothing"},
		{
			name: "an upgrade", host: func(h string) error {
				return errors.Join(os.WriteFile(h+"/etc/d/a", []byte("two"), 0o644), os.Remove(h+"/etc/d/b"), os.WriteFile(h+"/etc/d/c", nil, 0o644))
			},
			want: "/etc/d/a: has changed on the host since the build" + again + "\n/etc/d/b: is gone from the host, or from the profile" + again +
				"\n/etc/d/c: is new on the host, or in the profile" + again, mended: true,
		},
		{name: "another mode on the host", host: func(h string) error { return unix.Chmod(h+"/etc/d/a", 0o755) }, want: "/etc/d/a: has changed on the host since the build" + again, mended: true},
		{name: "a link to a file of the host, which changes its time", host: func(h string) error { return os.Link(h+"/etc/d/a", h+"/etc/link") }},
		{name: "a library that the host lacks", host: func(h string) error { return os.Remove(h + "/usr/lib/x86_64-linux-gnu/libc.so.6") }, want: ": can't be built again: /usr/bin/bash: needs libc.so.6, which this host doesn't have - reinstall its package\n" +
			": can't be built again: /usr/lib/x86_64-linux-gnu/libtinfo.so.6.3: needs libc.so.6, which this host doesn't have - reinstall its package"},
		{
			name: "setuid", build: func(r string) error { return unix.Chmod(r+"/usr/bin/bash", 0o4755) },
			want: "/usr/bin/bash: is setuid or setgid, mode 4755" + again + "\n/usr/bin/bash: was changed since it was built" + again, mended: true,
		},
		{
			name: "writable", build: func(r string) error { return unix.Chmod(r+"/etc/d/a", 0o666) },
			want: "/etc/d/a: is writable by others, mode 0666" + again + "\n/etc/d/a: was changed since it was built" + again, mended: true,
		},
		{name: "somebody else's", build: func(r string) error { return os.Lchown(r+"/etc/d", 1234, 0) }, want: "/etc/d: belongs to 1234:0" + again, mended: true},
		{
			name: "changed, added, removed", build: func(r string) error {
				return errors.Join(os.WriteFile(r+"/etc/d/a", []byte("ONE"), 0o644), os.WriteFile(r+"/etc/d/x", nil, 0o644), os.Remove(r+"/etc/d/b"))
			},
			want: "/etc/d/a: was changed since it was built" + again + "\n/etc/d/b: is missing from the build" + again + "\n/etc/d/x: was put into the build since" + again, mended: true,
		},
		{
			name: "a library that is gone", build: func(r string) error { return os.Remove(r + "/usr/lib/x86_64-linux-gnu/libtinfo.so.6.3") },
			want: "/usr/bin/bash: needs libtinfo.so.6, which is not in the template" + again + "\n/usr/lib/x86_64-linux-gnu/libtinfo.so.6.3: is missing from the build" + again +
				"\n/usr/lib/x86_64-linux-gnu/libtinfo.so.6: leads nowhere: no such file or directory" + again, mended: true,
		},
		{
			name: "a link that leads nowhere", build: func(r string) error { return errors.Join(os.Remove(r+"/bin"), os.Symlink("gone", r+"/bin")) },
			want: "/bin: leads nowhere: no such file or directory" + again + "\n/bin: was changed since it was built" + again, mended: true,
		},
		{name: "the folder itself", build: func(r string) error { return unix.Chmod(r, 0o777) }, want: ": ROOT: is writable by others - run: chmod go-w ROOT"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			o := options(t, mergedUsr().with(tree{"etc/d/a": "one", "etc/d/b": ""}), profile)
			info := mustBuild(t, o)
			if c.host != nil {
				if err := c.host(o.host.Dir); err != nil {
					t.Fatal(err)
				}
			}
			if c.build != nil {
				if err := c.build(info.Root); err != nil {
					t.Fatal(err)
				}
			}
			if got, want := checked(t, o), strings.ReplaceAll(c.want, "ROOT", info.Root); got != want {
				t.Errorf("got:\n%s\nwant:\n%s", got, want)
			}
			if c.mended {
				mustBuild(t, o)
				if got := checked(t, o); got != "" {
					t.Errorf("after another build:\n%s", got)
				}
			}
		})
	}
	o := options(t, mergedUsr(), profile)
	if got := checked(t, o); got != ": not built - run: jailsh template build t" {
		t.Error(got)
	}
}

// TestCheckSharedFiles: what root changes in one build changes in all that share
// the file, and each of them says so.
func TestCheckSharedFiles(t *testing.T) {
	t.Parallel()
	o := options(t, mergedUsr(), shellProfile)
	first := mustBuild(t, o)
	other := o
	other.Name, other.Profile = "other", []string{"t"}
	mustBuild(t, other)
	if err := os.WriteFile(filepath.Join(first.Root, "usr/bin/bash"), []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, o := range []Options{o, other} {
		if got := checked(t, o); !strings.Contains(got, "/usr/bin/bash: was changed since it was built - run: jailsh template build "+o.Name) {
			t.Errorf("%s: %s", o.Name, got)
		}
		mustBuild(t, o)
		if got := checked(t, o); got != "" {
			t.Errorf("%s, after another build: %s", o.Name, got)
		}
	}
}

func TestCheckHost(t *testing.T) {
	t.Parallel()
	o := hostOptions(t, mergedUsr().with(tree{"usr/bin/su": "#", "etc/ssl/a": "1"}))
	mustBuild(t, o)
	if err := unix.Chmod(o.host.On("/usr/bin/su"), 0o4755); err != nil {
		t.Fatal(err)
	}
	if got := checked(t, o); got != "" {
		t.Error(got)
	}
	if err := errors.Join(unix.Chmod(o.host.On("/usr/bin/su"), 0o4757), os.WriteFile(o.host.On("/etc/ssl/a"), []byte("2"), 0o644)); err != nil {
		t.Fatal(err)
	}
	su := o.host.On("/usr/bin/su")
	want := "/etc/ssl/a: has changed on the host since the build - run: jailsh template build h\n" +
		su + ": is writable by everybody on this host, and in each jail of the template - run: chmod o-w on it"
	if got := checked(t, o); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

// TestCheckFolder isn't parallel: the folder has to be open to all, above too, so
// it can't be in a test's own.
func TestCheckFolder(t *testing.T) {
	top, err := os.MkdirTemp("", "folder")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(top)
	root := filepath.Join(top, "root")
	unpacked().with(tree{"usr/bin/su": "#", "usr/bin/vi": "-> /etc/alternatives/vi", "usr/bin/x": program("libgone.so").String(), "var/mail/": ""}).on(t, root)
	if err := errors.Join(unix.Chmod(top, 0o755), unix.Chmod(root, 0o755), unix.Chmod(root+"/usr/bin/su", 0o4755),
		unix.Chmod(root+"/var/mail", 0o777), unix.Chmod(root+"/var/tmp", 0o1777), unix.Chmod(root+"/tmp", 0o1777),
		os.Lchown(root+"/srv", 1234, 0)); err != nil {
		t.Fatal(err)
	}
	o := Options{Dir: filepath.Join(top, "templates"), Name: "t", Kind: Dir, Source: root}
	if _, err := Build(t.Context(), o); err == nil || !strings.Contains(err.Error(), root+"/srv: belongs to uid 1234") {
		t.Error(err)
	}
	if err := errors.Join(os.Lchown(root+"/srv", 0, 0), os.Lchown(root+"/var/mail", 1234, 0), unix.Chmod(root+"/etc/hosts", 0o666)); err != nil {
		t.Fatal(err)
	}
	mustBuild(t, o)
	commands := "/usr/bin/vi: leads nowhere - reinstall its package in " + root + "\n" +
		"/usr/bin/x: needs libgone.so, which is not in the folder - reinstall its package in " + root
	fix := " - run: chmod 0700 " + root + "\n"
	want := commands + "\n" + root + "/etc/hosts " + root + "/var/mail: is writable by everybody on this host" + fix +
		root + "/usr/bin/su: is setuid or setgid, and accounts of this host could run it (in a jail it has no effect)" + strings.TrimSuffix(fix, "\n")
	lines := strings.Split(want, "\n")
	slices.Sort(lines)
	if got := checked(t, o); got != strings.Join(lines, "\n") {
		t.Errorf("got:\n%s\nwant:\n%s", got, strings.Join(lines, "\n"))
	}
	if err := unix.Chmod(root, 0o700); err != nil {
		t.Fatal(err)
	}
	if got := checked(t, o); got != commands {
		t.Errorf("with the folder closed:\n%s", got)
	}
}
