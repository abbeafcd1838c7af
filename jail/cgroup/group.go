package cgroup

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/jailsh/jailsh/internal/wire"
)

// Group is the cgroup of one cell: a folder in each hierarchy that is used.
type Group struct {
	tree *Tree
	dirs []string // as tree.host.hierarchies
	eyes eyes
}

// maxTries bounds the search for a name that isn't taken, by cells whose end is
// under way.
const maxTries = 1000

// New makes the cgroup of a cell of user, with its limits. It fails if one of
// them can't be enforced.
func (t *Tree) New(user string, l *wire.Limits) (*Group, error) {
	var problems []error
	for _, m := range t.host.Missing(l) {
		problems = append(problems, m)
	}
	if len(problems) > 0 {
		return nil, errors.Join(problems...)
	}
	g := &Group{tree: t}
	for _, y := range t.host.hierarchies {
		if err := g.makeIn(y, user); err != nil {
			return nil, errors.Join(err, g.Remove())
		}
	}
	if err := g.Set(l); err != nil {
		return nil, errors.Join(err, g.Remove())
	}
	return g, nil
}

func (g *Group) makeIn(y *hierarchy, user string) error {
	for range maxTries {
		dir := filepath.Join(g.tree.dir(y), fmt.Sprintf("%s.%d", user, g.tree.next.Add(1)))
		err := g.tree.host.mkdir(dir)
		if errors.Is(err, os.ErrExist) {
			continue
		}
		if err != nil {
			return fmt.Errorf("cgroups: %w - see that nobody removes %s", err, g.tree.dir(y))
		}
		g.dirs = append(g.dirs, dir)
		return nil
	}
	return fmt.Errorf("cgroups: %s: has no free name for %s", g.tree.dir(y), user)
}

// in is the cell's folder in the hierarchy of a controller; "" if there is none.
func (g *Group) in(controller string) (dir string, v2 bool) {
	for i, y := range g.tree.host.hierarchies {
		if g.tree.host.by[controller] == y && i < len(g.dirs) {
			return g.dirs[i], y.v2
		}
	}
	return "", false
}

// Remove removes the cgroup after the cell's end; what should still run in it is
// killed.
func (g *Group) Remove() error {
	g.look()
	g.blind()
	var errs []error
	for _, dir := range g.dirs {
		errs = append(errs, g.tree.host.remove(dir))
	}
	return errors.Join(errs...)
}
