package jailsh

import (
	"go/ast"
	"go/token"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/jailsh/jailsh/internal/wire"
	"github.com/jailsh/jailsh/jail/build"
)

// What an administrator reads while something is broken must be what the program
// says: docs/errors.md and the code are held together in both directions.

// span is a piece of code in a line of Markdown.
var span = regexp.MustCompile("`([^`]+)`")

// row is one line of a table.
type row struct {
	line   int
	header string // of its first column
	cells  []string
}

// rows returns the lines of all tables of a document.
func rows(text string) (all []row) {
	header := ""
	for i, line := range lines(withoutFences(text)) {
		if !strings.HasPrefix(line, "|") {
			header = ""
			continue
		}
		cells := strings.Split(strings.Trim(strings.ReplaceAll(line, `\|`, "¦"), "|"), "|")
		for j := range cells {
			cells[j] = strings.TrimSpace(cells[j])
		}
		switch {
		case strings.HasPrefix(cells[0], "---"):
		case header == "":
			header = cells[0]
		default:
			all = append(all, row{i + 1, header, cells})
		}
	}
	return all
}

// spans returns the code of the first column of all tables, whose header is one
// of those named.
func spans(text string, headers ...string) (found []string) {
	for _, r := range rows(text) {
		if !slices.Contains(headers, r.header) {
			continue
		}
		for _, m := range span.FindAllStringSubmatch(r.cells[0], -1) {
			found = append(found, m[1])
		}
	}
	return found
}

// literals are the strings of the program, tests left out.
func literals(t *testing.T) string {
	t.Helper()
	_, all := sources(t)
	var b strings.Builder
	for _, s := range all {
		if s.isTest() {
			continue
		}
		ast.Inspect(s.syntax, func(n ast.Node) bool {
			if l, ok := n.(*ast.BasicLit); ok && l.Kind == token.STRING {
				if text, err := strconv.Unquote(l.Value); err == nil {
					b.WriteString(text + "\x00")
				}
			}
			return true
		})
	}
	return b.String()
}

// Each message in the tables of errors.md is one that the program can say. What
// differs from case to case is written as an ellipsis.
func TestDocumentedErrorsExist(t *testing.T) {
	t.Parallel()
	code := literals(t)
	messages := 0
	for _, m := range spans(read(t, "docs/errors.md"), "message", "event", "reason", "step", "sentence") {
		messages++
		for _, lost := range notIn(code, m) {
			t.Errorf("docs/errors.md: `%s`: no string of the program has %q", m, lost)
		}
	}
	if messages < 150 {
		t.Fatalf("found only %d messages", messages)
	}
}

// notIn returns the fixed parts of a message that code doesn't have.
func notIn(code, message string) (lost []string) {
	for part := range strings.SplitSeq(message, "…") {
		if part = strings.TrimSpace(part); len(part) > 2 && !strings.Contains(code, part) {
			lost = append(lost, part)
		}
	}
	return lost
}

func TestLostMessagesAreFound(t *testing.T) {
	t.Parallel()
	const code = "%q is no umask\x00home %s: belongs to uid %d\x00"
	for message, want := range map[string]int{
		"… is no umask": 0, "home …: belongs to uid …": 0, "… is no mask": 1, "house …: belongs to gid …": 2,
	} {
		if got := notIn(code, message); len(got) != want {
			t.Errorf("%s: lost %q, want %d", message, got, want)
		}
	}
	table := "| message | fix |\n|---|---|\n| `a \\| b` or `c` | `d` |\n\n| other | |\n|---|---|\n| `e` | |\n"
	if got := spans(table, "message"); !slices.Equal(got, []string{"a ¦ b", "c"}) {
		t.Errorf("spans: %q", got)
	}
}

// Whatever the program says by itself, without being asked, is in errors.md.
func TestErrorsAreDocumented(t *testing.T) {
	t.Parallel()
	const doc = "docs/errors.md"
	text := read(t, doc)
	for _, c := range []struct {
		what, header string
		said         []string
		least        int
	}{
		{"a step of a jail", "step", build.Names(), 20},
		{"a sentence for the client", "sentence", sentences(t), 8},
		{"an event", "event", events(t), 10},
		{"a reason of a refusal", "reason", reasons(t), 5},
		{"a line of the log", "message", logged(t), 15},
	} {
		documented := spans(text, c.header)
		for _, s := range c.said {
			if !slices.ContainsFunc(documented, func(d string) bool { return d == s || strings.HasPrefix(d, s+" - ") }) {
				t.Errorf("%s: %s is not in it: %q", doc, c.what, s)
			}
		}
		if len(c.said) < c.least {
			t.Errorf("found only %d of %s", len(c.said), c.what)
		}
	}
}

// sentences are the values of sshd's table of them.
func sentences(t *testing.T) (said []string) {
	t.Helper()
	_, all := sources(t)
	for _, s := range all {
		if s.path != "sshd/sentence.go" {
			continue
		}
		ast.Inspect(s.syntax, func(n ast.Node) bool {
			if kv, ok := n.(*ast.KeyValueExpr); ok {
				said = append(said, textOf(kv.Value)...)
			}
			return true
		})
	}
	return said
}

// events are those that sshd records.
func events(t *testing.T) (said []string) {
	t.Helper()
	eachNode(t, []string{"sshd"}, func(n ast.Node) {
		switch n := n.(type) {
		case *ast.CallExpr:
			if calls(n, "record") && len(n.Args) > 1 {
				said = append(said, textOf(n.Args[1])...)
			}
		case *ast.KeyValueExpr:
			if key, ok := n.Key.(*ast.Ident); ok && key.Name == "Event" {
				said = append(said, textOf(n.Value)...)
			}
		}
	})
	return said
}

// reasons are why users refuses a key: what authorize.go returns as a text, or
// keeps as the reason.
func reasons(t *testing.T) (said []string) {
	t.Helper()
	_, all := sources(t)
	add := func(values []ast.Expr) {
		for _, v := range values {
			if c, ok := v.(*ast.CallExpr); ok && calls(c, "Sprintf") {
				v = c.Args[0]
			}
			for _, text := range textOf(v) {
				if text != "" {
					said = append(said, strings.NewReplacer("%s", "…", "%q", "…").Replace(text))
				}
			}
		}
	}
	for _, s := range all {
		if !slices.Contains([]string{"users/authorize.go", "users/certificate.go", "users/device.go"}, s.path) {
			continue
		}
		ast.Inspect(s.syntax, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.ReturnStmt:
				add(n.Results)
			case *ast.AssignStmt:
				if to, ok := n.Lhs[0].(*ast.Ident); ok && to.Name == "reason" {
					add(n.Rhs)
				}
			}
			return true
		})
	}
	return said
}

// logged are the messages that jailshd logs at info and above.
func logged(t *testing.T) (said []string) {
	t.Helper()
	eachNode(t, []string{"cmd/jailshd", "jail", "internal/reload"}, func(n ast.Node) {
		c, ok := n.(*ast.CallExpr)
		if ok && (calls(c, "Info") || calls(c, "Warn") || calls(c, "Error")) && len(c.Args) > 0 {
			said = append(said, textOf(c.Args[0])...)
		}
	})
	return said
}

// eachNode visits the syntax of packages, tests left out.
func eachNode(t *testing.T, folders []string, visit func(ast.Node)) {
	t.Helper()
	_, all := sources(t)
	for _, s := range all {
		if s.isTest() || !slices.Contains(folders, s.dir()) {
			continue
		}
		ast.Inspect(s.syntax, func(n ast.Node) bool {
			visit(n)
			return true
		})
	}
}

// calls tells whether the called function or method has that name.
func calls(c *ast.CallExpr, name string) bool {
	switch f := c.Fun.(type) {
	case *ast.Ident:
		return f.Name == name
	case *ast.SelectorExpr:
		return f.Sel.Name == name
	}
	return false
}

// textOf is the text of a string literal, if e is one.
func textOf(e ast.Expr) []string {
	if l, ok := e.(*ast.BasicLit); ok && l.Kind == token.STRING {
		if text, err := strconv.Unquote(l.Value); err == nil {
			return []string{text}
		}
	}
	return nil
}

func TestVerbsAreDocumented(t *testing.T) {
	t.Parallel()
	documented := spans(read(t, "docs/architecture.md"), "verb")
	var verbs []string
	for v := wire.Verb(1); !strings.HasPrefix(v.String(), "verb "); v++ {
		verbs = append(verbs, v.String())
	}
	if len(verbs) < 10 {
		t.Fatalf("found only the verbs %v", verbs)
	}
	for _, v := range verbs {
		if !slices.Contains(documented, v) {
			t.Errorf("docs/architecture.md: the table of verbs has no %s", v)
		}
	}
	for _, d := range documented {
		if !slices.Contains(verbs, d) {
			t.Errorf("docs/architecture.md: there is no verb %s", d)
		}
	}
}

func TestPackagesAreOnTheMap(t *testing.T) {
	t.Parallel()
	documented := spans(read(t, "docs/architecture.md"), "package")
	_, all := sources(t)
	folders := byFolder(all)
	for folder := range folders {
		if folder != "." && !slices.Contains(documented, folder) {
			t.Errorf("docs/architecture.md: the table of packages has no %s", folder)
		}
	}
	for _, d := range documented {
		if folders[d] == nil {
			t.Errorf("docs/architecture.md: there is no package %s", d)
		}
	}
}

// A path of the project that a document names in backquotes is there.
func TestNamedFilesExist(t *testing.T) {
	t.Parallel()
	path := regexp.MustCompile(`^(?:(?:cmd|sshd|jail|users|internal|etc|integration|bench|docs|scripts|tools)/[\w./*-]+|[\w*]+_test\.go)$`)
	named := 0
	for doc, text := range documents(t) {
		for i, line := range lines(withoutFences(text)) {
			for _, m := range span.FindAllStringSubmatch(line, -1) {
				if !path.MatchString(m[1]) {
					continue
				}
				named++
				if found, err := filepath.Glob(m[1]); err != nil || len(found) == 0 {
					t.Errorf("%s:%d: there is no %s", doc, i+1, m[1])
				}
			}
		}
	}
	if named < 50 {
		t.Fatalf("found only %d files named", named)
	}
}

// What a taken-over jailsh-net can do is said in the same words wherever somebody
// looks for it.
func TestTheBoundaryIsSaidAlike(t *testing.T) {
	t.Parallel()
	const boundary = "can enter the jails of the table, and nothing of the host"
	for _, doc := range []string{"SECURITY.md", "docs/threat-model.md"} {
		if !strings.Contains(strings.Join(strings.Fields(read(t, doc)), " "), boundary) {
			t.Errorf("%s: doesn't say that a compromised jailsh-net %s", doc, boundary)
		}
	}
}
