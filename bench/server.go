package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"golang.org/x/crypto/ssh"
)

// starter starts one kind of server: for those who log in, and for those who look on at
// a terminal.
type starter struct {
	start func(context.Context, *site) (*server, error)
	live  func(context.Context, *site) (*stage, error)
}

// server is one running server.
type server struct {
	name           string // openssh or jailsh
	addr           string // host:port
	user, coldUser string // who logs in; coldUser's cell is gone between logins
	idle           int    // how many processes it has while nobody is logged in
	cells          int    // how many more once user has logged in for the first time
	ready          string // the process by which it is seen to be ready for the next login; may be none

	site       *site
	hostKey    ssh.PublicKey
	knownHosts string
	group      *group
	cmd        *exec.Cmd
	exited     chan struct{} // closed when the process has been waited for
	cleanup    func()
}

// start starts a server and returns once it accepts connections.
func (s *site) start(ctx context.Context, cmd *exec.Cmd, name, addr, hostKey string) (*server, error) {
	private, err := os.ReadFile(hostKey)
	if err != nil {
		return nil, err
	}
	signer, err := ssh.ParsePrivateKey(private)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", hostKey, err)
	}
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	srv := &server{
		name: name, addr: addr, site: s, cmd: cmd, hostKey: signer.PublicKey(),
		knownHosts: filepath.Join(s.dir, name+".known_hosts"),
		exited:     make(chan struct{}),
	}
	line := fmt.Sprintf("[%s]:%s %s", host, port, ssh.MarshalAuthorizedKey(srv.hostKey))
	if err := os.WriteFile(srv.knownHosts, []byte(line), 0o644); err != nil {
		return nil, err
	}
	log, err := os.OpenFile(srv.logFile(), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	cmd.Stdout, cmd.Stderr = log, log
	// A process group of its own, since Ctrl-C is for the benchmark, which then
	// stops its servers.
	if srv.group, err = newGroup(name); err != nil {
		return nil, err
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Setpgid: true, Pdeathsig: syscall.SIGTERM,
		UseCgroupFD: true, CgroupFD: int(srv.group.file.Fd()),
	}
	if err := cmd.Start(); err != nil {
		srv.group.remove()
		return nil, err
	}
	go func() {
		_ = cmd.Wait() // ended by stop, or awaitPort tells
		close(srv.exited)
	}()
	if err := srv.awaitPort(ctx); err != nil {
		srv.stop()
		return nil, err
	}
	return srv, nil
}

func (srv *server) logFile() string { return filepath.Join(srv.site.dir, srv.name+".log") }

// awaitPort waits at most 10 s until the server accepts connections.
func (srv *server) awaitPort(ctx context.Context) error {
	err := poll(ctx, 10*time.Second, func() (bool, error) {
		select {
		case <-srv.exited:
			return false, srv.wrap(errors.New("ended at once"))
		default:
		}
		c, err := net.Dial("tcp", srv.addr)
		if err == nil {
			c.Close()
		}
		return err == nil, nil // refused: it has not bound the port yet
	})
	if err != nil {
		return srv.wrap(err)
	}
	return nil
}

// wrap adds the end of the server's log to an error.
func (srv *server) wrap(err error) error {
	log, _ := os.ReadFile(srv.logFile())
	return fmt.Errorf("%s: %w; its log ends with:\n%s", srv.name, err, log[max(0, len(log)-2000):])
}

// wrapped is wrap unless err is nil.
func (srv *server) wrapped(err error) error {
	if err == nil {
		return nil
	}
	return srv.wrap(err)
}

// inTurn returns the servers in the order of a round: each is the first in its turn, so
// that what one leaves behind, in caches and on the way to the disk, isn't always the
// same other's to bear.
func inTurn(servers []*server, round int) []*server {
	first := round % len(servers)
	return slices.Concat(servers[first:], servers[:first])
}

// settle waits until the server has done all work that the last session left:
// its processes are those of an idle one.
func (srv *server) settle(ctx context.Context) error {
	var last []process
	err := poll(ctx, 20*time.Second, func() (bool, error) {
		var err error
		last, err = tree(srv.cmd.Process.Pid)
		ready := srv.ready == "" || slices.ContainsFunc(last, func(p process) bool { return p.name == srv.ready })
		return len(last) == srv.idle && ready, err
	})
	if err != nil {
		return srv.wrap(fmt.Errorf("%w: it has the processes %v instead of %d", err, last, srv.idle))
	}
	return nil
}

// restTime is well over what jailshd waits until it makes ready for the next cell.
const restTime = 250 * time.Millisecond

// rest is settle for what is measured in milliseconds: the benchmark itself has
// been idle for a while then, or the scheduler would make it wait for having asked
// all the time.
func (srv *server) rest(ctx context.Context) error {
	select {
	case <-time.After(restTime):
		return srv.settle(ctx)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// stop ends the server, and waits until its processes are gone.
func (srv *server) stop() {
	_ = srv.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-srv.exited:
	case <-time.After(15 * time.Second):
		_ = srv.cmd.Process.Kill()
		<-srv.exited
	}
	srv.group.remove()
	if srv.cleanup != nil {
		srv.cleanup()
	}
}

// freePort returns an address on the loopback interface that nobody listens on.
func freePort() (addr, port string, err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", "", err
	}
	defer l.Close()
	addr = l.Addr().String()
	_, port, err = net.SplitHostPort(addr)
	return addr, port, err
}

// poll calls done every 2 ms until it is true, at most for limit.
func poll(ctx context.Context, limit time.Duration, done func() (bool, error)) error {
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("not within %v", limit))
	defer cancel()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for {
		if ok, err := done(); ok || err != nil {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}
