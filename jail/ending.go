package jail

import (
	"fmt"
	"os"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// ending is why a cell ended: the first reason that anybody has for it. Those
// that come later are consequences.
type ending struct {
	mu  sync.Mutex
	why string
}

func (e *ending) because(why string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.why == "" {
		e.why = why
	}
}

func (e *ending) reason() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.why
}

// unasked is the reason of a cell that jailshd didn't end, as far as the state of
// its PID 1 tells.
func unasked(state *os.ProcessState, err error, killOnLogout bool) string {
	if err != nil {
		return fmt.Sprintf("unknown: %v", err)
	}
	status, _ := state.Sys().(syscall.WaitStatus)
	switch {
	case status.Signaled() && status.Signal() == unix.SIGKILL:
		return "its init was killed, by the host's administrator or for memory"
	case status.Exited() && status.ExitStatus() == 0 && killOnLogout:
		return "its last session ended, and kill_on_logout is set"
	case status.Exited() && status.ExitStatus() == 0:
		return "nobody was logged in, and nothing ran"
	}
	return fmt.Sprintf("its init crashed: %s", state)
}
