package etc_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/jailsh/jailsh/etc"
	"github.com/jailsh/jailsh/internal/config"
	"github.com/jailsh/jailsh/internal/strict"
	"github.com/jailsh/jailsh/users"
)

// The sample says what the defaults are, so it must not change any.
func TestServerSampleIsTheDefaults(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "jailsh.toml")
	sample, err := config.Parse(file, file, etc.SampleServer())
	if err != nil {
		t.Fatal(err)
	}
	empty, err := config.Parse(file, file, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := dump(t, sample), dump(t, empty); got != want {
		t.Errorf("the sample gives\n%s\nand an empty file\n%s", got, want)
	}
}

func TestServerSampleHasEachKey(t *testing.T) {
	t.Parallel()
	root := strict.Parse("jailsh.toml", etc.SampleServer()).Root
	for _, name := range config.Keys() {
		if root.Child(name) == nil {
			t.Errorf("%s isn't in the sample", name)
		}
	}
}

// commentedOut is an example line: prose has one blank behind the #.
var commentedOut = regexp.MustCompile(`(?m)^#(\S|    )`)

func parseUsers(t *testing.T, src []byte) *users.Table {
	t.Helper()
	passwd := filepath.Join(t.TempDir(), "passwd")
	if err := os.WriteFile(passwd, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	table, err := users.Parse("users.toml", src, users.Base{Homes: "/srv/homes", NetUID: 64022, Passwd: passwd})
	if err != nil {
		t.Fatal(err)
	}
	return table
}

func TestUsersSample(t *testing.T) {
	t.Parallel()
	if names := parseUsers(t, etc.SampleUsers()).Names(); len(names) != 0 {
		t.Errorf("a new instance has the users %v", names)
	}
	src := commentedOut.ReplaceAll(etc.SampleUsers(), []byte("$1"))
	table := parseUsers(t, src)
	alice, ok := table.User("alice")
	if !ok || len(alice.Keys) != 2 || len(alice.Mounts) != 2 || alice.Allow.Exec || !alice.Allow.Shell {
		t.Errorf("the example is read as %+v", alice)
	}
	for _, name := range users.Keys() {
		if !regexp.MustCompile(`(?m)^` + name + ` =`).Match(src) {
			t.Errorf("%s isn't in the sample", name)
		}
	}
}

// A user who only has a uid gets the same with the [defaults] of the sample as
// with none.
func TestUsersSampleIsTheDefaults(t *testing.T) {
	t.Parallel()
	const bob = "\n[user.bob]\nuid = 20001\n"
	with, _ := parseUsers(t, append(etc.SampleUsers(), bob...)).User("bob")
	without, _ := parseUsers(t, []byte(bob)).User("bob")
	a, b := *with, *without
	a.Line, b.Line = 0, 0
	if got, want := dump(t, a), dump(t, b); got != want {
		t.Errorf("the sample gives\n%s\nand an empty file\n%s", got, want)
	}
}

func dump(t *testing.T, v any) string {
	t.Helper()
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// The reference has a row for each key, and names those that are refused.
func TestReferenceHasEachKey(t *testing.T) {
	t.Parallel()
	doc, err := os.ReadFile("../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range append(config.Keys(), users.Keys()...) {
		if !regexp.MustCompile("(?m)^\\| `" + name + "` \\|").Match(doc) {
			t.Errorf("docs/configuration.md has no row for %s", name)
		}
	}
	_, later, _ := bytes.Cut(doc, []byte("## Not supported yet"))
	for _, name := range append(config.Later(), users.Later()...) {
		if !bytes.Contains(later, []byte("`"+name+"`")) {
			t.Errorf("docs/configuration.md doesn't say that %s isn't supported yet", name)
		}
	}
}
