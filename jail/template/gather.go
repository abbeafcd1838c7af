package template

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/jailsh/jailsh/jail/rootfs"
)

// gatherer turns profiles into a plan, by looking at the host.
type gatherer struct {
	host   rootfs.Tree
	linker *linker
	plan   plan
	walked map[string]bool // directories taken with all in them
	files  []string        // taken from the host and not yet looked into

	packages map[string]string // installed packages by name: their lists; nil before they are asked for
	without  []string          // patterns of what the package at work leaves out
	bound    []string          // top entries, "usr", that come from the host as they are
}

// commandDirs is where commands are looked up: the distribution's before those
// that the administrator added, so that a template is the same on every host.
func commandDirs() []string {
	return []string{"/usr/bin", "/bin", "/usr/sbin", "/sbin", "/usr/local/bin", "/usr/local/sbin"}
}

// topLinks are the links of a merged /usr, as file-hierarchy(7) has them.
func topLinks() []string {
	return []string{"/bin", "/lib", "/lib32", "/lib64", "/libx32", "/sbin"}
}

// gather plans the root that profiles describe, but for what is bound from the
// host. All that is missing on the host is named at once.
func gather(ctx context.Context, host rootfs.Tree, profiles []*profile, bound ...string) (plan, error) {
	cache, err := readCache(host)
	if err != nil {
		return nil, err
	}
	g := &gatherer{host: host, linker: newLinker(host, cache), plan: plan{}, walked: map[string]bool{}, bound: bound}
	var problems []error
	for _, p := range profiles {
		problems = append(problems, g.profile(ctx, p)...)
	}
	problems = append(problems, g.programs(ctx)...)
	for _, p := range profiles {
		for _, f := range p.files {
			if err := g.made(f); err != nil {
				problems = append(problems, fmt.Errorf("profile %s: %w", p.name, err))
			}
		}
	}
	if ctx.Err() != nil {
		return nil, fmt.Errorf("looking at the host: %w", context.Cause(ctx))
	}
	if err := errors.Join(append(problems, g.frame())...); err != nil {
		return nil, err
	}
	if cache != nil && len(bound) == 0 {
		g.add("/etc/ld.so.cache", newFile(encodeCache(g.reachable(cache)), 0o644))
	}
	return g.plan, nil
}

// frame adds what every template has.
func (g *gatherer) frame() error {
	for _, l := range topLinks() {
		info, err := os.Lstat(g.host.On(l))
		if err != nil || info.Mode()&fs.ModeSymlink == 0 {
			continue
		}
		real, links, err := g.host.Resolve(l)
		if err != nil {
			return err
		}
		for _, l := range links {
			g.add(l.Path, newLink(l.Target))
		}
		if g.plan[real] == nil {
			g.add(real, g.directory(real))
		}
	}
	for p, e := range placeholders() {
		have := g.plan[p]
		if have == nil {
			g.add(p, e)
		} else if have.mode.Type() != e.mode.Type() {
			return fmt.Errorf("%s: is %s, and the jail puts %s there - leave it out", p, kind(have.mode), kind(e.mode))
		}
	}
	return nil
}

// profile takes all that p names, but for the files that are to be written.
func (g *gatherer) profile(ctx context.Context, p *profile) []error {
	var problems []error
	for _, l := range p.packages {
		if !l.chosen && (!l.optional || g.has(l)) {
			problems = append(problems, g.list(ctx, p, l)...)
		}
	}
	for _, c := range p.choices {
		if i := slices.IndexFunc(c.of, g.has); i >= 0 {
			problems = append(problems, g.list(ctx, p, c.of[i])...)
			continue
		}
		var names []string
		for _, l := range c.of {
			names = append(names, l.name)
		}
		problems = append(problems, fmt.Errorf("profile %s: %s: found none of %s on this host - run: apt-get install %s",
			p.name, c.what, strings.Join(names, ", "), names[0]))
	}
	return problems
}

// has says whether the host has all that a package must bring.
func (g *gatherer) has(l *packageList) bool {
	for _, c := range l.commands {
		if g.command(c) == "" {
			return false
		}
	}
	for _, p := range l.paths {
		if _, _, err := g.host.Resolve(p); err != nil {
			return false
		}
	}
	for _, pattern := range l.contents {
		if lists, err := g.packageLists(pattern); err != nil || len(lists) == 0 {
			return false
		}
	}
	return len(l.globs) == 0 || len(g.glob(l.globs)) > 0
}

// list takes what the profile wants of one package.
func (g *gatherer) list(ctx context.Context, p *profile, l *packageList) []error {
	g.without = l.without
	defer func() { g.without = nil }()
	var problems []error
	note := func(what string, required bool, err error) {
		switch {
		case errors.Is(err, fs.ErrNotExist) && required:
			problems = append(problems, fmt.Errorf("profile %s: %s: not found on this host - run: apt-get install %s", p.name, what, l.name))
		case err != nil && !errors.Is(err, fs.ErrNotExist):
			problems = append(problems, fmt.Errorf("profile %s: %w", p.name, err))
		}
	}
	for _, c := range l.commands {
		note(c, true, g.takeCommand(ctx, c))
	}
	for _, c := range l.optionalCommands {
		note(c, false, g.takeCommand(ctx, c))
	}
	for _, p := range l.paths {
		note(p, true, g.take(ctx, p))
	}
	for _, p := range l.optionalPaths {
		note(p, false, g.take(ctx, p))
	}
	matches := g.glob(l.globs)
	for _, p := range matches {
		note(p, false, g.take(ctx, p))
	}
	if len(l.globs) > 0 && len(matches) == 0 {
		note(l.globs[0], true, fs.ErrNotExist)
	}
	for _, pattern := range l.contents {
		note("package "+pattern, true, g.contents(ctx, pattern))
	}
	return problems
}

func (g *gatherer) takeCommand(ctx context.Context, name string) error {
	at := g.command(name)
	if at == "" {
		return fs.ErrNotExist
	}
	return g.take(ctx, at)
}

// command returns where the host has a command, or "".
func (g *gatherer) command(name string) string {
	for _, dir := range commandDirs() {
		real, _, err := g.host.Resolve(path.Join(dir, name))
		if err != nil {
			continue
		}
		info, err := os.Lstat(g.host.On(real))
		if err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			return path.Join(dir, name)
		}
	}
	return ""
}

func (g *gatherer) glob(patterns []string) []string {
	var found []string
	for _, pattern := range patterns {
		names, _ := filepath.Glob(g.host.On(pattern)) // the pattern was checked when it was read
		for _, name := range names {
			found = append(found, path.Join("/", strings.TrimPrefix(name, g.host.Dir)))
		}
	}
	return found
}

// made adds a file that is to be written; it wins over one of the host.
func (g *gatherer) made(f madeFile) error {
	if _, links, _ := g.host.Resolve(path.Dir(f.path)); len(links) > 0 {
		return fmt.Errorf("file %s: leads through the link %s - write its real path", f.path, links[0].Path)
	}
	if e := g.plan[f.path]; e != nil && !e.mode.IsRegular() {
		return fmt.Errorf("file %s: there is %s at that place already - leave one of them out", f.path, kind(e.mode))
	}
	var above error
	parents(f.path, func(dir string) {
		if e := g.plan[dir]; e != nil && !e.mode.IsDir() {
			above = fmt.Errorf("file %s: %s is %s already - leave one of them out", f.path, dir, kind(e.mode))
		}
	})
	if above != nil {
		return above
	}
	g.add(f.path, newFile([]byte(f.content), f.mode))
	return nil
}

// reachable selects the libraries of the host's cache that are in the plan. Those
// for newer processors only are left out: the loader then takes the plain ones.
func (g *gatherer) reachable(cache []cacheEntry) []cacheEntry {
	return slices.DeleteFunc(slices.Clone(cache), func(e cacheEntry) bool {
		real, links, err := g.host.Resolve(e.path)
		if err != nil || e.hwcap != 0 || g.plan[real] == nil {
			return true
		}
		return slices.ContainsFunc(links, func(l rootfs.Link) bool { return g.plan[l.Path] == nil })
	})
}
