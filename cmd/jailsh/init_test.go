package main

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// Only root can own an instance. The test binary is in a folder that nobody may
// enter, so the kernel is asked for it by its link in /proc.
func TestInitNeedsRoot(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(os.TempDir(), "jailsh-init-"+rand.Text()) // where nobody could make it
	t.Cleanup(func() { os.RemoveAll(dir) })
	cmd := asJailsh(t, "init", dir)
	cmd.Path = "/proc/self/exe"
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	out, err := cmd.CombinedOutput()
	exit := (*exec.ExitError)(nil)
	if !errors.As(err, &exit) || exit.ExitCode() != 1 || !bytes.Contains(out, []byte("use sudo")) {
		t.Errorf("%v:\n%s", err, out)
	}
	if _, err := os.Lstat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("it was made: %v", err)
	}
}

// A file is there whole or not at all, and one that is there stays.
func TestCreateFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	if err := createFile(path, []byte("first"), 0o640); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("mode %v, error %v", info.Mode(), err)
	}
	if err := createFile(path, []byte("second"), 0o600); !errors.Is(err, fs.ErrExist) {
		t.Errorf("again: %v", err)
	}
	dangling := filepath.Join(dir, "dangling")
	if err := os.Symlink("nowhere", dangling); err != nil {
		t.Fatal(err)
	}
	if err := createFile(dangling, []byte("second"), 0o600); !errors.Is(err, fs.ErrExist) {
		t.Errorf("through a dangling link: %v", err)
	}
	if b, err := os.ReadFile(path); err != nil || string(b) != "first" {
		t.Errorf("content %q, error %v", b, err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 2 {
		t.Errorf("left behind: %v, error %v", entries, err)
	}
}

// Of several who make the same file at once one has made it.
func TestCreateFileOnce(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "file")
	const callers = 16
	var running sync.WaitGroup
	errs := make([]error, callers)
	start := make(chan struct{})
	for i := range callers {
		running.Go(func() {
			<-start
			errs[i] = createFile(path, []byte{byte(i)}, 0o600)
		})
	}
	close(start)
	running.Wait()
	made := -1
	for i, err := range errs {
		switch {
		case err == nil && made >= 0:
			t.Errorf("%d and %d have both made it", made, i)
		case err == nil:
			made = i
		case !errors.Is(err, fs.ErrExist):
			t.Errorf("%d: %v", i, err)
		}
	}
	if b, err := os.ReadFile(path); err != nil || len(b) != 1 || int(b[0]) != made {
		t.Errorf("content %v, error %v; made by %d", b, err, made)
	}
}

// The mode is the wanted one, whatever the umask is: TestMain sets 022.
func TestMakerFolderMode(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "above", "folder")
	m := &maker{out: io.Discard}
	if m.folder(path, 0o775); m.err != nil {
		t.Fatal(m.err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o775 {
		t.Errorf("mode %v, error %v", info.Mode(), err)
	}
}

// The first error ends the work: what comes after may rest on what failed.
func TestMakerStops(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var out strings.Builder
	m := &maker{out: &out}
	m.file(filepath.Join(dir, "missing", "file"), nil, 0o600)
	if m.err == nil {
		t.Fatal("no error")
	}
	m.folder(filepath.Join(dir, "folder"), 0o700)
	m.file(filepath.Join(dir, "file"), nil, 0o600)
	m.hostKey(filepath.Join(dir, "key"))
	if entries, _ := os.ReadDir(dir); len(entries) != 0 || out.Len() != 0 {
		t.Errorf("made %v, said %q", entries, out.String())
	}
}
