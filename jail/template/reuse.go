package template

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// A file of the host that is as it was when another build copied it isn't copied
// again: the new build gets a hard link to that copy. So ten templates, and the
// builds of each, take the space of one, and their jails share its pages in
// memory, which they would not if the file system shared the blocks only.
//
// Nobody in a jail can write to either. Root on the host can, and would change
// all builds that have the file: `jailsh template check` notices by the sum, and
// so does the next build, which then copies everything afresh.

// reuseKey is what a copy has to agree in.
type reuseKey struct {
	stamp stamp
	size  int64
	perm  fs.FileMode
}

// reused is a file of another build.
type reused struct {
	name string // on the host
	sum  string // as its manifest has it
}

// errReused: a file of another build isn't what it was when it was copied.
var errReused = errors.New("was changed in the build that it was taken from")

// reusable lists the files of all templates' current builds. A build that can't be
// read has none: that is found and told when it is opened.
func reusable(dir string) map[reuseKey]reused {
	files := map[reuseKey]reused{}
	infos, _ := List(dir)
	for _, i := range infos {
		if i.Kind == Dir {
			continue
		}
		lines, err := readManifest(i.Build)
		if err != nil {
			continue
		}
		for _, l := range lines {
			if l.stamp != "" {
				files[reuseKey{l.stamp, l.size, l.mode.Perm()}] = reused{filepath.Join(i.Root, l.path), l.sum}
			}
		}
	}
	return files
}

// link makes p a link to a copy of the same file, if there is one. Whatever keeps
// it from that, another file system or too many links, leaves it to be copied.
func (c *copier) link(p string, e *entry) bool {
	have, ok := c.reuse[reuseKey{e.stamp, e.size, e.mode.Perm()}]
	if !ok || e.stamp == "" {
		return false
	}
	host, err := c.from.Lstat(p)
	if err != nil || stampOf(host) != e.stamp {
		return false // changed since the plan was made: copying finds that out, and says so
	}
	info, err := os.Lstat(have.name)
	if err != nil || info.Mode() != e.mode || info.Size() != e.size || !info.ModTime().Equal(e.mtime) || !ownedByUs(info) {
		return false
	}
	if err := os.Link(have.name, c.to.On(p)); err != nil {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sums[p] = have.sum
	return true
}
