package template

import (
	"testing"
	"time"
)

// Which build came before another is told by their names, of the same second too.
func TestBuildsSortByTheirTime(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	last := ""
	for range 100 {
		id := newID(at)
		if !isID(id) || id <= last {
			t.Errorf("%q after %q", id, last)
		}
		last, at = id, at.Add(37*time.Millisecond)
	}
	for name, want := range map[string]bool{
		"20260102T030405Z-0a1b2c3d": true, "20260102T030405.000001Z-0a1b2c3d": true,
		"20260102T030405Z": false, "20260102T030405Z-0a1b": false, "x-0a1b2c3d": false, "": false, ".tmp-20260102T030405Z-0a1b2c3d": false,
	} {
		if isID(name) != want {
			t.Errorf("isID(%q) is %v", name, !want)
		}
	}
}
