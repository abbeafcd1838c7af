package jail

import (
	"fmt"
	"slices"
	"strings"

	"github.com/jailsh/jailsh/internal/wire"
	"github.com/jailsh/jailsh/jail/rootfs"
)

// Template is what the jail's root is made of, as jail/template opened it.
type Template struct {
	Name  string
	Build string // its folder on the host, to be held while the jail lives
	Tree  rootfs.Tree
}

// planTemplate puts each top entry of the template into the root: folders are
// bound, links are made again. The root itself stays a file system of the jail,
// so that mount points can be made in it.
func planTemplate(t Template) ([]wire.Mount, error) {
	top, err := t.Tree.Top()
	if err != nil {
		return nil, fmt.Errorf("template %s: %w - run: jailsh template build %s", t.Name, err, t.Name)
	}
	var mounts []wire.Mount
	for _, e := range top {
		m := wire.Mount{Kind: wire.MountTree, Target: "/" + e.Name, Source: e.Source}
		if e.Link != "" {
			m.Kind, m.Source = wire.MountLink, e.Link
		}
		mounts = append(mounts, m)
	}
	return mounts, nil
}

// accountFiles are what a root file system says of its own accounts, by names in
// /etc. Few have more than root in them, and nobody but root can read most; what
// somebody put there is no business of a jail's user all the same.
func accountFiles() []string {
	return []string{
		"gshadow", "gshadow-", "group-", "machine-id", "opasswd", "passwd-", "resolv.conf", "shadow", "shadow-",
		"subgid", "subgid-", "subuid", "subuid-",
	}
}

// planBlanks covers those of the template that say something with empty files,
// where placed has nothing better.
func planBlanks(t rootfs.Tree, placed []wire.Mount) []wire.Mount {
	var mounts []wire.Mount
	for _, name := range accountFiles() {
		target := "/etc/" + name
		info, err := t.Lstat(target)
		if err != nil || !info.Mode().IsRegular() || info.Size() == 0 ||
			slices.ContainsFunc(placed, func(m wire.Mount) bool { return m.Target == target }) {
			continue
		}
		mounts = append(mounts, wire.Mount{Kind: wire.MountFile, Target: target})
	}
	return mounts
}

func checkShell(a Account) error {
	if err := a.Template.Program(a.Shell); err != nil {
		return fmt.Errorf("user.%s.shell: %w", a.Name, err)
	}
	return nil
}

// Program looks a program up as the kernel will: with the template as root.
func (t Template) Program(p string) error {
	real, _, err := t.Tree.Resolve(p)
	if err != nil {
		return fmt.Errorf("%s: not in the template %s: %w - name one that is, or build it with a profile that has this one", p, t.Name, rootfs.Cause(err))
	}
	info, err := t.Tree.Lstat(real)
	if err != nil || !info.Mode().IsRegular() || info.Mode()&0o111 == 0 || strings.HasSuffix(p, "/") {
		return fmt.Errorf("%s: not an executable file of the template %s - name one that is", p, t.Name)
	}
	return nil
}
