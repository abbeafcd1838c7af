package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// patience is how long one attack may take. Races end themselves long before.
const patience = 10 * time.Second

// home is the user's, or / if she has none.
func home() string {
	if h := os.Getenv("HOME"); h != "" {
		return h
	}
	return "/"
}

// each makes the attacks, one after the other, and prints what became of each.
func (o *options) each(attacks []attack) error {
	// What an attack leaves running comes to this process, and is ended by it.
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return os.NewSyscallError("prctl(PR_SET_CHILD_SUBREAPER)", err)
	}
	failed := 0
	for i := range attacks {
		result, err := o.child(&attacks[i])
		if err != nil {
			return fmt.Errorf("%s: %w", attacks[i].name, err)
		}
		fmt.Println(attacks[i].name, result.verdict, oneLine(result.detail))
		if result.verdict == isBroken {
			failed++
		}
	}
	if failed > 0 {
		return fmt.Errorf("%w: %d of %d", errBroken, failed, len(attacks))
	}
	return nil
}

// child makes one attack in a process of its own.
func (o *options) child(a *attack) (outcome, error) {
	scratch, err := newScratch()
	if err != nil {
		return outcome{}, err
	}
	before := children()
	said, state, err := execute(o.arguments(a.name, scratch.path), &syscall.SysProcAttr{Setsid: true})
	reap(before)
	if err = errors.Join(err, scratch.remove()); err != nil {
		return outcome{}, err
	}
	return answer(said, state), nil
}

// execute runs this program again, and returns what it says, at most 64 KiB.
func execute(args []string, sys *syscall.SysProcAttr) (string, *os.ProcessState, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return "", nil, err
	}
	defer r.Close()
	c, err := os.StartProcess("/proc/self/exe", args, &os.ProcAttr{
		Env: os.Environ(), Files: []*os.File{os.Stdin, w, os.Stderr}, Sys: sys,
	})
	w.Close()
	if err != nil {
		return "", nil, err
	}
	late := time.AfterFunc(patience, func() {
		_ = unix.Kill(-c.Pid, unix.SIGKILL) // its group; or only it, if it has none
		_ = c.Kill()
	})
	defer late.Stop()
	state, err := c.Wait()
	if err != nil {
		return "", nil, err
	}
	// What it has started may have the pipe still.
	_ = unix.Kill(-c.Pid, unix.SIGKILL)
	if err := r.SetReadDeadline(time.Now().Add(time.Second)); err != nil {
		return "", nil, err
	}
	said, _ := io.ReadAll(io.LimitReader(r, 64<<10)) // what came until the deadline
	return string(said), state, nil
}

// answer reads what a child has said. One that said nothing has shown nothing,
// unless the filter has killed it.
func answer(said string, state *os.ProcessState) outcome {
	word, detail, _ := strings.Cut(strings.TrimSpace(said), " ")
	switch v := verdict(word); v {
	case isAbsent, isHeld, isBroken:
		return outcome{v, detail}
	}
	if s, ok := state.Sys().(syscall.WaitStatus); ok && s.Signaled() && s.Signal() == syscall.SIGSYS {
		return held("killed by the system call filter")
	}
	return broken("no answer: %s %s", state, said)
}

// children are the processes that this one would have to collect.
func children() []int {
	var found []int
	for _, file := range glob("/proc/self/task/*/children") {
		for _, field := range strings.Fields(textOf(file)) {
			if pid, err := strconv.Atoi(field); err == nil {
				found = append(found, pid)
			}
		}
	}
	return found
}

// reap ends what an attack has left behind, and nothing that the shell has
// started before it became this process.
func reap(before []int) {
	for _, pid := range children() {
		if !slices.Contains(before, pid) {
			_ = unix.Kill(pid, unix.SIGKILL)
			_, _ = unix.Wait4(pid, nil, 0, nil)
		}
	}
}

// one is the child: it makes the attack on its main thread.
func (o *options) one(a *attack) error {
	p := o.probe(a)
	try := a.try
	if o.inside {
		try = a.inside
	}
	result := try(p)
	fmt.Println(result.verdict, oneLine(result.detail))
	return nil
}

// within makes the attack's inner part in a process with those attributes, which
// are mostly new namespaces. If there can't be such a process, that is how the
// attack was held.
func (p *probe) within(what string, sys *syscall.SysProcAttr) outcome {
	o := &options{init: p.init}
	for name, value := range p.victim {
		o.victims = append(o.victims, name+"="+value)
	}
	said, state, err := execute(o.arguments(p.attack.name, p.scratch, "--inside"), sys)
	if err != nil {
		return p.refused(what, err)
	}
	return answer(said, state)
}
