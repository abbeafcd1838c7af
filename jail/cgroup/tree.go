package cgroup

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// Tree is the cgroups of one instance.
type Tree struct {
	host  *Host
	name  string // of the instance's own, in each hierarchy
	next  atomic.Uint64
	watch *watcher
}

// leaf is where jailshd itself goes.
const leaf = "jailshd"

// Name is what the instance's cgroup is called: the folder run_dir is its own
// alone, and its lock is in there.
func Name(runDir string) (string, error) {
	var st unix.Stat_t
	if err := unix.Stat(runDir, &st); err != nil {
		return "", fmt.Errorf("cgroups: %s: %w", runDir, err)
	}
	return fmt.Sprintf("jailsh-%x-%x", st.Dev, st.Ino), nil
}

// Prepare makes the instance's cgroup, and removes the cells in it that a killed
// jailshd has left, with whatever still runs in them; it returns their names. The
// process must hold the instance's lock. A controller that the host doesn't have
// is no error: Group.Set refuses the limits that need it.
func (h *Host) Prepare(name string) (tree *Tree, leftovers []string, err error) {
	t := &Tree{host: h, name: name}
	for _, y := range h.hierarchies {
		if err := h.prepare(y, name); err != nil {
			return nil, nil, err
		}
		left, err := t.clean(t.dir(y))
		if err != nil {
			return nil, nil, err
		}
		for _, cell := range left {
			if !slices.Contains(leftovers, cell) {
				leftovers = append(leftovers, cell)
			}
		}
	}
	if t.watch, err = newWatcher(); err != nil {
		return nil, nil, fmt.Errorf("cgroups: %w", err)
	}
	return t, leftovers, nil
}

func (t *Tree) dir(y *hierarchy) string { return filepath.Join(y.base, t.name) }

// prepare makes the instance's cgroup in one hierarchy.
func (h *Host) prepare(y *hierarchy, name string) error {
	if y.leave {
		dir := filepath.Join(y.base, leaf)
		if err := h.make(dir); err != nil {
			return err
		}
		if err := put(filepath.Join(dir, "cgroup.procs"), "0"); err != nil {
			return err
		}
	}
	dir := filepath.Join(y.base, name)
	if y.v2 {
		if err := h.enable(y, y.base); err != nil {
			return err
		}
	}
	if err := h.make(dir); err != nil {
		return err
	}
	if y.v2 {
		return h.enable(y, dir)
	}
	return nil
}

// enable gives the children of a v2 cgroup their controllers.
func (h *Host) enable(y *hierarchy, dir string) error {
	file := filepath.Join(dir, "cgroup.subtree_control")
	have, change := words(file), ""
	for _, c := range controllers {
		if h.by[c] == y && !slices.Contains(have, c) {
			change += " +" + c
		}
	}
	if change == "" {
		return nil
	}
	err := put(file, strings.TrimSpace(change))
	if errors.Is(err, unix.EBUSY) {
		return fmt.Errorf("%w: there are processes in this cgroup, which then may have no children - start jailshd from a systemd unit with Delegate=yes, or move them into a cgroup of their own", err)
	}
	return err
}

// make makes a cgroup, or finds it made.
func (h *Host) make(dir string) error {
	if err := h.mkdir(dir); err != nil && !errors.Is(err, os.ErrExist) {
		return fmt.Errorf("cgroups: %w - see that nothing mounts the file system read-only", err)
	}
	return nil
}

// clean removes the cells of a cgroup of this instance.
func (t *Tree) clean(dir string) (names []string, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("cgroups: %w", err)
	}
	for _, e := range entries {
		if !e.IsDir() {
			continue
		}
		if err := t.host.remove(filepath.Join(dir, e.Name())); err != nil {
			return nil, err
		}
		names = append(names, e.Name())
	}
	return names, nil
}

// Close removes the instance's cgroup, once all cells are removed.
func (t *Tree) Close() {
	t.watch.close()
	for _, y := range t.host.hierarchies {
		_ = t.host.rmdir(t.dir(y)) // a cell that couldn't be removed keeps it: the next start looks again
	}
}
