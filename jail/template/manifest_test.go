package template

import (
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestManifestIsReadBack(t *testing.T) {
	t.Parallel()
	build := filepath.Join(t.TempDir(), "20260102T030405Z-0a1b2c3d")
	if err := os.Mkdir(build, 0o755); err != nil {
		t.Fatal(err)
	}
	sum := strings.Repeat("ab", 32)
	for _, want := range []*Info{
		{Kind: Copy, Profiles: []string{"basic", "git"}, Files: 2, Bytes: 1 << 40},
		{Kind: Host, Profiles: []string{}, Bound: []string{"/usr", "/lib32"}},
		{Kind: Dir, Profiles: []string{}, Source: "/srv/a folder\n\"of\" jails"},
	} {
		want.Name, want.ID, want.Build, want.Root = "x", filepath.Base(build), build, filepath.Join(build, "root")
		if want.Kind == Dir {
			want.Root = want.Source
		}
		want.Built = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
		lines := []manifestLine{
			{path: "/bin", mode: fs.ModeSymlink | 0o777, target: "usr/bin"},
			{path: "/etc", mode: fs.ModeDir | 0o755},
			{path: "/etc/a \"b\"\n", mode: 0o644, size: 7, sum: sum, stamp: "12:-5:3.4"},
			{path: "/etc/made", mode: 0o600, sum: sum},
			{path: "/etc/x y", mode: fs.ModeSymlink | 0o777, target: "a \"b\"\n"},
		}
		if err := os.WriteFile(filepath.Join(build, manifestName), encodeManifest(want, lines), 0o644); err != nil {
			t.Fatal(err)
		}
		if got, err := readInfo("x", build); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("got  %+v, %v\nwant %+v", got, err, want)
		}
		if got, err := readManifest(build); err != nil || !reflect.DeepEqual(got, lines) {
			t.Errorf("got  %+v, %v\nwant %+v", got, err, lines)
		}
	}
	for _, line := range []string{"", "dir", "dir 0755", "dir 0755 /etc", `dir 9 "/etc"`, `file 0644 x y z "/etc/x"`, `file 0644 -`, `link "x"`, `link x "y"`, `fifo 0644 "/x"`, `dir 7777777 "/etc"`} {
		if l, err := parseLine(line); err == nil {
			t.Errorf("%q was read as %+v", line, l)
		}
	}
}
