package cgroup

import (
	"errors"
	"fmt"
	"path/filepath"
	"strconv"

	"github.com/jailsh/jailsh/internal/wire"
	"golang.org/x/sys/unix"
)

const (
	v1Memory = "memory.limit_in_bytes"
	v1Swap   = "memory.memsw.limit_in_bytes" // memory and swap together
	v2Swap   = "memory.swap.max"             // swap alone
)

// period is what a processor quota refers to, in microseconds: the kernel's own
// default.
const period = 100_000

// Set sets the limits, of a cell that runs too. It changes nothing if one of them
// can't be enforced. A limit below what is in use makes the kernel take memory
// back; v1 refuses it if it can't.
func (g *Group) Set(l *wire.Limits) error {
	var problems []error
	for _, m := range g.tree.host.Missing(l) {
		problems = append(problems, m)
	}
	if len(problems) > 0 {
		return errors.Join(problems...)
	}
	return errors.Join(g.setMemory(l), g.setProcesses(l), g.setCPU(l))
}

func (g *Group) setMemory(l *wire.Limits) error {
	dir, v2 := g.in("memory")
	switch {
	case dir == "":
		return nil // Set has refused a limit
	case v2:
		return g.setMemoryV2(dir, l)
	}
	return g.setMemoryV1(dir, l)
}

func (g *Group) setMemoryV2(dir string, l *wire.Limits) error {
	if l.Memory > 0 && l.Swap >= 0 {
		if m := g.tree.host.swap(filepath.Join(dir, v2Swap)); m != nil {
			return m
		}
	}
	err := put(filepath.Join(dir, "memory.max"), orMax(l.Memory))
	if !exists(filepath.Join(dir, v2Swap)) {
		return err
	}
	swap := orMax(0)
	if l.Memory > 0 && l.Swap >= 0 {
		swap = strconv.FormatInt(l.Swap, 10)
	}
	return errors.Join(err, put(filepath.Join(dir, v2Swap), swap))
}

func orMax(n int64) string {
	if n == 0 {
		return "max"
	}
	return strconv.FormatInt(n, 10)
}

// setMemoryV1 sets two limits of which the second can't be below the first: going
// up it has to be set before.
func (g *Group) setMemoryV1(dir string, l *wire.Limits) error {
	memory, both := "-1", "-1"
	if l.Memory > 0 {
		memory = strconv.FormatInt(l.Memory, 10)
		if l.Swap >= 0 {
			both = strconv.FormatInt(l.Memory+l.Swap, 10)
		}
	}
	counted := exists(filepath.Join(dir, v1Swap))
	err := put(filepath.Join(dir, v1Memory), memory)
	if errors.Is(err, unix.EINVAL) && counted {
		if err := put(filepath.Join(dir, v1Swap), both); err != nil {
			return err
		}
		err = put(filepath.Join(dir, v1Memory), memory)
	}
	if err != nil || !counted { // without any swap, see Host.swap
		return err
	}
	return put(filepath.Join(dir, v1Swap), both)
}

func (g *Group) setProcesses(l *wire.Limits) error {
	dir, _ := g.in("pids")
	if dir == "" {
		return nil
	}
	return put(filepath.Join(dir, "pids.max"), orMax(l.Processes))
}

func (g *Group) setCPU(l *wire.Limits) error {
	dir, v2 := g.in("cpu")
	if dir == "" {
		return nil
	}
	quota := l.CPU * period / 1000
	if v2 {
		return put(filepath.Join(dir, "cpu.max"), fmt.Sprintf("%s %d", orMax(quota), period))
	}
	if quota == 0 {
		quota = -1
	}
	return errors.Join(
		put(filepath.Join(dir, "cpu.cfs_period_us"), strconv.Itoa(period)),
		put(filepath.Join(dir, "cpu.cfs_quota_us"), strconv.FormatInt(quota, 10)),
	)
}
