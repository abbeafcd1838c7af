package jailsh

import (
	"go/ast"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// byFolder groups the files of each package.
func byFolder(all []source) map[string][]source {
	folders := map[string][]source{}
	for _, s := range all {
		folders[s.dir()] = append(folders[s.dir()], s)
	}
	return folders
}

// A package says in doc.go what it is for, a command in main.go or doc.go, and one
// of a single file there.
func TestPackagesAreExplained(t *testing.T) {
	t.Parallel()
	_, all := sources(t)
	for folder, files := range byFolder(all) {
		if problem := docProblem(folder, files); problem != "" {
			t.Errorf("%s: %s", folder, problem)
		}
	}
}

func docProblem(folder string, files []source) string {
	name := strings.TrimSuffix(files[0].syntax.Name.Name, "_test")
	homes, starts := []string{"doc.go"}, []string{"Package " + name + " "}
	if name == "main" {
		command := filepath.Base(folder)
		homes, starts = []string{"doc.go", "main.go"}, []string{"Command " + command + " ", strings.ToUpper(command[:1]) + command[1:] + " "}
	}
	var code []string
	for _, s := range files {
		if !s.isTest() {
			code = append(code, filepath.Base(s.path))
		}
	}
	if len(code) == 1 {
		homes = code
	}
	found := false
	for _, s := range files {
		if s.syntax.Doc == nil {
			continue
		}
		if !slices.Contains(homes, filepath.Base(s.path)) {
			return filepath.Base(s.path) + " has a package comment: there is one, in " + strings.Join(homes, " or ")
		}
		text := s.syntax.Doc.Text()
		if !slices.ContainsFunc(starts, func(start string) bool { return strings.HasPrefix(text, start) }) {
			return "its comment in " + filepath.Base(s.path) + " doesn't begin with " + strings.Join(starts, "or ")
		}
		found = true
	}
	if !found {
		return "has no package comment in " + strings.Join(homes, " or ") + ": what it is for, who calls it, what an attacker on each side can do"
	}
	return ""
}

func TestNoRoomsForAnything(t *testing.T) {
	t.Parallel()
	_, all := sources(t)
	for _, s := range all {
		for part := range strings.SplitSeq(filepath.ToSlash(s.path), "/") {
			name, _, _ := strings.Cut(strings.TrimSuffix(part, ".go"), "_test")
			if slices.Contains([]string{"util", "utils", "common", "helper", "helpers", "misc", "shared", "lib"}, name) {
				t.Errorf("%s: a name that fits anything - name it after its one concept", s.path)
			}
		}
	}
}

// What init does happens to whoever imports the package, in no order that can be
// read.
func TestNoInit(t *testing.T) {
	t.Parallel()
	set, all := sources(t)
	for _, s := range all {
		for _, d := range s.syntax.Decls {
			f, ok := d.(*ast.FuncDecl)
			if ok && f.Recv == nil && f.Name.Name == "init" {
				t.Errorf("%s: init() - call it from main", set.Position(f.Pos()))
			}
		}
	}
}

func TestFilesHoldOneConcept(t *testing.T) {
	t.Parallel()
	const limit = 400 // lines; typical are 150
	_, all := sources(t)
	for _, s := range all {
		if lines := strings.Count(s.text, "\n"); lines > limit && !s.isTest() {
			t.Errorf("%s: %d lines, over %d - look for the second concept", s.path, lines, limit)
		}
	}
}
