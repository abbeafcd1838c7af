package integration

import (
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"
)

// process is a line of /proc.
type process struct {
	pid, parent, uid int
	command          string
}

func (p process) String() string {
	return fmt.Sprintf("pid %d, parent %d, uid %d: %s", p.pid, p.parent, p.uid, p.command)
}

// processes lists all that run; those that nobody has collected yet don't.
func processes() []process {
	var all []process
	entries, err := fs.ReadDir(os.DirFS("/proc"), ".")
	if err != nil {
		panic(err)
	}
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		if p, ok := processOf(pid); ok {
			all = append(all, p)
		}
	}
	return all
}

func processOf(pid int) (process, bool) {
	p := process{pid: pid}
	fields := statusOf(pid)
	if fields == nil || strings.HasPrefix(fields["State"], "Z") || strings.HasPrefix(fields["State"], "X") {
		return p, false
	}
	p.parent, _ = strconv.Atoi(fields["PPid"])
	p.uid, _ = strconv.Atoi(strings.Fields(fields["Uid"])[0])
	line, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	p.command = strings.TrimSpace(strings.ReplaceAll(string(line), "\x00", " "))
	if p.command == "" {
		p.command = fields["Name"]
	}
	return p, true
}

// statusOf is /proc/PID/status, by name; nil if there is no such process.
func statusOf(pid int) map[string]string {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return nil
	}
	fields := map[string]string{}
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(line, ":")
		fields[name] = strings.TrimSpace(value)
	}
	return fields
}

// inForeground tells whether the process runs, and has its terminal: a ^C reaches
// it (proc(5), /proc/PID/stat).
func inForeground(pid int) bool {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	_, rest, _ := strings.Cut(string(text), ") ") // behind the command's name
	fields := strings.Fields(rest)
	const state, group, foreground = 0, 2, 5
	return len(fields) > foreground && fields[state] != "T" && fields[group] == fields[foreground]
}

// below are the processes that pid has started, and those they have.
func below(pid int) []process {
	var found []process
	all := processes()
	parents := []int{pid}
	for len(parents) > 0 {
		parent := parents[0]
		parents = parents[1:]
		for _, p := range all {
			if p.parent == parent && !slices.ContainsFunc(found, func(o process) bool { return o.pid == p.pid }) {
				found = append(found, p)
				parents = append(parents, p.pid)
			}
		}
	}
	return found
}
