package template

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestGatherModes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	host := tree{"usr/bin/su": "#", "etc/d/f": "", "etc/d/secret": ""}.on(t, dir)
	for name, mode := range map[string]fs.FileMode{
		"usr/bin/su": 0o777 | fs.ModeSetuid | fs.ModeSetgid, "etc/d": 0o777 | fs.ModeSticky | fs.ModeSetgid, "etc/d/f": 0o664, "etc/d/secret": 0o660,
	} {
		if err := os.Chmod(filepath.Join(dir, name), mode); err != nil {
			t.Fatal(err)
		}
	}
	p, err := gatherText(t, host, "package.a.commands = ['su']\npackage.a.paths = ['/etc/d']")
	if err != nil {
		t.Fatal(err)
	}
	for name, mode := range map[string]fs.FileMode{"/usr/bin/su": 0o755, "/etc/d": fs.ModeDir | 0o755, "/etc/d/f": 0o644} {
		if p[name].mode != mode {
			t.Errorf("%s is planned as %v, want %v", name, p[name].mode, mode)
		}
	}
	if p["/etc/d/secret"] != nil {
		t.Error("a file that only root may read is planned")
	}
	if _, err := gatherText(t, host, "package.a.paths = ['/etc/d/secret']"); err == nil || !strings.Contains(err.Error(), "/etc/d/secret: is a secret") {
		t.Error(err)
	}
}

func TestGatherNotExecutable(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	host := tree{"usr/bin/x": "#!/usr/bin/perl\n"}.on(t, dir)
	if err := os.Chmod(filepath.Join(dir, "usr/bin/x"), 0o644); err != nil {
		t.Fatal(err)
	}
	_, err := gatherText(t, host, "package.a.commands = ['x']")
	if want := "profile p: x: not found on this host - run: apt-get install a"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if _, err := gatherText(t, host, "package.a.paths = ['/usr/bin/x']"); err != nil {
		t.Error(err)
	}
}

func TestGatherSpecial(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	host := tree{"etc/d/f": ""}.on(t, dir)
	if err := unix.Mkfifo(filepath.Join(dir, "etc/d/fifo"), 0o644); err != nil {
		t.Fatal(err)
	}
	p, err := gatherText(t, host, "package.a.paths = ['/etc/d']")
	if err != nil || p["/etc/d/f"] == nil || p["/etc/d/fifo"] != nil {
		t.Errorf("planned %v, %v", p.paths(), err)
	}
	_, err = gatherText(t, host, "package.a.paths = ['/etc/d/fifo']")
	want := "profile p: /etc/d/fifo: is a fifo: only files, directories and links can be copied - leave it out"
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestGatherCancelled(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	host := mergedUsr().on(t, t.TempDir())
	if _, err := gather(ctx, host, []*profile{{packages: []*packageList{{commands: []string{"bash"}}}}}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestGatherTooMuch(t *testing.T) {
	t.Parallel()
	g := &gatherer{host: mergedUsr().on(t, t.TempDir()), plan: plan{}, walked: map[string]bool{}}
	for i := range maxEntries + 1 {
		g.plan[fmt.Sprint(i)] = &entry{}
	}
	if err := g.tree(t.Context(), "/usr/lib"); err == nil || !strings.Contains(err.Error(), "more than 500000 files") {
		t.Errorf("got %v", err)
	}
}
