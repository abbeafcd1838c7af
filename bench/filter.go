package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	"github.com/jailsh/jailsh/internal/seccomp"
	"github.com/jailsh/jailsh/jail/build"
	"golang.org/x/sys/unix"
)

const (
	filterRounds = 40
	filterFiles  = 10_000 // of the repository that git looks at
	filterCalls  = 2_000_000
)

// What this program does instead of measuring, as its first argument.
const (
	underNothing = "under-nothing" // execute the rest of the arguments
	underFilter  = "under-filter"  // the same, under the jail's filter
	callLoop     = "call-loop"     // make system calls that are no work
)

// takeFilter measures what the jail's filter of system calls costs a program that
// does nothing else, and one that does a lot of them for a reason.
func takeFilter(ctx context.Context, s *site, _ []starter, r *report) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	repository := filepath.Join(s.dir, "repository")
	if err := makeRepository(ctx, repository); err != nil {
		return err
	}
	git, err := exec.LookPath("git")
	if err != nil {
		return err
	}
	for _, m := range []struct {
		row     row
		command []string
	}{
		{row{what: fmt.Sprintf("git status of %d files, filtered", filterFiles), target: 1.05}, []string{git, "-C", repository, "status", "--porcelain"}},
		{row{what: "a loop of getppid(2), filtered", target: 2}, []string{self, callLoop}},
	} {
		values := map[string][]float64{}
		for range filterRounds {
			for peer, under := range map[string]string{"no filter": underNothing, "jailsh": underFilter} {
				cmd := exec.CommandContext(ctx, self, append([]string{under}, m.command...)...)
				cmd.Env = []string{"PATH=/usr/bin:/bin", "HOME=" + s.dir, "GIT_CONFIG_NOSYSTEM=1", "GIT_OPTIONAL_LOCKS=0"}
				start := time.Now()
				out, err := cmd.CombinedOutput()
				if err == nil && len(out) > 0 {
					err = errors.New("it has something to say")
				}
				if err != nil {
					return fmt.Errorf("%v: %w: %s", m.command, err, out)
				}
				values[peer] = append(values[peer], milliseconds(time.Since(start)))
			}
		}
		m.row.peer, m.row.unit = "no filter", "ms"
		r.add(m.row, values)
	}
	return nil
}

func makeRepository(ctx context.Context, dir string) error {
	for i := range filterFiles {
		name := filepath.Join(dir, fmt.Sprintf("d%02d", i%100), fmt.Sprintf("f%d", i))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(name, []byte(name), 0o644); err != nil {
			return err
		}
	}
	for _, args := range [][]string{
		{"init", "-q"},
		{"add", "."},
		{"-c", "user.name=bench", "-c", "user.email=bench", "commit", "-q", "-m", "files"},
	} {
		if err := command(ctx, "git", append([]string{"-C", dir}, args...)...); err != nil {
			return err
		}
	}
	return nil
}

// instead does one of the things that this program does instead of measuring. It
// returns false if that isn't asked for.
func instead(args []string) (bool, error) {
	if len(args) == 0 {
		return false, nil
	}
	switch args[0] {
	case lookOn:
		return true, beCrowd(args[1:])
	case callLoop:
		for range filterCalls {
			unix.Getppid()
		}
		return true, nil
	case underNothing, underFilter:
		if len(args) == 1 {
			return true, errors.New("under what?")
		}
		runtime.LockOSThread()
		if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
			return true, err
		}
		if args[0] == underFilter {
			if err := seccomp.LoadThread(build.Filter()); err != nil {
				return true, err
			}
		}
		return true, syscall.Exec(args[1], args[1:], os.Environ())
	}
	return false, nil
}
