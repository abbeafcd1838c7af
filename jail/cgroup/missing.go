package cgroup

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/jailsh/jailsh/internal/wire"
)

// Missing is a limit that this host can't enforce.
type Missing struct {
	Limit     string // as users.toml calls it
	What, Fix string
}

func (m *Missing) Error() string { return fmt.Sprintf("limits.%s: %s - %s", m.Limit, m.What, m.Fix) }

// Missing names the limits that this host can't enforce.
func (h *Host) Missing(l *wire.Limits) []*Missing {
	var all []*Missing
	for _, w := range []struct {
		controller, limit string
		wanted            bool
	}{
		{"memory", "memory", l.Memory > 0},
		{"pids", "processes", l.Processes > 0},
		{"cpu", "cpu", l.CPU > 0},
	} {
		if w.wanted && h.by[w.controller] == nil {
			all = append(all, &Missing{
				w.limit, fmt.Sprintf("can't be enforced: this host has no %s controller for jailshd", w.controller),
				fmt.Sprintf(`%s, or set %s = "unlimited"`, h.remedy(w.controller), w.limit),
			})
		}
	}
	if tree := h.by["memory"]; tree != nil && !tree.v2 && l.Memory > 0 && l.Swap >= 0 {
		if missing := h.swap(filepath.Join(tree.base, v1Swap)); missing != nil {
			all = append(all, missing)
		}
	}
	return all
}

// remedy is what brings a controller back.
func (h *Host) remedy(controller string) string {
	for _, line := range lines(filepath.Join(h.proc, "cgroups")) {
		// name, hierarchy, cgroups, enabled
		if f := strings.Fields(line); len(f) == 4 && f[0] == controller && f[3] == "0" {
			return fmt.Sprintf("boot with cgroup_enable=%s", controller)
		}
	}
	trees, err := mounted(h.process)
	if err == nil && len(trees) == 0 {
		return "run: mount -t cgroup2 none /sys/fs/cgroup"
	}
	return "start jailshd from a systemd unit with Delegate=yes, or outside of a container"
}

// swap refuses a memory cgroup that doesn't count swap, unless there is none.
func (h *Host) swap(file string) *Missing {
	if exists(file) || len(lines(filepath.Join(h.proc, "swaps"))) < 2 { // the first is a header
		return nil
	}
	return &Missing{
		"swap", "can't be enforced: this kernel doesn't count swap by cgroup, and the host has some",
		`boot with swapaccount=1, or run: swapoff -a, or set swap = "unlimited"`,
	}
}
