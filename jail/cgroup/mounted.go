package cgroup

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/jailsh/jailsh/internal/mountinfo"
)

// mounted returns the cgroup file systems, v2 first, as the process sees them
// whose folder in /proc is given, and which cgroup of each it is in.
func mounted(process string) ([]*hierarchy, error) {
	mounts, err := os.ReadFile(filepath.Join(process, "mountinfo"))
	if err != nil {
		return nil, err
	}
	paths, err := os.ReadFile(filepath.Join(process, "cgroup"))
	if err != nil {
		return nil, err
	}
	table, err := mountinfo.Parse(string(mounts))
	if err != nil {
		return nil, err
	}
	var first, rest []*hierarchy
	for _, m := range table {
		if m.Type != "cgroup" && m.Type != "cgroup2" {
			continue
		}
		tree := &hierarchy{v2: m.Type == "cgroup2", mount: m.Target, options: m.Super}
		tree.own = folder(tree, m.Root, string(paths))
		if tree.v2 {
			first = append(first, tree)
		} else {
			rest = append(rest, tree)
		}
	}
	return append(first, rest...), nil
}

// folder is where the process's cgroup is: the path that /proc/pid/cgroup names,
// seen from the root of the mount.
func folder(tree *hierarchy, root, paths string) string {
	for line := range strings.Lines(paths) {
		part := strings.SplitN(strings.TrimSuffix(line, "\n"), ":", 3)
		if len(part) != 3 || !tree.has(part[1]) {
			continue
		}
		// One outside of the cgroup namespace begins with /.. (cgroup_namespaces(7)).
		below, err := filepath.Rel(root, part[2])
		if err != nil || strings.HasPrefix(part[2], "/..") || below == ".." || strings.HasPrefix(below, "../") {
			return ""
		}
		return filepath.Join(tree.mount, below)
	}
	return ""
}

// has tells whether a list of controllers of /proc/pid/cgroup is this tree's: v2
// has an empty one.
func (t *hierarchy) has(list string) bool {
	if t.v2 || list == "" {
		return t.v2 && list == ""
	}
	for c := range strings.SplitSeq(list, ",") {
		if !slices.Contains(t.options, c) {
			return false
		}
	}
	return true
}
