package template

import (
	"errors"
	"os"
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/jailsh/jailsh/jail/rootfs"
)

func TestClosureAgainstLdd(t *testing.T) {
	t.Parallel()
	cache, err := readCache(rootfs.Dir("/"))
	if err != nil {
		t.Fatal(err)
	}
	l := newLinker(rootfs.Dir("/"), cache)
	native := l.load("/proc/self/exe")
	type answer struct{ paths, missing []string }
	want := map[string]answer{}
	var names []string
	for _, dir := range []string{"/usr/bin", "/usr/sbin"} {
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for i, e := range entries {
			real, _, err := l.root.Resolve(path.Join(dir, e.Name()))
			if err != nil {
				continue
			}
			o := l.load(real)
			if o == nil || o.interp == "" || o.machine != native.machine || want[real].paths != nil {
				continue
			}
			paths, missing := l.closure(real, o)
			if i%10 == 0 || o.rpath != nil || o.runpath != nil || missing != nil {
				want[real] = answer{paths, missing}
				names = append(names, real)
			}
		}
	}
	if len(names) < 10 {
		t.Fatalf("only %d programs to compare", len(names))
	}
	for name, got := range ldd(t, names) {
		var paths []string
		for _, p := range want[name].paths {
			if !strings.Contains(p, "/glibc-hwcaps/") {
				paths = append(paths, p)
			}
		}
		slices.Sort(paths)
		if !slices.Equal(paths, got.paths) || len(want[name].missing) != len(got.missing) {
			t.Errorf("%s: found %v, missing %v; ldd found %v, missing %v", name, paths, want[name].missing, got.paths, got.missing)
		}
	}
}

func ldd(t *testing.T, names []string) map[string]struct{ paths, missing []string } {
	t.Helper()
	cmd := exec.Command("ldd", names...)
	cmd.Env = []string{"PATH=/usr/bin:/bin"}
	out, err := cmd.Output()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) { // it exits 1 if one isn't dynamic
		t.Fatal(err)
	}
	answers := map[string]struct{ paths, missing []string }{}
	name := ""
	for line := range strings.Lines(string(out)) {
		words := strings.Fields(line)
		if !strings.HasPrefix(line, "\t") {
			name = strings.TrimSuffix(words[0], ":")
			continue
		}
		a := answers[name]
		switch {
		case strings.HasSuffix(line, "=> not found\n"):
			a.missing = append(a.missing, words[0])
		case len(words) == 4 && words[1] == "=>":
			a.paths = append(a.paths, words[2])
		case len(words) == 2 && strings.HasPrefix(words[0], "/"):
			a.paths = append(a.paths, words[0])
		}
		slices.Sort(a.paths)
		answers[name] = a
	}
	return answers
}
