package cgroup

import (
	"errors"
	"fmt"
	"path/filepath"
)

// Group is the cgroup of one cell: a folder of the same name in each hierarchy
// that is used.
type Group struct {
	tree *Tree
	name string
	dirs []string // as tree.host.hierarchies
	eyes eyes
}

// New makes the cgroup of a cell. It bounds nothing until Set is called. The name
// says nothing of a user, who may not be known yet, and no cell of the instance
// has had it before.
func (t *Tree) New() (*Group, error) {
	g := &Group{tree: t, name: fmt.Sprintf("cell-%d", t.next.Add(1))}
	for _, y := range t.host.hierarchies {
		dir := filepath.Join(t.dir(y), g.name)
		if err := t.host.mkdir(dir); err != nil {
			err = fmt.Errorf("cgroups: %w - see that nobody makes or removes folders in %s", err, t.dir(y))
			return nil, errors.Join(err, g.Remove())
		}
		g.dirs = append(g.dirs, dir)
	}
	return g, nil
}

// Name is what its folders are called.
func (g *Group) Name() string { return g.name }

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
