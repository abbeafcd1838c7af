package template

import (
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"time"
)

// plan is a root that is to be made: every entry by its real path, absolute.
type plan map[string]*entry

// entry is one file, directory or link of a root.
type entry struct {
	mode    fs.FileMode // type and permissions, within allowed
	target  string      // of a link
	made    bool        // content, not the host's file, is what it holds
	content []byte
	size    int64     // of a file, in bytes
	mtime   time.Time // of the host's file
	stamp   stamp     // of the host's file
}

// allowed are the permission bits that a template's entry may have: nobody but
// root writes, and nothing is setuid, setgid or sticky.
const allowed = 0o755

// maxEntries is the size of the largest plan; a whole Debian desktop has as many.
// It ends a profile that swept up more than was meant before memory does.
const maxEntries = 500_000

// ownedByJail are the names at the top of a jail that never come from a template.
func ownedByJail() []string {
	return []string{"dev", "home", "proc", "root", "run", "sys", "tmp"}
}

// inJail says whether p, a real path, lies in what the jail itself provides.
func inJail(p string) bool {
	return slices.Contains(ownedByJail(), topOf(p))
}

// topOf is the first name of a path: "usr" of /usr/bin.
func topOf(p string) string {
	top, _, _ := strings.Cut(strings.TrimPrefix(p, "/"), "/")
	return top
}

// placeholders are what the jail puts its own over: the files of /etc that it
// generates, a file system in memory.
func placeholders() map[string]*entry {
	return map[string]*entry{
		"/etc/group":       {mode: 0o644, made: true},
		"/etc/hostname":    {mode: 0o644, made: true},
		"/etc/hosts":       {mode: 0o644, made: true},
		"/etc/passwd":      {mode: 0o644, made: true},
		"/etc/resolv.conf": {mode: 0o644, made: true},
		"/var/tmp":         {mode: fs.ModeDir | 0o755},
	}
}

func sortedPlaceholders() []string { return slices.Sorted(maps.Keys(placeholders())) }

func newFile(content []byte, mode fs.FileMode) *entry {
	return &entry{mode: mode & allowed, made: true, content: content, size: int64(len(content))}
}

func newLink(target string) *entry { return &entry{mode: fs.ModeSymlink | 0o777, target: target} }

// kind names what a mode is of.
func kind(mode fs.FileMode) string {
	switch mode.Type() {
	case 0:
		return "a file"
	case fs.ModeDir:
		return "a directory"
	case fs.ModeSymlink:
		return "a link"
	case fs.ModeNamedPipe:
		return "a fifo"
	case fs.ModeSocket:
		return "a socket"
	default:
		return "a device"
	}
}

// bytes is the size of all files.
func (p plan) bytes() int64 {
	var sum int64
	for _, e := range p {
		if e.mode.IsRegular() {
			sum += e.size
		}
	}
	return sum
}

// matches says where what was read back differs from what was planned.
func (p plan) matches(lines []manifestLine) error {
	for _, l := range lines {
		e := p[l.path]
		switch {
		case e == nil:
			return fmt.Errorf("%s: is in the build and not in its plan", l.path)
		case e.mode != l.mode:
			return fmt.Errorf("%s: is %s of mode %04o, planned was %s of %04o", l.path, kind(l.mode), l.mode.Perm(), kind(e.mode), e.mode.Perm())
		case e.mode.IsRegular() && e.size != l.size:
			return fmt.Errorf("%s: has %d bytes, planned were %d", l.path, l.size, e.size)
		case e.target != l.target:
			return fmt.Errorf("%s: leads to %s, planned was %s", l.path, l.target, e.target)
		}
	}
	if len(lines) != len(p) {
		return fmt.Errorf("the build has %d entries, planned were %d", len(lines), len(p))
	}
	return nil
}

// parents calls visit for each directory above p, from p upwards, without "/".
func parents(p string, visit func(dir string)) {
	for dir := path.Dir(p); dir != "/"; dir = path.Dir(dir) {
		visit(dir)
	}
}
