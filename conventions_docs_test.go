package jailsh

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// documents returns the Markdown files of the project.
func documents(t *testing.T) map[string]string {
	t.Helper()
	docs := map[string]string{}
	eachFile(t, func(path string) {
		if filepath.Ext(path) == ".md" {
			docs[path] = read(t, path)
		}
	})
	return docs
}

// A link leads to a file that is there, and its #anchor to a heading of it.
func TestLinksLeadSomewhere(t *testing.T) {
	t.Parallel()
	for path, text := range documents(t) {
		for _, problem := range deadLinks(path, text, os.ReadFile) {
			t.Error(problem)
		}
	}
}

func deadLinks(path, text string, readFile func(string) ([]byte, error)) (problems []string) {
	link := regexp.MustCompile(`\]\(([^)\s]+)\)`)
	for i, line := range lines(withoutFences(text)) {
		for _, m := range link.FindAllStringSubmatch(line, -1) {
			u, err := url.Parse(m[1])
			if err != nil || u.Scheme != "" {
				continue
			}
			target, content := path, text
			if u.Path != "" {
				target = filepath.Join(filepath.Dir(path), u.Path)
				if info, err := os.Stat(target); err == nil && info.IsDir() {
					continue
				}
				b, err := readFile(target)
				if err != nil {
					problems = append(problems, fmt.Sprintf("%s:%d: the link %s leads to no file", path, i+1, m[1]))
					continue
				}
				content = string(b)
			}
			if u.Fragment != "" && !slices.Contains(anchors(content), u.Fragment) {
				problems = append(problems, fmt.Sprintf("%s:%d: the link %s leads to no heading of %s", path, i+1, m[1], target))
			}
		}
	}
	return problems
}

// anchors returns the names that headings have as the ends of links.
func anchors(text string) (names []string) {
	drop := regexp.MustCompile(`[^\p{L}\p{N} _-]`)
	for _, line := range lines(withoutFences(text)) {
		title := strings.TrimLeft(line, "#")
		if title == line || !strings.HasPrefix(title, " ") {
			continue
		}
		names = append(names, strings.ReplaceAll(drop.ReplaceAllString(strings.ToLower(strings.TrimSpace(title)), ""), " ", "-"))
	}
	return names
}

func withoutFences(text string) string {
	fenced := false
	all := lines(text)
	for i, line := range all {
		fence := strings.HasPrefix(strings.TrimSpace(line), "```")
		if fence {
			fenced = !fenced
		}
		if fence || fenced {
			all[i] = ""
		}
	}
	return strings.Join(all, "\n")
}

func TestDeadLinksAreFound(t *testing.T) {
	t.Parallel()
	files := map[string]string{"docs/b.md": "# The one `thing`, named\n"}
	readFile := func(path string) ([]byte, error) {
		if text, ok := files[path]; ok {
			return []byte(text), nil
		}
		return nil, os.ErrNotExist
	}
	text := "# Top\n[a](b.md) [b](b.md#the-one-thing-named) [c](#top) [d](https://example.org/x)\n" +
		"[e](gone.md) [f](b.md#gone)\n[g](#gone)\n```\n[h](gone.md)\n```\n"
	got := strings.Join(deadLinks("docs/a.md", text, readFile), "\n")
	want := "docs/a.md:3: the link gone.md leads to no file\n" +
		"docs/a.md:3: the link b.md#gone leads to no heading of docs/b.md\n" +
		"docs/a.md:4: the link #gone leads to no heading of docs/a.md"
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// Documents name targets of make that there are, and `make help` all of them.
func TestTargetsExist(t *testing.T) {
	t.Parallel()
	makefile := read(t, "Makefile")
	targets := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^([a-z]+):.*## `).FindAllStringSubmatch(makefile, -1) {
		targets[m[1]] = true
	}
	phony := regexp.MustCompile(`(?m)^\.PHONY: (.*)$`).FindStringSubmatch(makefile)
	if phony == nil {
		t.Fatal("Makefile: has no .PHONY")
	}
	for name := range strings.FieldsSeq(phony[1]) {
		if !targets[name] {
			t.Errorf("Makefile: %s has no `## what it does`, so make help doesn't list it", name)
		}
	}
	if len(targets) != len(strings.Fields(phony[1])) {
		t.Errorf("Makefile: .PHONY has %v, and the targets are %v", phony[1], targets)
	}
	mention := regexp.MustCompile("(?:`|: |^\\s*(?:\\$ )?)(?:sudo )?make ([a-z]+)")
	textFiles(t, func(path, text string) {
		switch filepath.Ext(path) {
		case ".md", ".go", ".sh", ".yml":
		default:
			return
		}
		for i, line := range lines(text) {
			for _, m := range mention.FindAllStringSubmatch(line, -1) {
				if isCode(path, text, line) && !targets[m[1]] {
					t.Errorf("%s:%d: make %s: there is no such target", path, i+1, m[1])
				}
			}
		}
	})
}

// isCode tells lines whose mention of a command is to be typed: in prose only
// what stands in backquotes or after a colon is.
func isCode(path, text, line string) bool {
	if filepath.Ext(path) != ".md" {
		return strings.Contains(line, "run: ") || strings.Contains(line, "`make ") || strings.Contains(line, "`sudo make ")
	}
	return strings.Contains(line, "`") || !strings.Contains(withoutFences(text), line)
}
