package integration

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jailsh/jailsh/jail/cgroup"
)

// remains lists what is left of an instance whose jailshd has ended: processes,
// mounts, sockets, cgroups, files in run_dir.
func (i *instance) remains() []string {
	var left []string
	for _, p := range i.processes() {
		left = append(left, "process "+p.String())
	}
	for _, table := range []string{"/proc/self/mountinfo", "/proc/net/unix"} {
		left = append(left, i.linesOf(table)...)
	}
	left = append(left, i.cgroups()...)
	entries, err := os.ReadDir(filepath.Join(i.dir, "run"))
	if err != nil && !os.IsNotExist(err) {
		left = append(left, err.Error())
	}
	for _, e := range entries {
		left = append(left, "file in run_dir: "+e.Name())
	}
	return left
}

// processes are jailshd, jailsh-net and all that run in cells: those that have
// one of the instance's uids, or name its folder.
func (i *instance) processes() []process {
	uids := []int{i.netUID}
	for _, p := range i.people {
		if p.uid > 1000 { // some instances try others
			uids = append(uids, p.uid)
		}
	}
	var found []process
	for _, p := range processes() {
		own := strings.HasPrefix(filepath.Base(strings.Fields(p.command + " ?")[0]), "jailsh")
		if slices.Contains(uids, p.uid) || own && strings.Contains(p.command, i.dir+"/") {
			found = append(found, p)
		}
	}
	return found
}

func (i *instance) linesOf(table string) []string {
	text, err := os.ReadFile(table)
	if err != nil {
		return []string{err.Error()}
	}
	var found []string
	for line := range strings.Lines(string(text)) {
		if strings.Contains(line, i.dir+"/") {
			found = append(found, table+": "+strings.TrimSpace(line))
		}
	}
	return found
}

// cgroups are those of the instance and of its cells.
func (i *instance) cgroups() []string {
	name, err := cgroup.Name(filepath.Join(i.dir, "run"))
	if err != nil {
		return nil // it has never run
	}
	var found []string
	_ = filepath.WalkDir("/sys/fs/cgroup", func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && strings.Contains(path, "/"+name) {
			found = append(found, "cgroup "+path)
		}
		return nil // others' cgroups come and go
	})
	return found
}

// eventually asks until the answer is "", and fails with the last one after the
// limit: for what the kernel does without telling anybody.
func eventually(t *testing.T, limit time.Duration, ask func() string) {
	t.Helper()
	if answer := until(limit, ask); answer != "" {
		t.Fatalf("after %s: %s", limit, answer)
	}
}

// until asks until the answer is "", or returns the last one after the limit.
func until(limit time.Duration, ask func() string) string {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	late := time.After(limit)
	for {
		answer := ask()
		if answer == "" {
			return ""
		}
		select {
		case <-tick.C:
		case <-late:
			return answer
		}
	}
}

// none is for eventually: the list, if there is one.
func none[T any](list []T) string {
	if len(list) == 0 {
		return ""
	}
	return fmt.Sprint(list)
}
