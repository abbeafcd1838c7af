package rootfs

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// files is a tree in a few words: path to content. "-> x" is a link to x, a path
// that ends with / a folder.
type files map[string]string

func (f files) in(t *testing.T, dir string) Tree {
	t.Helper()
	for p, content := range f {
		name := filepath.Join(dir, p)
		err := os.MkdirAll(filepath.Dir(name), 0o755)
		if err != nil {
			t.Fatal(err)
		}
		switch target, isLink := strings.CutPrefix(content, "-> "); {
		case isLink:
			err = os.Symlink(target, name)
		case strings.HasSuffix(p, "/"):
			err = os.MkdirAll(name, 0o755)
		default:
			err = os.WriteFile(name, []byte(content), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return Dir(dir)
}

func TestResolve(t *testing.T) {
	t.Parallel()
	chain := files{"chain/x": "text"}
	for i := range MaxLinks + 1 {
		chain[fmt.Sprintf("chain/%d", i)] = fmt.Sprintf("-> %d", i-1)
	}
	chain["chain/-1"] = "-> x"
	delete(chain, "chain/0")
	chain["chain/0"] = "-> x"
	root := files{
		"usr/bin/dash": "#", "bin": "-> usr/bin", "usr/bin/sh": "-> dash",
		"usr/bin/awk": "-> /etc/alternatives/awk", "etc/alternatives/awk": "-> /usr/bin/mawk", "usr/bin/mawk": "#",
		"up": "-> ../../../../usr", "abs": "-> /", "loop": "-> loop", "a": "-> b", "b": "-> a", "gone": "-> nowhere",
	}
	maps.Copy(root, chain)
	host := root.in(t, t.TempDir())
	for _, c := range []struct {
		path, real, links string
		err               error
	}{
		{path: "/usr/bin/dash", real: "/usr/bin/dash", links: "[]"},
		{path: "/bin/sh", real: "/usr/bin/dash", links: "[{/bin usr/bin} {/usr/bin/sh dash}]"},
		{path: "/usr/bin/awk", real: "/usr/bin/mawk", links: "[{/usr/bin/awk /etc/alternatives/awk} {/etc/alternatives/awk /usr/bin/mawk}]"},
		{path: "/../../bin/./dash", real: "/usr/bin/dash", links: "[{/bin usr/bin}]"},
		{path: "/up/bin", real: "/usr/bin", links: "[{/up ../../../../usr}]"}, // .. of the root is the root
		{path: "/abs/abs/usr", real: "/usr", links: "[{/abs /} {/abs /}]"},
		{path: "/", real: "/", links: "[]"},
		{path: fmt.Sprintf("/chain/%d", MaxLinks-1), real: "/chain/x"},
		{path: fmt.Sprintf("/chain/%d", MaxLinks), err: unix.ELOOP},
		{path: "/loop", err: unix.ELOOP},
		{path: "/a", err: unix.ELOOP},
		{path: "/gone", err: fs.ErrNotExist},
		{path: "/usr/bin/dash/x", err: unix.ENOTDIR},
	} {
		real, links, err := host.Resolve(c.path)
		if real != c.real || !errors.Is(err, c.err) || c.err == nil && err != nil {
			t.Errorf("%s: %q, %v; want %q, %v", c.path, real, err, c.real, c.err)
		}
		if got := fmt.Sprint(links); c.links != "" && got != c.links {
			t.Errorf("%s: went through %s, want %s", c.path, got, c.links)
		}
	}
}

// TestOpenOnlyFiles: a fifo must not block the build, a link not lead out of it.
func TestOpenOnlyFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	root := files{"file": "text", "link": "-> /etc/passwd", "dir/": ""}.in(t, dir)
	if err := unix.Mkfifo(filepath.Join(dir, "fifo"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"/link", "/dir", "/fifo", "/gone"} {
		if f, _, err := root.Open(name); err == nil {
			f.Close()
			t.Errorf("%s was opened", name)
		}
	}
	f, info, err := root.Open("/file")
	if err != nil || info.Size() != 4 {
		t.Fatal(info, err)
	}
	f.Close()
}

// A tree of several folders is one: a link leads from one into the other, and
// what it goes without is not there by any way.
func TestTreeOfSeveralFolders(t *testing.T) {
	t.Parallel()
	own, host := t.TempDir(), t.TempDir()
	files{
		"bin": "-> usr/bin", "etc/alternatives/vi": "-> /usr/bin/vim", "etc/up": "-> ../run/x", "run/x": "", "usr/": "",
	}.in(t, own)
	files{"bin/vi": "-> /etc/alternatives/vi", "bin/vim": "#", "bin/up": "-> ../../proc"}.in(t, host)
	tree := Tree{Dir: own, Bound: map[string]string{"usr": host}, Without: []string{"run"}}
	if real, links, err := tree.Resolve("/bin/vi"); real != "/usr/bin/vim" || len(links) != 3 || err != nil {
		t.Errorf("/bin/vi is %q through %v, %v", real, links, err)
	}
	for _, p := range []string{"/etc/up", "/run", "/run/x", "/usr/bin/up"} {
		if real, _, err := tree.Resolve(p); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s is %q, %v", p, real, err)
		}
	}
	if f, _, err := tree.Open("/run/x"); err == nil {
		f.Close()
		t.Error("/run/x was opened")
	}
	if got := tree.On("/usr/bin/vim"); got != filepath.Join(host, "bin/vim") {
		t.Error(got)
	}
	top, err := tree.Top()
	want := []Entry{{"bin", filepath.Join(own, "bin"), "usr/bin"}, {"etc", filepath.Join(own, "etc"), ""}, {"usr", host, ""}}
	if !reflect.DeepEqual(top, want) || err != nil {
		t.Errorf("%v, %v; want %v", top, err, want)
	}
	files{"vmlinuz": "x"}.in(t, own)
	if top, err := tree.Top(); err == nil || !strings.Contains(err.Error(), "vmlinuz") {
		t.Errorf("%v, %v", top, err)
	}
}
