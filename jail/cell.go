package jail

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/jailsh/jailsh/internal/childlog"
	"github.com/jailsh/jailsh/internal/wire"
	"github.com/jailsh/jailsh/jail/egress"
	"golang.org/x/sys/unix"
)

// How long a cell's init may take, so that one that is stuck or hostile ends.
const (
	buildTimeout  = 20 * time.Second
	attachTimeout = 5 * time.Second
	stopTimeout   = 5 * time.Second
	lastWords     = time.Second // to read what a dead one has said
)

// cell is one running jail, from jailshd's side.
type cell struct {
	name    string // user and PID, for the log
	pid     int
	process *os.Process
	control *wire.Peer
	wire    *egress.Wire // out to the world; nil: none
	release func()       // of the template
	log     *slog.Logger
	gone    chan struct{} // closed when PID 1 was collected and all goroutines have ended
	end     ending        // why it is gone

	killOnLogout bool
}

// start clones a jail and waits until it stands.
func start(ctx context.Context, program *Program, router *egress.Router, spec *wire.Spec, release func(), log *slog.Logger) (*cell, error) {
	ours, theirs, err := wire.Pair()
	if err != nil {
		release()
		return nil, err
	}
	complaints, stderr, err := os.Pipe()
	if err != nil {
		release()
		return nil, errors.Join(err, ours.Close(), theirs.Close())
	}
	process, err := clone(program, spec, theirs, stderr)
	err = errors.Join(err, theirs.Close(), stderr.Close())
	if err != nil {
		release()
		return nil, errors.Join(err, ours.Close(), complaints.Close())
	}
	way, err := wayOut(router, process.Pid, spec)
	if err != nil {
		_ = process.Kill()
		_, _ = process.Wait() // by the signal
		release()
		return nil, errors.Join(err, ours.Close(), complaints.Close())
	}
	c := &cell{
		name: fmt.Sprintf("%s/%d", spec.User, process.Pid), pid: process.Pid,
		process: process, control: wire.NewPeer(ours), wire: way, release: release,
		log: log.With("user", spec.User, "cell", process.Pid), gone: make(chan struct{}),
		killOnLogout: spec.KillOnLogout,
	}
	go c.watch(complaints)

	ctx, cancel := context.WithTimeout(ctx, buildTimeout)
	defer cancel()
	if err := c.control.Ask(ctx, wire.VerbBuild, spec); err != nil {
		c.kill("its jail could not be built")
		<-c.gone
		return nil, err
	}
	return c, nil
}

// wayOut gives the cell its way out, if it is to have one, and tells init about
// it. Init hasn't been collected, so the process is still its.
func wayOut(router *egress.Router, pid int, spec *wire.Spec) (*egress.Wire, error) {
	if spec.Network.Kind != wire.NetworkEgress {
		return nil, nil
	}
	way, err := router.Attach(pid, spec.Network.Servers)
	if err != nil {
		return nil, fmt.Errorf("jail %s: %w", spec.User, err)
	}
	spec.Network.Link = way.Link
	return way, nil
}

// clone starts jailsh-init in new namespaces, with nothing of this process's but
// the control socket: no environment, no terminal, an own session.
func clone(program *Program, spec *wire.Spec, control *wire.Conn, stderr *os.File) (*os.Process, error) {
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	defer null.Close()
	flags := uintptr(unix.CLONE_NEWNS | unix.CLONE_NEWPID | unix.CLONE_NEWIPC | unix.CLONE_NEWUTS | unix.CLONE_NEWCGROUP)
	if spec.Network.Kind != wire.NetworkHost {
		flags |= unix.CLONE_NEWNET
	}
	process, err := os.StartProcess(program.path(), []string{"jailsh-init"}, &os.ProcAttr{
		Dir:   "/",
		Env:   []string{},
		Files: []*os.File{null, null, stderr, control.File()},
		Sys:   &syscall.SysProcAttr{Cloneflags: flags, Setsid: true},
	})
	if err != nil {
		return nil, cloneError(spec.User, err)
	}
	return process, nil
}

// cloneError tells what the kernel wants when it refuses a namespace.
func cloneError(user string, err error) error {
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
	return fmt.Errorf("jail %s: clone: %w - %s", user, err, fix)
}

// watch owns the cell's goroutines and collects its PID 1. Whatever ends the
// control connection ends the cell, and the other way round.
func (c *cell) watch(complaints *os.File) {
	defer close(c.gone)
	var parts sync.WaitGroup
	parts.Go(func() {
		err := c.control.Run()
		if err != io.EOF && !errors.Is(err, os.ErrClosed) {
			c.log.Warn("cell: ended by jailshd: its init doesn't keep to the contract", "error", err)
			c.end.because("its init broke the contract")
		}
		_ = c.process.Kill() // without a reason of ours: init has ended, or is about to
	})
	parts.Go(func() {
		childlog.Lines(complaints, maxComplaints, func(line string) { c.log.Warn("cell: its init says", "line", line) })
	})
	state, err := c.process.Wait()
	// The other ends mostly die with PID 1, and the goroutines come to an end of
	// file once they have read what it said last. Somebody to whom a hostile init
	// passed an end could keep it open; nobody waits for that.
	closeBoth := func() {
		c.control.Close()
		complaints.Close()
	}
	late := time.AfterFunc(lastWords, closeBoth)
	parts.Wait()
	late.Stop()
	closeBoth()
	if c.wire != nil {
		if err := c.wire.Detach(); err != nil {
			c.log.Warn("cell: its way out is still there", "error", err)
		}
	}
	c.release()
	c.end.because(unasked(state, err, c.killOnLogout))
}

// maxComplaints bounds what a cell's init can make us log, in lines: the head of
// a crash. A user can make her own init crash, as often as she can log in.
const maxComplaints = 20

// kill ends PID 1, and with it the kernel ends every process of the cell.
func (c *cell) kill(why string) {
	c.end.because(why)
	_ = c.process.Kill()
}

// attach hands init one end of a new socket and returns the other.
func (c *cell) attach(ctx context.Context) (*os.File, error) {
	ours, theirs, err := wire.Pair()
	if err != nil {
		return nil, err
	}
	defer theirs.Close()
	ctx, cancel := context.WithTimeout(ctx, attachTimeout)
	defer cancel()
	if err := c.control.Ask(ctx, wire.VerbAttach, &wire.Empty{}, theirs.File()); err != nil {
		ours.Close()
		return nil, err
	}
	return ours.File(), nil
}

// stop asks init to end the cell, gives its processes their grace, and then
// doesn't ask any more. It returns when the cell is gone.
func (c *cell) stop(why string) {
	c.end.because(why)
	ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	if err := c.control.Ask(ctx, wire.VerbStop, &wire.Empty{}); err == nil {
		select {
		case <-c.gone:
			return
		case <-ctx.Done():
		}
	}
	_ = c.process.Kill()
	<-c.gone
}
