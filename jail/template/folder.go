package template

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/sys/unix"
)

// leftOut lists the top entries of a root file system that a jail doesn't get:
// those that it makes itself, those that are only for a machine that starts from
// it, files, and links that then lead nowhere (/vmlinuz).
func leftOut(dir string) []string {
	out := append(ownedByJail(), "boot", "lost+found", "media", "mnt")
	entries, _ := os.ReadDir(dir) // an error is found by whoever lists the tree
	for _, e := range entries {
		switch {
		case slices.Contains(out, e.Name()) || e.IsDir():
			continue
		case e.Type()&fs.ModeSymlink != 0:
			if target, err := os.Readlink(filepath.Join(dir, e.Name())); err == nil && topLinked(target, out) {
				continue
			}
		}
		out = append(out, e.Name())
	}
	slices.Sort(out)
	return out
}

// topLinked says whether a link at the top leads to something that a jail has.
func topLinked(target string, out []string) bool {
	top := topOf(filepath.Join("/", target))
	return top != "" && !slices.Contains(out, top)
}

// checkFolder says what keeps a folder from being a jail's root. It is checked at
// each login, so it looks at a dozen places and not at all of it.
func checkFolder(dir string) []flaw {
	if !filepath.IsAbs(dir) || filepath.Clean(dir) != dir || dir == "/" {
		return []flaw{{dir, "is not the absolute path of a folder - write it from / on, without //, . or .."}}
	}
	real, err := filepath.EvalSymlinks(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return []flaw{{dir, "doesn't exist - name a folder that has a root file system, as debootstrap makes one"}}
	}
	if err != nil {
		return []flaw{{dir, err.Error()}}
	}
	if real != dir {
		return []flaw{{dir, "leads through a symbolic link - write: --dir " + real}}
	}
	flaws := checkAbove(dir)
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		flaws = append(flaws, flaw{dir, err.Error()})
	} else if st.Flags&unix.ST_NOEXEC != 0 {
		flaws = append(flaws, flaw{dir, "is mounted noexec, so nothing in the jail could be run - move it, or run: mount -o remount,exec " + dir})
	}
	return append(flaws, checkTop(dir)...)
}

// checkAbove looks at the folder and at all above it: who may write to one of them
// can exchange what is below. In a sticky one only what is one's own.
func checkAbove(dir string) []flaw {
	var flaws []flaw
	for at := dir; ; at = filepath.Dir(at) {
		flaws = append(flaws, checkOwner(at, at != dir)...)
		if at == "/" {
			return flaws
		}
	}
}

func checkOwner(name string, sticky bool) []flaw {
	var st unix.Stat_t
	if err := unix.Lstat(name, &st); err != nil {
		return []flaw{{name, err.Error()}}
	}
	var flaws []flaw
	if st.Uid != 0 && int(st.Uid) != os.Geteuid() {
		flaws = append(flaws, flaw{name, fmt.Sprintf("belongs to uid %d, who could change it at any time - run: chown root: %s", st.Uid, name)})
	}
	link := st.Mode&unix.S_IFMT == unix.S_IFLNK
	if st.Mode&0o022 != 0 && !link && !(sticky && st.Mode&unix.S_ISVTX != 0) {
		flaws = append(flaws, flaw{name, "is writable by others - run: chmod go-w " + name})
	}
	return flaws
}

// checkTop looks at what the jail gets of the folder, and at the files of its /etc
// that the jail puts its own over: a mount needs a file to be put on.
func checkTop(dir string) []flaw {
	tree := (&Info{Kind: Dir, Root: dir}).Tree()
	top, err := tree.Top()
	if err != nil {
		return []flaw{{dir, err.Error()}}
	}
	var flaws []flaw
	names := map[string]bool{}
	for _, e := range top {
		names[e.Name] = true
		flaws = append(flaws, checkOwner(e.Source, false)...)
	}
	if !names["usr"] && !names["bin"] || !names["etc"] {
		return append(flaws, flaw{dir, "has no /usr or no /etc, so it is no root file system - name the folder that has them"})
	}
	for _, p := range sortedPlaceholders() {
		info, err := tree.Lstat(p)
		name := tree.On(p)
		switch {
		case !placeholders()[p].mode.IsRegular():
		case errors.Is(err, fs.ErrNotExist):
			flaws = append(flaws, flaw{name, "isn't there, and the jail puts its own over it - run: touch " + name})
		case err != nil:
			flaws = append(flaws, flaw{name, err.Error()})
		case info.Mode()&fs.ModeSymlink != 0:
			flaws = append(flaws, flaw{name, fmt.Sprintf("is a link, and the jail puts its own over it - run: rm %s && touch %s", name, name)})
		case !info.Mode().IsRegular():
			flaws = append(flaws, flaw{name, "is " + kind(info.Mode()) + ", and the jail puts a file there - remove it"})
		}
	}
	return flaws
}
