package jailsh

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Documents, samples and error messages say what to type: each `jailsh ...` that
// they name is a command that there is, with flags that it has.
func TestNamedCommandsExist(t *testing.T) {
	t.Parallel()
	commands := knownCommands(t)
	mentions := 0
	textFiles(t, func(path, text string) {
		if strings.HasPrefix(filepath.Base(path), "conventions_") {
			return
		}
		for i, line := range lines(text) {
			for _, words := range named(path, line) {
				mentions++
				if problem := commands.problem(words); problem != "" {
					t.Errorf("%s:%d: %s: %s", path, i+1, strings.Join(words, " "), problem)
				}
			}
		}
	})
	if mentions < 10 {
		t.Fatalf("found only %d commands named", mentions)
	}
}

func TestUnknownCommandsAreFound(t *testing.T) {
	t.Parallel()
	c := commandSet{
		"":         "  --config string\n",
		"user":     "  --config string\n",
		"user add": "  --config string\n  --key FILE\n",
		"check":    "  --config string\n  --json\n",
	}
	for _, tc := range []struct {
		path, line string
		bad        int
	}{
		{"a.go", `return errors.New("no user - run: jailsh user add alice --key FILE")`, 0},
		{"a.go", `return errors.New("no user - run: jailsh user invent alice")`, 1},
		{"a.go", `return errors.New("install jailsh and jailshd of one version")`, 0},
		{"a.md", "Then `jailsh --config x.toml check --json` says so.", 0},
		{"a.md", "Then `jailsh check --yaml` says so.", 1},
		{"a.md", "    sudo jailsh share", 1},
		{"a.md", "jailsh is a server, and `jailsh run alice -- ls --color` is not known", 1},
		{"a.toml", "# what is built; see: jailsh check", 0},
	} {
		bad := 0
		for _, words := range named(tc.path, tc.line) {
			if c.problem(words) != "" {
				bad++
			}
		}
		if bad != tc.bad {
			t.Errorf("%s: %d problems, want %d", tc.line, bad, tc.bad)
		}
	}
}

// named returns the words of each call of jailsh that a line says to type: after
// a backquote, after "run: " and its like, and at the start of an indented line of
// a document.
func named(path, line string) (calls [][]string) {
	const before = "(?:`|(?:run|with|see|again|user): +"
	start := before + ")"
	if filepath.Ext(path) == ".md" {
		start = before + `|^(?:\s{2,}|\$ |# )|^(?:sudo |bin/))`
	}
	call := regexp.MustCompile(start + `(?:\$ |# )?(?:sudo )?(?:bin/)?jailsh((?: +[^\s` + "`" + `"|;,)]+)+)`)
	for _, m := range call.FindAllStringSubmatch(line, -1) {
		calls = append(calls, append([]string{"jailsh"}, strings.Fields(m[1])...))
	}
	return calls
}

// commandSet is the help of each command, by its words after jailsh.
type commandSet map[string]string

// knownCommands builds jailsh and asks it.
func knownCommands(t *testing.T) commandSet {
	t.Helper()
	program := filepath.Join(t.TempDir(), "jailsh")
	run(t, "go", "build", "-trimpath", "-o", program, "./cmd/jailsh")
	found := commandSet{}
	for todo := [][]string{nil}; len(todo) > 0; todo = todo[1:] {
		help, err := exec.CommandContext(t.Context(), program, append(todo[0][:len(todo[0]):len(todo[0])], "--help")...).CombinedOutput()
		if err != nil {
			t.Fatalf("jailsh %v --help: %v\n%s", todo[0], err, help)
		}
		found[strings.Join(todo[0], " ")] = string(help)
		_, list, _ := strings.Cut(string(help), "Available Commands:\n")
		list, _, _ = strings.Cut(list, "\n\n")
		for line := range strings.Lines(list) {
			if f := strings.Fields(line); len(f) > 0 && f[0] != "help" {
				todo = append(todo, append(todo[0][:len(todo[0]):len(todo[0])], f[0]))
			}
		}
	}
	if len(found) < 10 {
		t.Fatalf("found only %d commands of jailsh", len(found))
	}
	inJail(t, found)
	return found
}

// inJail adds those of the command that has the name jailsh in a jail.
func inJail(t *testing.T, found commandSet) {
	t.Helper()
	program := filepath.Join(t.TempDir(), "jailsh")
	run(t, "go", "build", "-trimpath", "-o", program, "./cmd/jailsh-applet")
	usage, _ := exec.CommandContext(t.Context(), program).CombinedOutput() // it ends with 2
	help := strings.NewReplacer("[", " ", "]", " ").Replace(string(usage))
	for _, m := range regexp.MustCompile(`jailsh ([a-z ]*[a-z])`).FindAllStringSubmatch(help, -1) {
		if _, both := found[m[1]]; both {
			t.Errorf("jailsh %s is a command of the administrator's and one of the jail's", m[1])
		}
		found[m[1]] = help
	}
	if found["share list"] == "" {
		t.Fatalf("found no commands in %q", usage)
	}
}

// problem says what is wrong with a call, or nothing.
func (c commandSet) problem(words []string) string {
	var path, flags []string
	grown := true
	for i := 1; i < len(words) && words[i] != "--"; i++ {
		word := strings.TrimRight(words[i], ".:")
		switch {
		case word == "--config":
			i++
		case strings.HasPrefix(word, "--"):
			name, _, _ := strings.Cut(word, "=")
			flags = append(flags, name)
		case grown && regexp.MustCompile(`^[a-z]+$`).MatchString(word) && (len(path) == 0 || c.hasBelow(path)):
			path = append(path, word)
		default:
			grown = false
		}
	}
	help, ok := c[strings.Join(path, " ")]
	if !ok {
		return "there is no such command"
	}
	for _, flag := range flags {
		if flag != "--help" && !slices.Contains(strings.Fields(help), flag) {
			return fmt.Sprintf("it has no flag %s", flag)
		}
	}
	return ""
}

// hasBelow tells whether a command is a group of others.
func (c commandSet) hasBelow(path []string) bool {
	for name := range c {
		if strings.HasPrefix(name, strings.Join(path, " ")+" ") {
			return true
		}
	}
	return false
}
