package template

import (
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"
)

// plan is a root that is to be made: every entry by its real path, absolute.
type plan map[string]*entry

// entry is one file, directory or link of a root.
type entry struct {
	mode    fs.FileMode // type and permissions, without setuid, setgid and others' write
	target  string      // of a link
	made    bool        // content, not the host's file, is what it holds
	content []byte
	size    int64
	mtime   time.Time
}

// ownedByJail are the names at the top of a jail that never come from a template.
func ownedByJail() []string {
	return []string{"dev", "home", "proc", "root", "run", "sys", "tmp"}
}

// placeholders are what the jail binds its generated files over.
func placeholders() []string {
	return []string{"/etc/group", "/etc/hostname", "/etc/hosts", "/etc/passwd", "/etc/resolv.conf"}
}

// inJail says whether p, a real path, lies in what the jail itself provides.
func inJail(p string) bool {
	top, _, _ := strings.Cut(strings.TrimPrefix(p, "/"), "/")
	return slices.Contains(ownedByJail(), top)
}

// allowed are the permission bits that a template's entry may have.
const allowed = 0o755

// add puts e at p, below directories as the host has them.
func (g *gatherer) add(p string, e *entry) {
	for dir := path.Dir(p); dir != "/" && g.plan[dir] == nil; dir = path.Dir(dir) {
		g.plan[dir] = g.directory(dir)
	}
	g.plan[p] = e
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
