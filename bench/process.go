package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// process is what proc(5) says of one process.
type process struct {
	pid, parent int
	name        string
}

func (p process) String() string { return fmt.Sprintf("%s[%d]", p.name, p.pid) }

// tree returns root and all its descendants.
func tree(root int) ([]process, error) {
	names, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return nil, err
	}
	children := map[int][]process{}
	var found []process
	for _, name := range names {
		p, err := readProcess(name)
		if gone(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if p.pid == root {
			found = append(found, p)
		} else {
			children[p.parent] = append(children[p.parent], p)
		}
	}
	for i := 0; i < len(found); i++ {
		found = append(found, children[found[i].pid]...)
	}
	return found, nil
}

// gone tells that the process ended while it was read.
func gone(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ESRCH)
}

func readProcess(dir string) (process, error) {
	stat, err := os.ReadFile(filepath.Join(dir, "stat"))
	if err != nil {
		return process{}, err
	}
	// The name is in brackets and may hold brackets.
	open, end := bytes.IndexByte(stat, '('), bytes.LastIndexByte(stat, ')')
	if open < 0 || end < open {
		return process{}, fmt.Errorf("%s/stat: has no name", dir)
	}
	p := process{name: string(stat[open+1 : end])}
	if p.pid, err = strconv.Atoi(filepath.Base(dir)); err != nil {
		return process{}, err
	}
	f := strings.Fields(string(stat[end+1:])) // from field 3 of proc(5) on
	if len(f) < 2 {
		return process{}, fmt.Errorf("%s/stat: is too short", dir)
	}
	if p.parent, err = strconv.Atoi(f[1]); err != nil {
		return process{}, err
	}
	return p, nil
}

// memory returns the proportional set size of the server's processes in bytes:
// pages that several share count by their part. The users' shells don't count.
func (srv *server) memory() (int64, error) {
	processes, err := srv.processes()
	if err != nil {
		return 0, err
	}
	var sum int64
	for _, p := range processes {
		if p.name == "bash" {
			continue
		}
		n, err := pss(p.pid)
		if gone(err) {
			continue
		}
		if err != nil {
			return 0, err
		}
		sum += n
	}
	return sum, nil
}

// processes are the server, its descendants, and what has left these but not its group,
// as a daemon does.
func (srv *server) processes() ([]process, error) {
	all, err := tree(srv.cmd.Process.Pid)
	if err != nil {
		return nil, err
	}
	pids, err := srv.group.pids()
	if err != nil {
		return nil, err
	}
	for _, pid := range pids {
		if slices.ContainsFunc(all, func(p process) bool { return p.pid == pid }) {
			continue
		}
		p, err := readProcess(fmt.Sprintf("/proc/%d", pid))
		if gone(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	return all, nil
}

func pss(pid int) (int64, error) {
	rollup, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(rollup)) {
		if kib, ok := strings.CutPrefix(line, "Pss:"); ok {
			n, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(kib), "kB")), 10, 64)
			return n << 10, err
		}
	}
	return 0, fmt.Errorf("smaps_rollup of %d: has no Pss", pid)
}
