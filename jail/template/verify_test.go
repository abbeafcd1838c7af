package template

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// TestVerify: a root that has one thing wrong doesn't pass, whoever made it.
func TestVerify(t *testing.T) {
	t.Parallel()
	run := func(t *testing.T, more tree, spoil func(root string) error) error {
		t.Helper()
		dir := t.TempDir()
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		root := mergedUsr().with(more).on(t, dir)
		if spoil != nil {
			if err := spoil(dir); err != nil {
				t.Fatal(err)
			}
		}
		_, flaws, err := verify(t.Context(), root)
		return errors.Join(err, flawed(flaws))
	}
	if err := run(t, nil, nil); err != nil {
		t.Fatalf("a good root: %v", err)
	}
	bash := func(do func(name string) error) func(string) error {
		return func(root string) error { return do(filepath.Join(root, "usr/bin/bash")) }
	}
	for _, c := range []struct {
		name  string
		more  tree
		spoil func(root string) error
		want  string
	}{
		{name: "setuid", spoil: bash(func(n string) error { return unix.Chmod(n, 0o4755) }), want: "/usr/bin/bash: is setuid or setgid, mode 4755"},
		{name: "setgid", spoil: bash(func(n string) error { return unix.Chmod(n, 0o2755) }), want: "/usr/bin/bash: is setuid or setgid, mode 2755"},
		{name: "writable by others", spoil: bash(func(n string) error { return unix.Chmod(n, 0o757) }), want: "/usr/bin/bash: is writable by others, mode 0757"},
		{name: "writable by the group", spoil: func(root string) error { return unix.Chmod(root+"/usr", 0o775) }, want: "/usr: is writable by others, mode 0775"},
		{name: "sticky", spoil: func(root string) error { return unix.Chmod(root+"/usr", 0o1755) }, want: "/usr: has mode 1755"},
		{name: "of somebody else", spoil: bash(func(n string) error { return os.Lchown(n, 1234, 0) }), want: "/usr/bin/bash: belongs to 1234:0"},
		{name: "of another group", spoil: bash(func(n string) error { return os.Lchown(n, 0, 1234) }), want: "/usr/bin/bash: belongs to 0:1234"},
		{name: "a link of somebody else", spoil: func(root string) error { return os.Lchown(root+"/bin", 1234, 0) }, want: "/bin: belongs to 1234:0"},
		{name: "file capabilities", spoil: bash(func(n string) error { return unix.Setxattr(n, "security.capability", capNetRaw, 0) }), want: "/usr/bin/bash: has file capabilities"},
		{name: "dangling link", more: tree{"etc/x": "-> nowhere"}, want: "/etc/x: leads nowhere: no such file or directory"},
		{name: "link that is good on the host only", more: tree{"etc/x": "-> /etc/resolv.conf"}, want: "/etc/x: leads nowhere: no such file or directory"},
		{name: "link in a loop", more: tree{"etc/x": "-> x"}, want: "/etc/x: leads nowhere: too many levels of symbolic links"},
		{
			name: "missing library", spoil: func(root string) error { return os.Remove(root + "/usr/lib/x86_64-linux-gnu/libc.so.6") },
			want: "/usr/bin/bash: needs libc.so.6, which is not in the template\n/usr/lib/x86_64-linux-gnu/libtinfo.so.6.3: needs libc.so.6, which is not in the template",
		},
		{
			name: "missing interpreter", more: tree{"usr/bin/x": (&image{object{class: program().class, machine: program().machine, interp: "/lib/gone.so"}, program().kind}).String()},
			want: "/usr/bin/x: needs /lib/gone.so, which is not in the template",
		},
		{name: "missing interpreter of a script", more: tree{"usr/bin/x": "#!/usr/bin/perl\n"}, want: "/usr/bin/x: needs /usr/bin/perl, which is not in the template"},
		{name: "damaged program", more: tree{"usr/bin/x": program().String()[:80]}, want: "/usr/bin/x: damaged ELF file: EOF"},
		{name: "a fifo", spoil: func(root string) error { return unix.Mkfifo(root+"/usr/x", 0o644) }, want: "/usr/x: is a fifo"},
		{name: "a device", spoil: func(root string) error { return unix.Mknod(root+"/usr/x", unix.S_IFCHR|0o644, int(unix.Mkdev(1, 3))) }, want: "/usr/x: is a device"},
		{name: "what the jail provides", more: tree{"proc/x": ""}, want: "/proc: belongs to the jail itself"},
		{name: "a file at the top", more: tree{"x": ""}, want: "/x: is a file, and only directories and links can be at the top"},
		{
			name: "several at once", more: tree{"etc/a": "-> x"}, spoil: bash(func(n string) error { return unix.Chmod(n, 0o4755) }),
			want: "/etc/a: leads nowhere: no such file or directory\n/usr/bin/bash: is setuid or setgid, mode 4755",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			err := run(t, c.more, c.spoil)
			if err == nil || err.Error() != c.want {
				t.Errorf("got:\n%v\nwant:\n%s", err, strings.TrimSpace(c.want))
			}
		})
	}
}

// TestVerifyCache: a library that only the cache leads to is found through the
// root's own, not the host's.
func TestVerifyCache(t *testing.T) {
	t.Parallel()
	root := mergedUsr().with(tree{
		"usr/bin/x":     program("libx.so.1").String(),
		"opt/libx.so.1": library("libx.so.1").String(),
	}).on(t, t.TempDir())
	if _, flaws, err := verify(t.Context(), root); err != nil || len(flaws) == 0 {
		t.Error("found a library that nothing leads to")
	}
	cache := encodeCache([]cacheEntry{{name: "libx.so.1", path: "/opt/libx.so.1"}})
	tree{"etc/ld.so.cache": string(cache)}.on(t, root.Dir)
	if _, flaws, err := verify(t.Context(), root); err != nil || len(flaws) > 0 {
		t.Error(err, flaws)
	}
}
