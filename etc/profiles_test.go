package etc_test

import (
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/jailsh/jailsh/etc"
)

// The table of profiles/README.md has each profile, and no other.
func TestProfilesAreDocumented(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("profiles/README.md")
	if err != nil {
		t.Fatal(err)
	}
	names, err := fs.Glob(etc.Profiles(), "*.toml")
	if err != nil {
		t.Fatal(err)
	}
	for i := range names {
		names[i] = strings.TrimSuffix(names[i], ".toml")
	}
	var rows []string
	for _, m := range regexp.MustCompile("(?m)^\\| `([a-z]+)` \\|").FindAllStringSubmatch(string(readme), -1) {
		rows = append(rows, m[1])
	}
	slices.Sort(rows)
	if !slices.Equal(rows, names) {
		t.Errorf("the table has %v, the folder %v", rows, names)
	}
}
