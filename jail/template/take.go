package template

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/jailsh/jailsh/jail/rootfs"
)

// take takes p, the links that lead to it, and, if it is a directory, all in it.
func (g *gatherer) take(ctx context.Context, p string) error {
	real, links, err := g.host.Resolve(p)
	if err != nil {
		return err
	}
	if at := g.outside(real, links); at != "" {
		return fmt.Errorf("%s: leads to %s: that is the jail's own, not a template's - leave it out", p, at)
	}
	for _, l := range links {
		g.add(l.Path, newLink(l.Target))
	}
	if g.isBound(real) {
		return nil
	}
	info, err := os.Lstat(g.host.On(real))
	if err != nil {
		return err
	}
	switch {
	case info.IsDir():
		return g.tree(ctx, real)
	case secret(info):
		return fmt.Errorf("%s: is a secret: only its owner may read it on this host - leave it out", real)
	case info.Mode().IsRegular():
		g.file(real, info)
		return nil
	default:
		return fmt.Errorf("%s: is %s: only files, directories and links can be copied - leave it out", real, kind(info.Mode()))
	}
}

// outside returns what of a resolved path can't be in the template: it lies in a
// part that the jail provides, or, where the host's folders are bound, in neither
// them nor the few that the template has of its own.
func (g *gatherer) outside(real string, links []rootfs.Link) string {
	for _, l := range links {
		if inJail(l.Path) {
			return l.Path
		}
	}
	if inJail(real) {
		return real
	}
	if own := topOf(real) == "etc" || topOf(real) == "var"; len(g.bound) > 0 && !own && !g.isBound(real) {
		return real
	}
	return ""
}

func (g *gatherer) isBound(p string) bool { return slices.Contains(g.bound, topOf(p)) }

// add puts e at p, below directories as the host has them.
func (g *gatherer) add(p string, e *entry) {
	if g.isBound(p) {
		return
	}
	parents(p, func(dir string) {
		if g.plan[dir] == nil {
			g.plan[dir] = g.directory(dir)
		}
	})
	g.plan[p] = e
}

func (g *gatherer) file(real string, info fs.FileInfo) {
	if g.plan[real] != nil {
		return
	}
	g.add(real, &entry{mode: info.Mode() & allowed, size: info.Size(), mtime: info.ModTime(), stamp: stampOf(info)})
	g.files = append(g.files, real)
}

func (g *gatherer) directory(dir string) *entry {
	e := &entry{mode: fs.ModeDir | allowed}
	if info, err := os.Lstat(g.host.On(dir)); err == nil && info.IsDir() {
		e.mode = fs.ModeDir | info.Mode()&allowed
	}
	return e
}

// secret says whether others than its owner and group may do nothing with a file:
// no user of a jail could either, so a copy would only be one more to guard.
func secret(info fs.FileInfo) bool { return info.Mode().IsRegular() && info.Mode()&0o005 == 0 }

// wholeSystem are directories that no profile can mean: a link that leads there
// would make a template of the host.
func wholeSystem() []string { return []string{"/", "/boot", "/etc", "/usr", "/var"} }

// tree takes a directory with all in it. What isn't a file, a directory or a
// link is passed over, and so are secrets, and links that lead to one, nowhere or
// into the jail's own directories: a profile can't know them all.
func (g *gatherer) tree(ctx context.Context, dir string) error {
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case slices.Contains(wholeSystem(), dir):
		return fmt.Errorf("%s: would be copied with all that is in it - name what is needed of it", dir)
	case len(g.plan) > maxEntries:
		return fmt.Errorf("%s: the template has more than %d files before it - name less", dir, maxEntries)
	case g.walked[dir]:
		return nil
	}
	g.walked[dir] = true
	g.add(dir, g.directory(dir))
	entries, err := os.ReadDir(g.host.On(dir))
	if err != nil {
		return err
	}
	for _, d := range entries {
		if err := g.child(ctx, path.Join(dir, d.Name()), d); err != nil {
			return err
		}
	}
	return nil
}

func (g *gatherer) child(ctx context.Context, p string, d fs.DirEntry) error {
	switch {
	case g.leftOut(p):
		return nil
	case d.IsDir():
		return g.tree(ctx, p)
	case d.Type().IsRegular():
		info, err := d.Info()
		if err == nil && !secret(info) {
			g.file(p, info)
		}
		return err
	case d.Type()&fs.ModeSymlink != 0:
		real, links, err := g.host.Resolve(p)
		var info fs.FileInfo
		if err == nil && g.outside(real, links) == "" {
			info, err = g.host.Lstat(real)
		}
		if err == nil && info != nil && !secret(info) {
			return g.take(ctx, p)
		}
	}
	return nil
}

func (g *gatherer) leftOut(p string) bool {
	return slices.ContainsFunc(g.without, func(pattern string) bool {
		ok, _ := path.Match(pattern, p) // the pattern was checked when it was read
		return ok
	})
}

// programs looks into each file and takes what it needs to run, until no file is new.
func (g *gatherer) programs(ctx context.Context) []error {
	var problems []error
	for len(g.files) > 0 && ctx.Err() == nil {
		p := g.files[0]
		g.files = g.files[1:]
		needs, err := g.needs(p)
		problems = append(problems, err)
		for _, n := range needs {
			err := g.take(ctx, n)
			if errors.Is(err, fs.ErrNotExist) {
				err = lacks(p, n)
			}
			problems = append(problems, err)
		}
	}
	return problems
}

func (g *gatherer) needs(p string) ([]string, error) {
	f, info, err := g.host.Open(p)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	paths, missing, err := g.linker.needs(f, p, info.Mode())
	if err != nil {
		return nil, fmt.Errorf("%s: %w - reinstall its package", p, err)
	}
	if len(missing) > 0 {
		err = lacks(p, missing...)
	}
	return paths, err
}

func lacks(p string, missing ...string) error {
	return fmt.Errorf("%s: needs %s, which this host doesn't have - reinstall its package", p, strings.Join(missing, ", "))
}
