package pid1

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"syscall"
	"unsafe"

	"github.com/jailsh/jailsh/internal/wire"
	"golang.org/x/sys/unix"
)

// prepared is what a process gets and what its owner keeps.
type prepared struct {
	child  []*os.File // its standard three
	parent []*os.File // sent to the client
	tty    string
	env    []string // NAME=value, of what was made for this process
}

// preparePipes makes the three pipes of a process without a terminal. They are
// made here, not by jailsh-net, so that they belong to the user: she can open
// /dev/stdout.
func preparePipes() (*prepared, error) {
	p := &prepared{}
	for i := range 3 {
		var fds [2]int
		if err := unix.Pipe2(fds[:], unix.O_CLOEXEC); err != nil {
			closeAll(p.child)
			closeAll(p.parent)
			return nil, os.NewSyscallError("pipe2", err)
		}
		r, w := os.NewFile(uintptr(fds[0]), "pipe"), os.NewFile(uintptr(fds[1]), "pipe")
		if i == 0 {
			r, w = w, r
		}
		p.parent = append(p.parent, r)
		p.child = append(p.child, w)
	}
	return p, nil
}

// fork starts the process. mu is held from the fork until its status has a
// place to go, so that reap can't be faster.
func (c *cell) fork(s *wire.Spawn, p *prepared) (int, <-chan syscall.WaitStatus, error) {
	program, err := c.program(s)
	if err != nil {
		return 0, nil, err
	}
	fixed := slices.Concat(c.spec.Env, p.env)
	if program.file != nil {
		fixed = slices.Concat(fixed, wire.InitEnv())
	}
	attr := &syscall.ProcAttr{
		Dir: c.startIn(),
		Env: environment(s.Env, fixed, p.tty),
		Sys: &syscall.SysProcAttr{Setsid: true},
	}
	for i := range 3 {
		attr.Files = append(attr.Files, p.child[i%len(p.child)].Fd()) //nolint:forbidigo // the program's end, which it expects to be blocking
	}
	path, argv := limited(&c.spec.Limits, program, attr)
	if p.tty != "" {
		attr.Sys.Setctty = true // descriptor 0, TIOCSCTTY
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ending {
		return 0, nil, errors.New("the cell is ending")
	}
	pid, err := syscall.ForkExec(path, argv, attr)
	if err != nil {
		return 0, nil, fmt.Errorf("start %s in %s: %w", program.name, attr.Dir, err)
	}
	ended := make(chan syscall.WaitStatus, 1)
	c.procs[pid] = ended
	c.children = true
	c.wake.Broadcast()
	return pid, ended, nil
}

// startIn is the home, or, as with sshd(8), the root if she has locked herself
// out of it: from there she can let herself in again.
func (c *cell) startIn() string {
	if !mayEnter(c.spec.Home) {
		return "/"
	}
	return c.spec.Home
}

// mayEnter is access(2) with X_OK, not announced to the Go scheduler: its monitor
// would spin through the fork that follows (internal/nonblock). On a slow file
// system that fork has to wait for the same folder.
func mayEnter(folder string) bool {
	at := unix.AT_FDCWD
	name, err := unix.BytePtrFromString(folder)
	if err != nil {
		return false
	}
	_, _, errno := unix.RawSyscall(unix.SYS_FACCESSAT, uintptr(at), uintptr(unsafe.Pointer(name)), unix.X_OK)
	return errno == 0
}
