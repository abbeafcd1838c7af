package template

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
)

var update = flag.Bool("update", false, "write what the fixtures should be")

// TestProfileFixtures reads testdata/profile: a profile, a line of dashes, and
// what it says or what is wrong with it.
func TestProfileFixtures(t *testing.T) {
	files, err := filepath.Glob("testdata/profile/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no fixtures: %v", err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".txt")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			src, want, _ := strings.Cut(string(text), "---\n")
			got := describe(parseProfile(name, name+".toml", []byte(src)))
			if *update {
				if err := os.WriteFile(file, []byte(src+"---\n"+got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if got != want {
				t.Errorf("got:\n%s\nwant:\n%s", got, want)
			}
		})
	}
}

func describe(p *profile, err error) string {
	if err != nil {
		return err.Error() + "\n"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "profile %s: %s\n", p.name, p.summary)
	for _, i := range p.include {
		fmt.Fprintf(&b, "include %s\n", i)
	}
	for _, c := range p.choices {
		fmt.Fprintf(&b, "any %s:", c.what)
		for _, l := range c.of {
			fmt.Fprintf(&b, " %s", l.name)
		}
		fmt.Fprintln(&b)
	}
	for _, l := range p.packages {
		fmt.Fprintf(&b, "package %s: commands %v %v, paths %v %v, globs %v, contents %v without %v, optional %v\n",
			l.name, l.commands, l.optionalCommands, l.paths, l.optionalPaths, l.globs, l.contents, l.without, l.optional)
	}
	for _, f := range p.files {
		fmt.Fprintf(&b, "file %s %04o %q\n", f.path, f.mode, f.content)
	}
	return b.String()
}

func TestProfileInclude(t *testing.T) {
	t.Parallel()
	dir := fstest.MapFS{
		"a.toml": {Data: []byte(`include = ["b", "c"]`)},
		"b.toml": {Data: []byte(`include = ["a", "c"]`)}, // a circle
		"c.toml": {Data: []byte(`summary = "c"`)},
		"d.toml": {Data: []byte(`include = ["gone"]`)},
		"e.toml": {Data: []byte(`what = 1`)},
	}
	list, err := loadProfiles(dir, []string{"a", "b"})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, p := range list {
		names = append(names, p.name)
	}
	if got := strings.Join(names, " "); got != "c b a" {
		t.Errorf("order is %q, want an included profile before the one that includes it", got)
	}

	_, err = loadProfiles(dir, []string{"d", "e", "../a"})
	want := "profile d: include: profile gone: there is none of that name - use one of: a, b, c, d, e\n" +
		"e.toml:1: what: unknown key - remove it\n" +
		`profile "../a": not a name - use letters, digits, - and _, at most 64`
	if err == nil || err.Error() != want {
		t.Errorf("got:\n%v\nwant:\n%s", err, want)
	}
}
