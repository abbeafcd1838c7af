package cgroup

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
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
	var first, rest []*hierarchy
	for line := range strings.Lines(string(mounts)) {
		tree, root := parseMount(line)
		if tree == nil {
			continue
		}
		tree.own = folder(tree, root, string(paths))
		if tree.v2 {
			first = append(first, tree)
		} else {
			rest = append(rest, tree)
		}
	}
	return append(first, rest...), nil
}

// parseMount reads a line of /proc/pid/mountinfo (proc(5)), whose fields are
//
//	36 35 0:30 /root /mount/point rw,noatime master:1 - cgroup2 source rw,option
//
// with any number of optional ones before the hyphen.
func parseMount(line string) (tree *hierarchy, root string) {
	before, after, _ := strings.Cut(line, " - ")
	place, fs := strings.Fields(before), strings.Fields(after)
	if len(place) < 5 || len(fs) < 3 || fs[0] != "cgroup" && fs[0] != "cgroup2" {
		return nil, ""
	}
	return &hierarchy{v2: fs[0] == "cgroup2", mount: unescape(place[4]), options: strings.Split(fs[2], ",")}, unescape(place[3])
}

// unescape undoes what the kernel does to blanks and backslashes of a path.
func unescape(s string) string {
	return strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`).Replace(s)
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
