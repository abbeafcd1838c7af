package users

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/jailsh/jailsh/internal/strict"
)

const twoUsers = "# kept\n[user.alice]\nuid = 6000\n"

// newFile writes a users.toml into a folder of its own.
func newFile(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "users.toml")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// alone fails if something besides the given files is left in the folder.
func alone(t *testing.T, dir string, files ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != len(files) {
		t.Errorf("the folder has %v, want %v", entries, files)
	}
}

func TestEditFile(t *testing.T) {
	t.Parallel()
	path := newFile(t, twoUsers)
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	if os.Geteuid() == 0 {
		if err := os.Chown(path, 0, 12345); err != nil {
			t.Fatal(err)
		}
	}
	table, err := Edit(path, testBase(), func(src []byte) ([]byte, error) {
		return Add(src, Entry{Name: "bob", UID: 7000})
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := table.User("bob"); !ok {
		t.Error("the table that came back is the old one")
	}
	if got := read(t, path); got != twoUsers+"\n[user.bob]\nuid = 7000\n" {
		t.Errorf("%q", got)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	st := info.Sys().(*syscall.Stat_t)
	if info.Mode().Perm() != 0o640 || os.Geteuid() == 0 && st.Gid != 12345 {
		t.Errorf("mode %v, gid %d", info.Mode(), st.Gid)
	}
	alone(t, filepath.Dir(path), "users.toml")
}

// What doesn't load is not written.
func TestEditRefuses(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(src []byte) ([]byte, error)
		wants  string
	}{
		"a uid twice": {func(src []byte) ([]byte, error) { return Add(src, Entry{Name: "bob", UID: 6000}) }, "users.toml:6: user.bob.uid: 6000 is the uid of alice already"},
		"no uid":      {func(src []byte) ([]byte, error) { return Add(src, Entry{Name: "bob"}) }, "user.bob.uid: is missing"},
		"unknown key": {func(src []byte) ([]byte, error) {
			return Set(src, "alice", Entry{Settings: []Setting{{"shel", `"/bin/sh"`}}})
		}, "did you mean shell?"},
		"syntax":  {func(src []byte) ([]byte, error) { return append(src, "x"...), nil }, "users.toml:4"},
		"refused": {func([]byte) ([]byte, error) { return nil, errors.New("no") }, "no"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := newFile(t, twoUsers)
			if table, err := Edit(path, testBase(), test.change); err == nil || !strings.Contains(err.Error(), test.wants) || table != nil {
				t.Errorf("%v, %v", table, err)
			}
			if got := read(t, path); got != twoUsers {
				t.Errorf("the file is %q", got)
			}
			alone(t, filepath.Dir(path), "users.toml")
		})
	}
}

// A file that is wrong already is not made worse, and the error says what is
// wrong.
func TestEditBrokenFile(t *testing.T) {
	t.Parallel()
	path := newFile(t, twoUsers+"[user.bob]\nuid = 0\n")
	_, err := Edit(path, testBase(), func(src []byte) ([]byte, error) { return Add(src, Entry{Name: "carol", UID: 7000}) })
	var problems strict.Problems
	if !errors.As(err, &problems) || len(problems) != 1 || problems[0].Line != 5 {
		t.Errorf("%v", err)
	}
}

// A symbolic link stays one: the file that it leads to is written.
func TestEditThroughLink(t *testing.T) {
	t.Parallel()
	path := newFile(t, twoUsers)
	link := filepath.Join(t.TempDir(), "users.toml")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	if _, err := Edit(link, testBase(), func(src []byte) ([]byte, error) { return Remove(src, "alice") }); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("%v %v", info, err)
	}
	if got := read(t, path); got != "" {
		t.Errorf("%q", got)
	}
}

// Many at once: none is lost.
func TestEditTogether(t *testing.T) {
	t.Parallel()
	path := newFile(t, twoUsers)
	const n = 20
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			_, err := Edit(path, testBase(), func(src []byte) ([]byte, error) {
				return Add(src, Entry{Name: "user" + string(rune('a'+i)), UID: uint32(7000 + i)})
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	table, err := Load(path, testBase())
	if err != nil {
		t.Fatal(err)
	}
	if got := len(table.Names()); got != n+1 {
		t.Errorf("%d users, want %d", got, n+1)
	}
}

// An editor that saved in between is not overwritten.
func TestEditChangedInBetween(t *testing.T) {
	t.Parallel()
	path := newFile(t, twoUsers)
	_, err := Edit(path, testBase(), func(src []byte) ([]byte, error) {
		if err := os.WriteFile(path, []byte(twoUsers+"# by an editor\n"), 0o600); err != nil {
			t.Error(err)
		}
		return Add(src, Entry{Name: "bob", UID: 7000})
	})
	if err == nil || !strings.Contains(err.Error(), "changed by another program") {
		t.Errorf("%v", err)
	}
	if !strings.Contains(read(t, path), "by an editor") {
		t.Error("the editor's change is lost")
	}
}

func TestEditMissing(t *testing.T) {
	t.Parallel()
	_, err := Edit(filepath.Join(t.TempDir(), "users.toml"), testBase(), func(src []byte) ([]byte, error) { return src, nil })
	if err == nil || !strings.Contains(err.Error(), "doesn't exist") {
		t.Errorf("%v", err)
	}
}

// The folder is full or gone: the file stays, and nothing is left over.
func TestReplaceFails(t *testing.T) {
	t.Parallel()
	path := newFile(t, twoUsers)
	dir := filepath.Dir(path)
	// A folder in the place of the file can't be replaced by a rename.
	target := filepath.Join(dir, "folder")
	if err := os.Mkdir(target, 0o700); err != nil {
		t.Fatal(err)
	}
	err := replace(target, bytes.Repeat([]byte("x"), 100))
	if err == nil || !strings.Contains(err.Error(), "the file is as it was") {
		t.Errorf("%v", err)
	}
	alone(t, dir, "users.toml", "folder")
}
