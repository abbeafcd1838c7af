package template

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"runtime"
	"slices"
	"strings"
)

// Debian's database of installed packages: NAME.list, or NAME:ARCH.list where a
// package may be there for several machines, names each file of a package on a
// line (dpkg-query(1), --listfiles). It is read as it lies there; dpkg isn't run.
const (
	packagesDir = "/var/lib/dpkg/info"
	listSuffix  = ".list"
	maxPackage  = 64 << 20 // bytes of one list; the largest package of Debian has 10 MiB
)

// passedOver are the parts of packages that a jail has no use for: documentation,
// and what the host's services and desktops read. A profile that wants something
// of it names it in paths.
func passedOver() []string {
	return []string{
		"/etc/cron.d", "/etc/cron.daily", "/etc/cron.weekly", "/etc/default", "/etc/init.d", "/etc/logrotate.d", "/etc/pam.d",
		"/etc/systemd", "/etc/xdg", "/usr/lib/systemd", "/usr/lib/sysusers.d", "/usr/lib/tmpfiles.d", "/usr/lib/udev",
		"/usr/share/applications", "/usr/share/bug", "/usr/share/doc", "/usr/share/doc-base", "/usr/share/icons", "/usr/share/info",
		"/usr/share/lintian", "/usr/share/locale", "/usr/share/man", "/usr/share/menu", "/usr/share/metainfo", "/usr/share/pixmaps",
	}
}

// packageLists returns the lists of the installed packages whose name matches
// pattern, for this machine.
func (g *gatherer) packageLists(pattern string) ([]string, error) {
	if g.packages == nil {
		g.packages = map[string]string{}
		entries, err := os.ReadDir(g.host.On(packagesDir))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		for _, e := range entries {
			name, isList := strings.CutSuffix(e.Name(), listSuffix)
			name, arch, qualified := strings.Cut(name, ":")
			if isList && (!qualified || arch == runtime.GOARCH) { // Debian's names of our two are Go's
				g.packages[name] = path.Join(packagesDir, e.Name())
			}
		}
	}
	var lists []string
	for name, list := range g.packages {
		if ok, _ := path.Match(pattern, name); ok { // the pattern was checked when it was read
			lists = append(lists, list)
		}
	}
	slices.Sort(lists)
	return lists, nil
}

// contents takes all files of the installed packages that match pattern. A file
// that isn't there is passed over: dpkg may be told to leave some out.
func (g *gatherer) contents(ctx context.Context, pattern string) error {
	lists, err := g.packageLists(pattern)
	if err == nil && len(lists) == 0 {
		err = &fs.PathError{Op: "find", Path: pattern, Err: fs.ErrNotExist}
	}
	if err != nil {
		return err
	}
	for _, list := range lists {
		if g.walked[list] {
			continue
		}
		g.walked[list] = true
		if err := g.packageFiles(ctx, list); err != nil {
			return fmt.Errorf("%s: %w", list, err)
		}
	}
	return nil
}

func (g *gatherer) packageFiles(ctx context.Context, list string) error {
	f, _, err := g.host.Open(list)
	if err != nil {
		return err
	}
	defer f.Close()
	lines := bufio.NewScanner(io.LimitReader(f, maxPackage))
	for lines.Scan() {
		p := lines.Text()
		if what, _ := checkPath(p); what != "" || skipped(p) || g.leftOut(p) { // "/." is the first line of each list
			continue
		}
		if len(g.plan) > maxEntries {
			return fmt.Errorf("the template has more than %d files before it - name less", maxEntries)
		}
		if err := g.packageFile(ctx, p); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return lines.Err()
}

func skipped(p string) bool {
	return slices.ContainsFunc(passedOver(), func(dir string) bool {
		return strings.HasPrefix(p+"/", dir+"/") || strings.HasPrefix("/usr"+p+"/", dir+"/")
	})
}

// packageFile takes one line of a list. Of a folder, and of a link to one, it
// takes no more than itself: what the package has in it is named by other lines.
func (g *gatherer) packageFile(ctx context.Context, p string) error {
	real, links, err := g.host.Resolve(p)
	if err != nil || g.outside(real, links) != "" {
		return err
	}
	info, err := g.host.Lstat(real)
	if err != nil {
		return err
	}
	switch {
	case secret(info):
		return nil
	case info.Mode().IsRegular():
		return g.take(ctx, p)
	case info.IsDir():
		for _, l := range links {
			g.add(l.Path, newLink(l.Target))
		}
		if g.plan[real] == nil {
			g.add(real, g.directory(real))
		}
	}
	return nil
}
