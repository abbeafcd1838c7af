package template

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

func TestResolve(t *testing.T) {
	t.Parallel()
	chain := tree{"chain/x": "text"}
	for i := range maxLinks + 1 {
		chain[fmt.Sprintf("chain/%d", i)] = fmt.Sprintf("-> %d", i-1)
	}
	chain["chain/-1"] = "-> x"
	delete(chain, "chain/0")
	chain["chain/0"] = "-> x"
	root := tree{
		"usr/bin/dash": "#", "bin": "-> usr/bin", "usr/bin/sh": "-> dash",
		"usr/bin/awk": "-> /etc/alternatives/awk", "etc/alternatives/awk": "-> /usr/bin/mawk", "usr/bin/mawk": "#",
		"up": "-> ../../../../usr", "abs": "-> /", "loop": "-> loop", "a": "-> b", "b": "-> a", "gone": "-> nowhere",
	}.with(chain).on(t, t.TempDir())
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
		{path: fmt.Sprintf("/chain/%d", maxLinks-1), real: "/chain/x"},
		{path: fmt.Sprintf("/chain/%d", maxLinks), err: unix.ELOOP},
		{path: "/loop", err: unix.ELOOP},
		{path: "/a", err: unix.ELOOP},
		{path: "/gone", err: fs.ErrNotExist},
		{path: "/usr/bin/dash/x", err: unix.ENOTDIR},
	} {
		real, links, err := root.resolve(c.path)
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
	root := tree{"file": "text", "link": "-> /etc/passwd", "dir/": ""}.on(t, dir)
	if err := unix.Mkfifo(filepath.Join(dir, "fifo"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"/link", "/dir", "/fifo", "/gone"} {
		if f, _, err := root.open(name); err == nil {
			f.Close()
			t.Errorf("%s was opened", name)
		}
	}
	f, info, err := root.open("/file")
	if err != nil || info.Size() != 4 {
		t.Fatal(info, err)
	}
	f.Close()
}
