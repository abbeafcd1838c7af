package template

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// unpacked is a root file system as debootstrap leaves one.
func unpacked() tree {
	return mergedUsr().with(tree{
		"etc/passwd": "root:x:0:0:root:/root:/bin/bash\n", "etc/group": "root:x:0:\n", "etc/hostname": "builder\n",
		"etc/hosts": "", "etc/resolv.conf": "", "etc/shadow": "root:*:1::::::\n",
		"proc/": "", "dev/null": "", "sys/": "", "run/": "", "tmp/": "", "home/": "", "root/": "", "boot/vmlinuz-6": "",
		"mnt/": "", "media/": "", "lost+found/": "", "var/tmp/": "", "srv/": "", "opt/": "",
		".dockerenv": "", "vmlinuz": "-> boot/vmlinuz-6", "initrd": "-> /boot/initrd",
	})
}

func folderOptions(t *testing.T, root tree) Options {
	t.Helper()
	source := filepath.Join(t.TempDir(), "root")
	root.on(t, source)
	return Options{Dir: filepath.Join(t.TempDir(), "templates"), Name: "d", Kind: Dir, Source: source}
}

func TestDirKind(t *testing.T) {
	t.Parallel()
	o := folderOptions(t, unpacked())
	info := mustBuild(t, o)
	if info.Root != o.Source || info.Files != 0 {
		t.Errorf("%+v", info)
	}
	opened, err := Open(o.Dir, "d")
	if err != nil {
		t.Fatal(err)
	}
	top, err := opened.Tree().Top()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range top {
		names = append(names, e.Name)
	}
	if want := []string{"bin", "etc", "lib", "lib64", "opt", "sbin", "srv", "usr", "var"}; !slices.Equal(names, want) {
		t.Errorf("at the top are %q, want %q", names, want)
	}
	if real, _, err := opened.Tree().Resolve("/bin/sh"); real != "/usr/bin/bash" {
		t.Error(real, err)
	}
	release, err := Hold(opened.Build)
	if err != nil {
		t.Fatal(err)
	}
	release()
	o.Kind, o.Source = "", "" // remembered
	if again := mustBuild(t, o); again.Kind != Dir || again.Root != info.Root {
		t.Errorf("%+v", again)
	}
	if list, err := List(o.Dir); err != nil || len(list) != 1 || list[0].Source != info.Source {
		t.Errorf("%+v, %v", list, err)
	}
}

// TestDirRefuses: at the build, and again at the login if it comes later.
func TestDirRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		spoil func(root string) error
		want  string // ROOT is the folder
	}{
		{"somebody else's", func(r string) error { return os.Lchown(r, 1234, 0) }, "ROOT: belongs to uid 1234, who could change it at any time - run: chown root: ROOT"},
		{"writable by all", func(r string) error { return unix.Chmod(r, 0o777) }, "ROOT: is writable by others - run: chmod go-w ROOT"},
		{"sticky, which is good above it only", func(r string) error { return unix.Chmod(r, 0o1777) }, "ROOT: is writable by others - run: chmod go-w ROOT"},
		{"below somebody else's", func(r string) error { return os.Lchown(filepath.Dir(r), 1234, 0) }, "ROOT/..: belongs"},
		{"a top entry of somebody else's", func(r string) error { return os.Lchown(r+"/usr", 1234, 0) }, "ROOT/usr: belongs to uid 1234, who could change it at any time - run: chown root: ROOT/usr"},
		{"a top entry that is writable", func(r string) error { return unix.Chmod(r+"/srv", 0o775) }, "ROOT/srv: is writable by others - run: chmod go-w ROOT/srv"},
		{"a file that is missing", func(r string) error { return os.Remove(r + "/etc/hosts") }, "ROOT/etc/hosts: isn't there, and the jail puts its own over it - run: touch ROOT/etc/hosts"},
		{"a link in its place", func(r string) error {
			return errors.Join(os.Remove(r+"/etc/resolv.conf"), os.Symlink("../run/resolv.conf", r+"/etc/resolv.conf"))
		}, "ROOT/etc/resolv.conf: is a link, and the jail puts its own over it - run: rm ROOT/etc/resolv.conf && touch ROOT/etc/resolv.conf"},
		{"a folder in its place", func(r string) error {
			return errors.Join(os.Remove(r+"/etc/hosts"), os.Mkdir(r+"/etc/hosts", 0o755))
		}, "ROOT/etc/hosts: is a directory, and the jail puts a file there - remove it"},
		{"no root file system", func(r string) error { return os.RemoveAll(r + "/etc") }, "ROOT: has no /usr or no /etc, so it is no root file system - name the folder that has them"},
		{"gone", os.RemoveAll, "ROOT: doesn't exist - name a folder that has a root file system, as debootstrap makes one"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			o := folderOptions(t, unpacked())
			mustBuild(t, o)
			if err := c.spoil(o.Source); err != nil {
				t.Fatal(err)
			}
			want := strings.ReplaceAll(c.want, "ROOT", o.Source)
			if strings.Contains(c.want, "/..") {
				want = filepath.Dir(o.Source) + ": belongs"
			}
			if info, err := Build(t.Context(), o); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("built %+v, %v; want %s", info, err, want)
			}
			if info, err := Open(o.Dir, "d"); err == nil || !strings.Contains(err.Error(), "template d: "+want) {
				t.Errorf("opened %+v, %v; want %s", info, err, want)
			}
		})
	}
	for source, want := range map[string]string{
		"/": "is not the absolute path of a folder", "relative": "is not the absolute path", "/usr/../usr": "is not the absolute path",
	} {
		if _, err := Build(t.Context(), Options{Dir: t.TempDir(), Name: "d", Kind: Dir, Source: source}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", source, err)
		}
	}
	o := folderOptions(t, unpacked())
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(o.Source, link); err != nil {
		t.Fatal(err)
	}
	source := o.Source
	o.Source = link
	if _, err := Build(t.Context(), o); err == nil || !strings.Contains(err.Error(), "leads through a symbolic link - write: --dir "+source) {
		t.Error(err)
	}
}
