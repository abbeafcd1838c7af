package jail

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	"github.com/jailsh/jailsh/internal/wire"
	"github.com/jailsh/jailsh/jail/cgroup"
	"golang.org/x/sys/unix"
)

// start is a cell that isn't anybody's yet: a jailsh-init in new namespaces and in
// a cgroup of its own, which has done what is the same in each jail, or is about
// to, and waits for a plan. It has nothing of a user's.
type start struct {
	process    *os.Process
	group      *cgroup.Group
	socket     *wire.Conn // to init
	complaints *os.File   // its standard error

	exited chan struct{} // closed when the process has ended
}

// ownNetwork tells whether a jail has a network namespace.
func ownNetwork(spec *wire.Spec) bool { return spec.Network.Kind != wire.NetworkHost }

// begin makes a start, with a network namespace of its own or in the host's. After
// an error nothing of it is left.
func begin(means Means, ownNetwork bool) (*start, error) {
	group, err := means.Groups.New()
	if err != nil {
		return nil, err
	}
	s := &start{group: group, exited: make(chan struct{})}
	if err := s.clone(means.Program, ownNetwork); err != nil {
		return nil, errors.Join(err, group.Remove())
	}
	go s.awaitExit()
	return s, nil
}

// awaitExit doesn't collect the process: its number is its own until collect.
func (s *start) awaitExit() {
	defer close(s.exited)
	for unix.Waitid(unix.P_PID, s.process.Pid, nil, unix.WEXITED|unix.WNOWAIT, nil) == unix.EINTR {
		continue
	}
}

// collect waits for the end of the process, and tells how it came.
func (s *start) collect() (*os.ProcessState, error) {
	<-s.exited
	return s.process.Wait()
}

// clone starts jailsh-init in new namespaces, with nothing of this process's but
// the control socket: no environment but a constant one, no terminal, an own
// session. The mount and cgroup namespaces are init's to make.
func (s *start) clone(program *Program, ownNetwork bool) error {
	ours, theirs, err := wire.Pair()
	if err != nil {
		return err
	}
	// While the other ends are open here, init's end can't be heard.
	defer theirs.Close()
	complaints, stderr, err := os.Pipe()
	if err != nil {
		return errors.Join(err, ours.Close())
	}
	defer stderr.Close()
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return errors.Join(err, ours.Close(), complaints.Close())
	}
	defer null.Close()
	flags, argv := uintptr(unix.CLONE_NEWPID|unix.CLONE_NEWIPC|unix.CLONE_NEWUTS), []string{"jailsh-init"}
	if ownNetwork {
		flags, argv = flags|unix.CLONE_NEWNET, append(argv, wire.OwnNetworkArg)
	}
	attr := &os.ProcAttr{
		Dir:   "/",
		Env:   wire.InitEnv(),
		Files: []*os.File{null, null, stderr, theirs.File()},
		Sys:   &syscall.SysProcAttr{Cloneflags: flags, Setsid: true},
	}
	s.process, err = s.group.Start(attr.Sys, func() (*os.Process, error) {
		return os.StartProcess(program.path(), argv, attr)
	})
	if err != nil {
		return errors.Join(cloneError(err), ours.Close(), complaints.Close())
	}
	s.socket, s.complaints = ours, complaints
	return nil
}

// cloneError tells what the kernel wants when it refuses a namespace.
func cloneError(err error) error {
	fix := "run: jailsh check"
	switch {
	case errors.Is(err, unix.ENOSPC):
		fix = "raise the sysctls user.max_{mnt,pid,ipc,uts,net,cgroup}_namespaces"
	case errors.Is(err, unix.EINVAL):
		fix = "use a kernel with CONFIG_NAMESPACES, PID_NS, NET_NS, IPC_NS, UTS_NS and CGROUPS"
	case errors.Is(err, unix.EPERM):
		fix = "run jailshd as root, with CAP_SYS_ADMIN"
	case errors.Is(err, unix.EAGAIN), errors.Is(err, unix.ENOMEM):
		fix = "the host is out of processes or memory: see ulimit -u, kernel.pid_max and free"
	}
	return fmt.Errorf("clone: %w - %s", err, fix)
}

// drop ends a start that no cell is built of.
func (s *start) drop() error {
	_ = s.process.Kill() // has ended already
	_, _ = s.collect()   // by the signal, or as it was told
	s.complaints.Close()
	return errors.Join(s.socket.Close(), s.group.Remove())
}
