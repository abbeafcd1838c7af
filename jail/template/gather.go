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
)

// gatherer turns profiles into a plan, by looking at the host.
type gatherer struct {
	ctx    context.Context
	host   rootfs
	linker *linker
	plan   plan
	walked map[string]bool // directories taken with all in them
	files  []string        // taken from the host and not yet looked into
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

// gather plans the root that profiles describe. All that is missing on the host
// is named at once.
func gather(ctx context.Context, host rootfs, profiles []*profile) (plan, error) {
	cache, err := readCache(host)
	if err != nil {
		return nil, err
	}
	g := &gatherer{ctx: ctx, host: host, linker: newLinker(host, cache), plan: plan{}, walked: map[string]bool{}}
	var problems []error
	for _, p := range profiles {
		problems = append(problems, g.profile(p)...)
	}
	problems = append(problems, g.programs()...)
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	for _, l := range topLinks() {
		if info, err := os.Lstat(host.on(l)); err == nil && info.Mode()&fs.ModeSymlink != 0 {
			if err := g.frame(l); err != nil {
				return nil, err
			}
		}
	}
	for _, p := range placeholders() {
		if g.plan[p] == nil {
			g.add(p, &entry{mode: 0o644, made: true})
		}
	}
	if cache != nil {
		content := encodeCache(g.reachable(cache))
		g.add("/etc/ld.so.cache", &entry{mode: 0o644, made: true, content: content, size: int64(len(content))})
	}
	return g.plan, ctx.Err()
}

func (g *gatherer) profile(p *profile) []error {
	var problems []error
	for _, name := range p.packages() {
		problems = append(problems, g.pack(p, name)...)
	}
	for what, names := range p.Any {
		i := slices.IndexFunc(names, func(name string) bool { return g.has(p.Package[name]) })
		if i < 0 {
			problems = append(problems, fmt.Errorf("profile %s: %s: none of %s found on this host - run: apt-get install %s",
				p.name, what, strings.Join(names, ", "), names[0]))
			continue
		}
		problems = append(problems, g.pack(p, names[i])...)
	}
	for name, f := range p.File {
		mode := fs.FileMode(f.Mode)
		if mode == 0 {
			mode = 0o644
		}
		g.add(name, &entry{mode: mode & allowed, made: true, content: []byte(f.Content), size: int64(len(f.Content))})
	}
	return problems
}

// has says whether the host has all that a package must bring.
func (g *gatherer) has(l *packageList) bool {
	for _, c := range l.Commands {
		if g.command(c) == "" {
			return false
		}
	}
	for _, p := range l.Paths {
		if _, _, err := g.host.resolve(p); err != nil {
			return false
		}
	}
	return len(l.Globs) == 0 || len(g.glob(l.Globs)) > 0
}

// pack takes what the profile wants of one package.
func (g *gatherer) pack(p *profile, name string) []error {
	l := p.Package[name]
	if l.Optional && !g.has(l) {
		return nil
	}
	var problems []error
	missing := func(what string) {
		problems = append(problems, fmt.Errorf("profile %s: %s: not found on this host - run: apt-get install %s", p.name, what, name))
	}
	take := func(what string, required bool) {
		err := g.take(what)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			if required {
				missing(what)
			}
		case err != nil:
			problems = append(problems, fmt.Errorf("profile %s: %w", p.name, err))
		}
	}
	for _, c := range slices.Concat(l.Commands, l.OptionalCommands) {
		if at := g.command(c); at != "" {
			take(at, true)
		} else if slices.Contains(l.Commands, c) {
			missing(c)
		}
	}
	for _, path := range l.Paths {
		take(path, true)
	}
	for _, path := range slices.Concat(l.OptionalPaths, g.glob(l.Globs)) {
		take(path, false)
	}
	if len(l.Globs) > 0 && len(g.glob(l.Globs)) == 0 {
		missing(l.Globs[0])
	}
	return problems
}

// command returns where the host has a command, or "".
func (g *gatherer) command(name string) string {
	for _, dir := range commandDirs() {
		real, _, err := g.host.resolve(path.Join(dir, name))
		if err != nil {
			continue
		}
		if info, err := os.Lstat(g.host.on(real)); err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			return path.Join(dir, name)
		}
	}
	return ""
}

func (g *gatherer) glob(patterns []string) []string {
	var found []string
	for _, pattern := range patterns {
		names, _ := filepath.Glob(g.host.on(pattern)) // patterns were checked when the profile was read
		for _, name := range names {
			found = append(found, path.Join("/", strings.TrimPrefix(name, string(g.host))))
		}
	}
	return found
}

// take takes p, the links that lead to it, and all that is in it.
func (g *gatherer) take(p string) error {
	real, links, err := g.host.resolve(p)
	if err != nil {
		return err
	}
	for _, at := range append(links, link{path: real}) {
		if inJail(at.path) {
			return fmt.Errorf("%s: leads to %s: that is the jail's own, not a template's - leave it out", p, at.path)
		}
	}
	for _, l := range links {
		g.add(l.path, &entry{mode: fs.ModeSymlink | 0o777, target: l.target})
	}
	info, err := os.Lstat(g.host.on(real))
	if err != nil {
		return err
	}
	switch {
	case info.IsDir():
		return g.tree(real)
	case info.Mode().IsRegular():
		g.file(real, info)
		return nil
	default:
		return fmt.Errorf("%s: is a %s: only files, directories and links can be copied - leave it out", real, info.Mode().Type())
	}
}

func (g *gatherer) file(real string, info fs.FileInfo) {
	if g.plan[real] != nil {
		return
	}
	g.add(real, &entry{mode: info.Mode() & allowed, size: info.Size(), mtime: info.ModTime()})
	g.files = append(g.files, real)
}

func (g *gatherer) directory(dir string) *entry {
	e := &entry{mode: fs.ModeDir | allowed}
	if info, err := os.Lstat(g.host.on(dir)); err == nil && info.IsDir() {
		e.mode = fs.ModeDir | info.Mode()&allowed
	}
	return e
}

// tree takes a directory with all in it. What isn't a file, a directory or a
// link is passed over, and so are links that lead nowhere or into the jail's own
// directories: a profile can't be asked to know them.
func (g *gatherer) tree(dir string) error {
	if g.walked[dir] {
		return g.ctx.Err()
	}
	g.walked[dir] = true
	if dir == "/" {
		return errors.New("/: would copy the whole host - name what is needed")
	}
	g.add(dir, g.directory(dir))
	entries, err := os.ReadDir(g.host.on(dir))
	if err != nil {
		return err
	}
	for _, d := range entries {
		p := path.Join(dir, d.Name())
		switch {
		case d.IsDir():
			err = g.tree(p)
		case d.Type().IsRegular():
			var info fs.FileInfo
			if info, err = d.Info(); err == nil {
				g.file(p, info)
			}
		case d.Type()&fs.ModeSymlink != 0:
			real, _, lost := g.host.resolve(p)
			if lost != nil || inJail(real) {
				continue
			}
			err = g.take(p)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// frame takes a link of the top and the directory it leads to, without what is in it.
func (g *gatherer) frame(l string) error {
	real, links, err := g.host.resolve(l)
	if err != nil {
		return err
	}
	for _, l := range links {
		g.add(l.path, &entry{mode: fs.ModeSymlink | 0o777, target: l.target})
	}
	if g.plan[real] == nil {
		g.add(real, g.directory(real))
	}
	return nil
}

// programs looks into each file and takes what it needs to run, until no file is new.
func (g *gatherer) programs() []error {
	var problems []error
	for len(g.files) > 0 && g.ctx.Err() == nil {
		p := g.files[0]
		g.files = g.files[1:]
		needs, err := g.needs(p)
		if err != nil {
			problems = append(problems, err)
		}
		for _, n := range needs {
			if err := g.take(n); err != nil {
				problems = append(problems, fmt.Errorf("%s: needs %w", p, err))
			}
		}
	}
	return problems
}

func (g *gatherer) needs(p string) ([]string, error) {
	f, info, err := g.host.open(p)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	paths, missing, err := g.linker.needs(f, p, info.Mode())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", p, err)
	}
	if len(missing) > 0 {
		err = fmt.Errorf("%s: needs %s, which this host doesn't have - reinstall its package", p, strings.Join(missing, ", "))
	}
	return paths, err
}

// reachable selects the libraries of the host's cache that are in the plan. Those
// for newer processors only are left out: the loader then takes the plain ones.
func (g *gatherer) reachable(cache []cacheEntry) []cacheEntry {
	return slices.DeleteFunc(slices.Clone(cache), func(e cacheEntry) bool {
		real, links, err := g.host.resolve(e.path)
		if err != nil || e.hwcap != 0 || g.plan[real] == nil {
			return true
		}
		return slices.ContainsFunc(links, func(l link) bool { return g.plan[l.path] == nil })
	})
}
