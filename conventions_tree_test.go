package jailsh

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// textFiles calls visit with each file of the project that people read.
func textFiles(t *testing.T, visit func(path, text string)) {
	t.Helper()
	eachFile(t, func(path string) {
		if text := read(t, path); !bytes.ContainsRune([]byte(text), 0) {
			visit(path, text)
		}
	})
}

// Where the project happens to be checked out is of no use to anybody else, and
// tells of the machine.
func TestNoPathOfThisMachine(t *testing.T) {
	t.Parallel()
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	if filepath.Dir(here) == "/" {
		return // right below the root it is a path that others may mean
	}
	textFiles(t, func(path, text string) {
		for i, line := range lines(text) {
			if strings.Contains(line, here) {
				t.Errorf("%s:%d: names %s, where this checkout is", path, i+1, here)
			}
		}
	})
}

// What is not done is an issue, not a word in a file.
func TestNothingIsLeftForLater(t *testing.T) {
	t.Parallel()
	later := regexp.MustCompile(`\b(TO` + `DO|FIX` + `ME|X` + `XX)\b`)
	textFiles(t, func(path, text string) {
		for i, line := range lines(text) {
			if later.MatchString(line) && !strings.Contains(line, "mktemp") {
				t.Errorf("%s:%d: %s - do it, or make it an issue", path, i+1, strings.TrimSpace(line))
			}
		}
	})
}

// A script without its bit is one that `make` can't start in a fresh clone.
func TestScriptsCanBeStarted(t *testing.T) {
	t.Parallel()
	scripts := 0
	textFiles(t, func(path, text string) {
		if !strings.HasPrefix(text, "#!") {
			return
		}
		scripts++
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode()&0o111 == 0 {
			t.Errorf("%s: starts with #! and isn't executable - run: chmod +x %s", path, path)
		}
		if strings.Contains(text[:strings.IndexByte(text, '\n')], "bash") && !strings.Contains(text, "\nset -") {
			t.Errorf("%s: goes on after an error - add: set -euo pipefail", path)
		}
	})
	if scripts < 4 {
		t.Fatalf("found only %d scripts", scripts)
	}
}

func lines(text string) []string { return strings.Split(text, "\n") }
