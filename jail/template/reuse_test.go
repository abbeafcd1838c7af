package template

import (
	"os"
	"path/filepath"
	"testing"
)

func sameFileAs(t *testing.T, a, b string) bool {
	t.Helper()
	first, err := os.Lstat(a)
	if err != nil {
		t.Fatal(err)
	}
	second, err := os.Lstat(b)
	if err != nil {
		t.Fatal(err)
	}
	return os.SameFile(first, second)
}

// TestUnchangedFilesAreShared: between builds of a template and with others, and
// never with the host.
func TestUnchangedFilesAreShared(t *testing.T) {
	t.Parallel()
	o := options(t, mergedUsr(), shellProfile)
	first := mustBuild(t, o)
	libc, bash := "usr/lib/x86_64-linux-gnu/libc.so.6", "usr/bin/bash"
	if err := os.WriteFile(o.host.On("/"+bash), []byte(program("libc.so.6").String()), 0o755); err != nil {
		t.Fatal(err)
	}
	second := mustBuild(t, o)
	if !sameFileAs(t, filepath.Join(first.Root, libc), filepath.Join(second.Root, libc)) {
		t.Error("the unchanged libc was copied")
	}
	if sameFileAs(t, filepath.Join(first.Root, bash), filepath.Join(second.Root, bash)) {
		t.Error("the new build has the old bash")
	}
	other := o
	other.Name, other.Profile = "other", []string{"t"}
	third := mustBuild(t, other)
	if !sameFileAs(t, filepath.Join(third.Root, bash), filepath.Join(second.Root, bash)) {
		t.Error("the other template has a bash of its own")
	}
	if sameFileAs(t, filepath.Join(third.Root, bash), o.host.On("/"+bash)) {
		t.Error("the template has the host's own bash")
	}
	if third.Files != second.Files || third.Bytes != second.Bytes {
		t.Errorf("%+v, %+v, %+v", first, second, third)
	}
}

// TestASpoiledFileIsNotShared: what is wrong with a build doesn't spread, and
// building again mends it.
func TestASpoiledFileIsNotShared(t *testing.T) {
	t.Parallel()
	const libc = "usr/lib/x86_64-linux-gnu/libc.so.6"
	for name, spoil := range map[string]func(file string) error{
		"mode":  func(file string) error { return os.Chmod(file, 0o4755) },
		"owner": func(file string) error { return os.Lchown(file, 1234, 0) },
		"time":  func(file string) error { return os.WriteFile(file, []byte("short"), 0o644) },
		"content": func(file string) error { // with its size and time as they were
			info, err := os.Lstat(file)
			if err != nil {
				return err
			}
			b, err := os.ReadFile(file)
			if err != nil {
				return err
			}
			b[len(b)-1] ^= 1
			if err := os.WriteFile(file, b, 0o644); err != nil {
				return err
			}
			return os.Chtimes(file, info.ModTime(), info.ModTime())
		},
		"link": func(file string) error {
			if err := os.Remove(file); err != nil {
				return err
			}
			return os.Symlink("/etc/passwd", file)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := options(t, mergedUsr(), shellProfile)
			first := mustBuild(t, o)
			if err := spoil(filepath.Join(first.Root, libc)); err != nil {
				t.Fatal(err)
			}
			second := mustBuild(t, o)
			want, err := os.ReadFile(o.host.On("/" + libc))
			if err != nil {
				t.Fatal(err)
			}
			got, err := os.ReadFile(filepath.Join(second.Root, libc))
			if err != nil || string(got) != string(want) {
				t.Errorf("the new build has %q, %v", got, err)
			}
		})
	}
}

// TestAReplacedFileOfTheSameSizeAndTime: a package that is built again may have
// both as before (SOURCE_DATE_EPOCH), and another content.
func TestAReplacedFileOfTheSameSizeAndTime(t *testing.T) {
	t.Parallel()
	o := options(t, mergedUsr().with(tree{"etc/x": "old"}), "package.a.paths = ['/etc/x']")
	first := mustBuild(t, o)
	info, err := os.Lstat(o.host.On("/etc/x"))
	if err != nil {
		t.Fatal(err)
	}
	next := o.host.On("/etc/next")
	if err := os.WriteFile(next, []byte("new"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(next, info.ModTime(), info.ModTime()); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(next, o.host.On("/etc/x")); err != nil {
		t.Fatal(err)
	}
	for info, want := range map[*Info]string{first: "old", mustBuild(t, o): "new"} {
		if got, err := os.ReadFile(filepath.Join(info.Root, "etc/x")); string(got) != want || err != nil {
			t.Errorf("%s has %q, %v; want %q", info.ID, got, err, want)
		}
	}
}
