package pid1

import (
	"syscall"
)

// reap collects every child, its own and the orphans of the namespace. It is the
// only caller of wait4: os/exec's Wait beside it would lose statuses.
func (c *cell) reap() {
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, 0, nil)
		switch err {
		case nil:
			c.reaped(pid, status)
		case syscall.ECHILD:
			c.childless()
		}
	}
}

// reaped hands a process's status to whoever spawned it. Orphans have nobody.
func (c *cell) reaped(pid int, status syscall.WaitStatus) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if ch, ok := c.procs[pid]; ok {
		delete(c.procs, pid)
		ch <- status // buffered, and used once
	}
}

// childless waits for the next fork. Forks happen under mu, so a second look
// under mu decides; whatever is left of a cell that is ending is gone now.
func (c *cell) childless() {
	c.mu.Lock()
	defer c.mu.Unlock()
	var status syscall.WaitStatus
	pid, err := syscall.Wait4(-1, &status, syscall.WNOHANG, nil)
	if err != syscall.ECHILD {
		if ch, ok := c.procs[pid]; ok && err == nil {
			delete(c.procs, pid)
			ch <- status
		}
		return
	}
	c.children = false
	if c.ending {
		c.control.Close()
	} else if c.spec != nil {
		c.idle()
	}
	for !c.children {
		c.wake.Wait()
	}
}
