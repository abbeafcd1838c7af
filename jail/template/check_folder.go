package template

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// firstAccount is the lowest uid that Debian gives to people (adduser.conf(5)).
// Those below are the distribution's own services.
const firstAccount = 1000

// hostFolders looks at what is bound from the host. setuid bits are at home there
// and have no effect in a jail; what the host's programs lack, its administrator
// would know. But who can write to one of them writes into each jail.
func (c *checker) hostFolders(ctx context.Context) error {
	for _, dir := range c.info.Bound {
		err := walk(ctx, dir, func(name string, info fs.FileInfo) {
			if info.Mode().Perm()&0o002 != 0 && info.Mode()&fs.ModeSticky == 0 {
				c.note("is writable by everybody on this host, and in each jail of the template", "run: chmod o-w on it", name)
			}
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// folder looks at a template of kind Dir as a whole.
func (c *checker) folder(ctx context.Context) error {
	if exposed(c.info.Source) {
		if err := c.exposed(ctx); err != nil {
			return err
		}
	}
	return c.commands(ctx)
}

// exposed says whether accounts of the host can get into a folder.
func exposed(dir string) bool {
	for {
		var st unix.Stat_t
		if err := unix.Lstat(dir, &st); err != nil || st.Mode&0o001 == 0 {
			return false
		}
		if dir == "/" {
			return true
		}
		dir = filepath.Dir(dir)
	}
}

// exposed names what accounts of the host could do with the folder: run its setuid
// programs, which nobody updates with the host's, or write to it. Closing the
// folder mends all of it at once; jails don't need it open.
func (c *checker) exposed(ctx context.Context) error {
	root := c.info.Source
	fix := fmt.Sprintf("run: chmod 0700 %s", root)
	out := leftOut(root)
	return walk(ctx, root, func(name string, info fs.FileInfo) {
		rel := strings.TrimPrefix(name, root)
		mode := info.Mode()
		switch {
		case mode.IsRegular() && mode&(fs.ModeSetuid|fs.ModeSetgid) != 0 && mode&0o011 != 0:
			c.note("is setuid or setgid, and accounts of this host could run it (in a jail it has no effect)", fix, name)
		case slices.Contains(out, topOf(rel)) || rel == "/var/tmp": // the jail has its own
		case mode.Perm()&0o002 != 0:
			c.note("is writable by everybody on this host", fix, name)
		default:
			if st, ok := info.Sys().(*syscall.Stat_t); ok && st.Uid >= firstAccount && int(st.Uid) != os.Geteuid() {
				c.note(fmt.Sprintf("belongs to uid %d, who could change it", st.Uid), fix, name)
			}
		}
	})
}

// commands names the programs that can't be started in a jail: links that lead
// nowhere, programs that lack a library or an interpreter. Elsewhere both are
// common in a root file system, and nothing to worry about.
func (c *checker) commands(ctx context.Context) error {
	tree := c.info.Tree()
	cache, err := readCache(tree)
	if err != nil {
		return err
	}
	l := newLinker(tree, cache)
	fix := "reinstall its package in " + c.info.Source
	seen := map[string]bool{}
	for _, dir := range commandDirs() {
		real, _, err := tree.Resolve(dir)
		if err != nil || seen[real] {
			continue
		}
		seen[real] = true
		entries, err := os.ReadDir(tree.On(real))
		if err != nil {
			return err
		}
		for _, e := range entries {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			p := path.Join(real, e.Name())
			at, _, err := tree.Resolve(p)
			if err != nil {
				c.note("leads nowhere", fix, p)
				continue
			}
			for _, missing := range lacking(l, at) {
				c.note("needs "+missing+", which is not in the folder", fix, p)
			}
		}
	}
	return nil
}

// lacking names what the file at p, without links, needs and the linker's tree
// lacks. What can't be read as a program needs nothing.
func lacking(l *linker, p string) []string {
	f, info, err := l.root.Open(p)
	if err != nil {
		return nil
	}
	defer f.Close()
	paths, missing, err := l.needs(f, p, info.Mode())
	if err != nil {
		return nil
	}
	for _, n := range paths {
		if _, _, err := l.root.Resolve(n); err != nil && !slices.Contains(missing, n) {
			missing = append(missing, n)
		}
	}
	return missing
}

// walk visits what is in dir, dir included, but for symbolic links. What vanishes
// meanwhile is passed over.
func walk(ctx context.Context, dir string, visit func(name string, info fs.FileInfo)) error {
	return filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err == nil && d.Type()&fs.ModeSymlink == 0 {
			var info fs.FileInfo
			if info, err = d.Info(); err == nil {
				visit(name, info)
			}
		}
		if os.IsNotExist(err) {
			return nil
		}
		return err
	})
}
