package template

import (
	"io/fs"
	"testing"
	"time"
)

func TestPlanMatches(t *testing.T) {
	t.Parallel()
	now := time.Now()
	p := plan{"/d": {mode: fs.ModeDir | 0o755}, "/d/f": {mode: 0o644, size: 3, mtime: now}, "/d/l": newLink("f")}
	good := func() []manifestLine {
		return []manifestLine{
			{path: "/d", mode: fs.ModeDir | 0o755, size: 4096},
			{path: "/d/f", mode: 0o644, size: 3},
			{path: "/d/l", mode: fs.ModeSymlink | 0o777, target: "f", size: 1},
		}
	}
	if err := p.matches(good()); err != nil {
		t.Error(err)
	}
	for _, c := range []struct {
		name  string
		spoil func([]manifestLine) []manifestLine
	}{
		{"missing", func(l []manifestLine) []manifestLine { return l[:2] }},
		{"unplanned", func(l []manifestLine) []manifestLine { l[2].path = "/d/x"; return l }},
		{"short", func(l []manifestLine) []manifestLine { l[1].size = 2; return l }},
		{"mode", func(l []manifestLine) []manifestLine { l[1].mode = 0o600; return l }},
		{"kind", func(l []manifestLine) []manifestLine { l[1].mode = fs.ModeDir | 0o644; return l }},
		{"target", func(l []manifestLine) []manifestLine { l[2].target = "g"; return l }},
	} {
		if err := p.matches(c.spoil(good())); err == nil {
			t.Errorf("%s: passed", c.name)
		}
	}
}
