package template

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestHold(t *testing.T) {
	t.Parallel()
	o := options(t, mergedUsr(), shellProfile)
	first := mustBuild(t, o)
	release, err := Hold(first.Build)
	if err != nil {
		t.Fatal(err)
	}
	again, err := Hold(first.Build) // of another cell
	if err != nil {
		t.Fatal(err)
	}
	again()
	for range 3 {
		mustBuild(t, o)
	}
	if _, err := os.Lstat(filepath.Join(first.Root, "usr/bin/bash")); err != nil {
		t.Errorf("the build was collected under a cell: %v", err)
	}
	release()
	mustBuild(t, o)
	if _, err := os.Lstat(filepath.Dir(first.Root)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the build is still there: %v", err)
	}
	if _, err := Hold(first.Build); err == nil || !strings.Contains(err.Error(), "the build is gone") {
		t.Errorf("held a build that is gone: %v", err)
	}
}

func TestHoldWhileCollected(t *testing.T) {
	t.Parallel()
	o := options(t, mergedUsr(), shellProfile)
	info := mustBuild(t, o)
	name := filepath.Join(filepath.Dir(info.Root), manifestName)
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	if _, err := Hold(info.Build); err == nil || !strings.Contains(err.Error(), "is being removed") {
		t.Errorf("held a build in the collector's hands: %v", err)
	}
	if err := os.Rename(name, name+"-away"); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := sameFile(f, name); err == nil {
		t.Error("a file that was moved away counts as the one that is there")
	}
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	const fix = " - run: jailsh template build t"
	for _, c := range []struct {
		name  string
		spoil func(top, build string) error
		want  string
	}{
		{"no templates", func(top, _ string) error { return os.RemoveAll(filepath.Dir(top)) }, "template t: not built" + fix},
		{"not built", func(top, _ string) error { return os.RemoveAll(top) }, "template t: not built" + fix},
		{"built and never published", func(top, _ string) error { return os.Remove(top + "/current") }, "template t: not built" + fix},
		{"no build", func(_, build string) error { return os.RemoveAll(build) }, "template t: half built" + fix},
		{"no root", func(_, build string) error { return os.RemoveAll(build + "/root") }, "template t: half built" + fix},
		{"no manifest", func(_, build string) error { return os.Remove(build + "/MANIFEST") }, "template t: half built" + fix},
		{"empty manifest", func(_, build string) error { return os.Truncate(build+"/MANIFEST", 0) }, "MANIFEST: not a template's manifest of this version" + fix},
		{"manifest of another version", func(_, build string) error {
			return os.WriteFile(build+"/MANIFEST", []byte("jailsh template 1\nbuilt 2026-01-02T03:04:05Z\n\n"), 0o644)
		}, "MANIFEST: not a template's manifest of this version" + fix},
		{"manifest cut off", func(_, build string) error { return os.Truncate(build+"/MANIFEST", 20) }, "MANIFEST: its header is not complete" + fix},
		{"a root that is a link", func(_, build string) error {
			return errors.Join(os.Rename(build+"/root", build+"/r"), os.Symlink("r", build+"/root"))
		}, "template t: half built" + fix},
		{"current leads away", func(top, build string) error {
			return errors.Join(os.Remove(top+"/current"), os.Symlink("../../"+filepath.Base(build), top+"/current"))
		}, "/current names no build" + fix},
		{"current is a directory", func(top, _ string) error {
			return errors.Join(os.Remove(top+"/current"), os.Mkdir(top+"/current", 0o755))
		}, "/current names no build" + fix},
		{"a build at work", func(top, build string) error {
			return errors.Join(os.Remove(top+"/current"), os.Symlink("builds/.tmp-"+filepath.Base(build), top+"/current"))
		}, "/current names no build" + fix},
		{"writable by others", func(_, build string) error { return os.Chmod(build+"/root", 0o775) }, "/root: is writable by others - run: chmod go-w "},
		{"of somebody else", func(top, _ string) error { return os.Chown(top, 1234, 0) }, ": belongs to uid 1234, who could change it at any time - run: chown 0 "},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			o := options(t, mergedUsr(), shellProfile)
			info := mustBuild(t, o)
			if err := c.spoil(filepath.Join(o.Dir, "t"), filepath.Dir(info.Root)); err != nil {
				t.Fatal(err)
			}
			opened, err := Open(o.Dir, "t")
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %+v, %v; want %s", opened, err, c.want)
			}
		})
	}
	for _, name := range []string{"", "..", "a/b", ".tmp", "-x", strings.Repeat("x", 65), "a\n"} {
		if _, err := Open(t.TempDir(), name); err == nil || !strings.Contains(err.Error(), "not a name") {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestOpenThroughLinks(t *testing.T) {
	t.Parallel()
	o := options(t, mergedUsr(), shellProfile)
	info := mustBuild(t, o)
	dir := t.TempDir()
	if err := os.Symlink(o.Dir, dir+"/link"); err != nil {
		t.Fatal(err)
	}
	if got, err := Open(dir+"/link", "t"); err != nil || got.Root != info.Root {
		t.Errorf("opened %+v, %v; want %q", got, err, info.Root)
	}
}

// TestCollect: with its last cell an old build goes, at once; the current one and
// the one before stay.
func TestCollect(t *testing.T) {
	t.Parallel()
	o := options(t, mergedUsr(), shellProfile)
	var builds []string
	releases := map[string]func(){}
	for range 3 {
		build := mustBuild(t, o).Build
		release, err := Hold(build)
		if err != nil {
			t.Fatal(err)
		}
		builds = append(builds, build)
		releases[build] = release
	}
	slices.Sort(builds) // those of one second have an order of their own
	opened, err := Open(o.Dir, "t")
	if err != nil {
		t.Fatal(err)
	}
	for _, build := range builds {
		releases[build]()
		if err := Collect(build); err != nil {
			t.Error(err)
		}
	}
	var left []string
	for _, build := range builds {
		if _, err := os.Lstat(build); err == nil {
			left = append(left, build)
		}
	}
	if !slices.Contains(left, opened.Build) || len(left) > 2 {
		t.Errorf("left are %v, current is %s", left, opened.Build)
	}
	// While another build is at work, that one does it.
	s, err := openStore(o.Dir, "t")
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	if err := Collect(filepath.Join(filepath.Dir(opened.Build), "20200102T030405Z-00000000")); err != nil {
		t.Error(err)
	}
}
