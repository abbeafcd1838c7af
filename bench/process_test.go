package main

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
)

func TestReadProcess(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "42")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	stat := "42 (a) b (c) S 7 1 1 0 -1 4194304 1 2 3 4 100 20 3 4 20 0 1 0 5 6 7\n"
	if err := os.WriteFile(filepath.Join(dir, "stat"), []byte(stat), 0o600); err != nil {
		t.Fatal(err)
	}
	p, err := readProcess(dir)
	if err != nil {
		t.Fatal(err)
	}
	if want := (process{pid: 42, parent: 7, name: "a) b (c"}); p != want {
		t.Errorf("readProcess = %+v, want %+v", p, want)
	}
}

func TestTreeHasGrandchildren(t *testing.T) {
	t.Parallel()
	// cat ends with its input, and with it the shell.
	cmd := exec.Command("sh", "-c", "cat; true")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(in, "x"); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(out, make([]byte, 1)); err != nil { // cat runs
		t.Fatal(err)
	}
	found, err := tree(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(found, func(p process) bool { return p.name == "cat" }) || found[0].pid != os.Getpid() {
		t.Errorf("tree = %v, want this process first, and a cat", found)
	}
	if n, err := pss(cmd.Process.Pid); err != nil || n <= 0 {
		t.Errorf("pss = %d, %v", n, err)
	}
	in.Close()
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
	if found, err := tree(cmd.Process.Pid); err != nil || len(found) != 0 {
		t.Errorf("tree of a process that ended = %v, %v", found, err)
	}
}

func TestReplaceInFile(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(name, []byte("a = 1\nb = 2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := replaceInFile(name, `(?m)^b = .*$`, "b = $3"); err != nil {
		t.Fatal(err)
	}
	if got, _ := os.ReadFile(name); string(got) != "a = 1\nb = $3\n" {
		t.Errorf("the file is now %q", got)
	}
	if err := replaceInFile(name, `^c`, ""); err == nil {
		t.Error("nothing was replaced, and no error")
	}
}
