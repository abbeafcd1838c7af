package jailsh

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/jailsh/jailsh"

// notOurs are folders whose files nobody wrote for this project: what was built,
// an instance, what a fuzzer found.
func notOurs() []string { return []string{".git", "bin", "dist", "run", "testdata", "templates"} }

// eachFile calls visit for each regular file of the project, with its path from
// the project's root.
func eachFile(t *testing.T, visit func(path string)) {
	t.Helper()
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && slices.Contains(notOurs(), d.Name()):
			return filepath.SkipDir
		case d.Type().IsRegular():
			visit(path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// source is one Go file.
type source struct {
	path   string
	text   string
	syntax *ast.File
}

func (s source) isTest() bool { return strings.HasSuffix(s.path, "_test.go") }

func (s source) dir() string { return filepath.Dir(s.path) }

func sources(t *testing.T) (*token.FileSet, []source) {
	t.Helper()
	set := token.NewFileSet()
	var all []source
	eachFile(t, func(path string) {
		if filepath.Ext(path) != ".go" {
			return
		}
		text := read(t, path)
		f, err := parser.ParseFile(set, path, text, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, source{path, text, f})
	})
	if len(all) < 10 {
		t.Fatalf("found only %d Go files: the test doesn't run at the project's root", len(all))
	}
	return set, all
}

// listed is a package as go list sees it.
type listed struct {
	ImportPath string
	Imports    []string
	Standard   bool
}

// listPackages returns the project's packages and all that they import, by path.
func listPackages(t *testing.T) map[string]listed {
	t.Helper()
	out := run(t, "go", "list", "-deps", "-json=ImportPath,Imports,Standard", "./...")
	packages := map[string]listed{}
	for d := json.NewDecoder(strings.NewReader(out)); ; {
		var p listed
		err := d.Decode(&p)
		if err == io.EOF {
			return packages
		}
		if err != nil {
			t.Fatal(err)
		}
		packages[p.ImportPath] = p
	}
}

// run returns a program's standard output. The programs are static: what they
// import is asked for without cgo.
func run(t *testing.T, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", name, args, err, stderr.String())
	}
	return string(out)
}
