package strict

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// A file that somebody else could have written must not decide who logs in.
func TestReadFile(t *testing.T) {
	t.Parallel()
	do := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	tests := []struct {
		name  string
		make  func(path string)
		wants string // in the problem; "" if the file is good
		fix   string
	}{
		{"good", func(p string) {}, "", ""},
		{"read only", func(p string) { do(os.Chmod(p, 0o400)) }, "", ""},
		{"missing", func(p string) { do(os.Remove(p)) }, "doesn't exist", "jailsh init"},
		{"group may write", func(p string) { do(os.Chmod(p, 0o660)) }, "writable by others (mode 0660)", "chmod go-w"},
		{"all may write", func(p string) { do(os.Chmod(p, 0o602)) }, "writable by others", "chmod go-w"},
		{"folder group-writable", func(p string) { do(os.Chmod(filepath.Dir(p), 0o770)) }, "writable by others (mode 0770)", "chmod go-w"},
		{"folder sticky", func(p string) { do(os.Chmod(filepath.Dir(p), 0o777|os.ModeSticky)) }, "", ""},
		{"directory", func(p string) { do(os.Remove(p)); do(os.Mkdir(p, 0o700)) }, "not a regular file", "put the file"},
		{"fifo", func(p string) { do(os.Remove(p)); do(unix.Mkfifo(p, 0o600)) }, "not a regular file", "put the file"},
		{"too large", func(p string) { do(os.Truncate(p, MaxFile+1)) }, "more than the 1048576 allowed", "shorten"},
		{"link", func(p string) {
			do(os.Mkdir(filepath.Join(filepath.Dir(p), "sub"), 0o700))
			do(os.Rename(p, filepath.Join(filepath.Dir(p), "sub", "f")))
			do(os.Symlink("sub/f", p))
		}, "", ""},
		{"link into a folder of others", func(p string) {
			sub := filepath.Join(filepath.Dir(p), "sub")
			do(os.Mkdir(sub, 0o700))
			do(os.Rename(p, filepath.Join(sub, "f")))
			do(os.Symlink("sub/f", p))
			do(os.Chmod(sub, 0o777))
		}, "writable by others (mode 0777)", "chmod go-w"},
		{"link to nowhere", func(p string) { do(os.Remove(p)); do(os.Symlink("nowhere", p)) }, "doesn't exist", "init"},
		{"link to itself", func(p string) { do(os.Remove(p)); do(os.Symlink("jailsh.toml", p)) }, "too many levels of symbolic links", "file system"},
	}
	if os.Geteuid() == 0 { // only root can give a file away
		tests = append(tests, tests[0], tests[0])
		n := len(tests)
		tests[n-2].name, tests[n-2].make = "of another user", func(p string) { do(os.Chown(p, 12345, -1)) }
		tests[n-2].wants, tests[n-2].fix = "belongs to uid 12345", "chown 0"
		tests[n-1].name, tests[n-1].make = "folder of another user", func(p string) { do(os.Chown(filepath.Dir(p), 12345, -1)) }
		tests[n-1].wants, tests[n-1].fix = "belongs to uid 12345", "chown 0"
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "jailsh.toml")
			do(os.WriteFile(path, []byte("a = 1\n"), 0o600))
			do(os.Chmod(filepath.Dir(path), 0o700))
			test.make(path)
			src, err := ReadFile(path)
			if test.wants == "" {
				if err != nil || string(src) != "a = 1\n" {
					t.Errorf("got %q, %v", src, err)
				}
				return
			}
			p := (*Problem)(nil)
			if !errors.As(err, &p) || !strings.Contains(p.What, test.wants) || !strings.Contains(p.Fix, test.fix) {
				t.Errorf("got %v, want %q - %q", err, test.wants, test.fix)
			}
			if src != nil {
				t.Error("the content came with a problem")
			}
		})
	}
}
