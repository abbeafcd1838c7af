package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"

	"github.com/creack/pty"
	"github.com/jailsh/jailsh/internal/wire"
	"golang.org/x/sys/unix"
)

// fakeDaemon answers on an admin socket as jailshd does, with a cell whose init
// runs the commands right here, in no jail.
type fakeDaemon struct {
	dir      string
	listener *net.UnixListener
	running  sync.WaitGroup
	exited   chan struct{} // one for each exit that jailsh was told of

	mu    sync.Mutex
	peers []*wire.Peer
}

func startFakeDaemon(dir string) (*fakeDaemon, error) {
	l, err := net.ListenUnix("unixpacket", &net.UnixAddr{Name: filepath.Join(dir, "jailshd.sock"), Net: "unixpacket"})
	if err != nil {
		return nil, err
	}
	d := &fakeDaemon{dir: dir, listener: l, exited: make(chan struct{}, 16)}
	d.running.Go(d.accept)
	return d, nil
}

// stop ends the daemon and waits for all that it started.
func (d *fakeDaemon) stop() {
	d.listener.Close()
	d.mu.Lock()
	for _, p := range d.peers {
		p.Close()
	}
	d.mu.Unlock()
	d.running.Wait()
}

func (d *fakeDaemon) accept() {
	for {
		c, err := d.listener.AcceptUnix()
		if err != nil {
			return
		}
		f, err := c.File()
		c.Close()
		if err != nil {
			continue
		}
		if err := unix.SetNonblock(int(f.Fd()), true); err != nil {
			continue
		}
		fd, err := unix.Dup(int(f.Fd()))
		f.Close()
		if err != nil {
			continue
		}
		conn, err := wire.FromFD(fd)
		if err != nil {
			continue
		}
		d.serve(wire.NewPeer(conn, wire.On(wire.VerbOpen, d.open), wire.On(wire.VerbReload, d.reload), wire.On(wire.VerbSessions, d.sessions),
			wire.On(wire.VerbKill, d.kill), wire.On(wire.VerbWatch, d.watch)))
	}
}

// reload leaves a mark, unless there is a file with why it fails.
func (d *fakeDaemon) reload(*wire.Empty, []*os.File) (wire.Message, []*os.File, error) {
	if why, err := os.ReadFile(filepath.Join(d.dir, "refuse")); err == nil {
		return nil, nil, errors.New(string(why))
	}
	return &wire.Empty{}, nil, os.WriteFile(filepath.Join(d.dir, "reloaded"), nil, 0o600)
}

func (d *fakeDaemon) serve(p *wire.Peer) {
	d.mu.Lock()
	d.peers = append(d.peers, p)
	d.mu.Unlock()
	d.running.Go(func() { _ = p.Run() })
}

// open knows alice, and three users whose daemon or init misbehaves.
func (d *fakeDaemon) open(m *wire.Open, _ []*os.File) (wire.Message, []*os.File, error) {
	ours, theirs, err := wire.Pair()
	if err != nil {
		return nil, nil, err
	}
	i := &fakeInit{user: m.User, exited: d.exited}
	switch m.User {
	case "alice", "holed", "bare", "gone", "liar":
		i.peer = wire.NewPeer(ours, wire.On(wire.VerbSpawn, i.spawn), wire.On(wire.VerbSignal, i.signal))
		d.serve(i.peer)
		return &wire.Opened{Cell: m.User}, []*os.File{theirs.File()}, nil
	case "empty":
		ours.Close()
		theirs.Close()
		return &wire.Opened{Cell: m.User}, nil, nil
	}
	ours.Close()
	theirs.Close()
	return nil, nil, fmt.Errorf("user %q isn't in the table - see: jailsh user list", m.User)
}

// fakeInit is the init of one cell.
type fakeInit struct {
	user   string
	peer   *wire.Peer
	exited chan<- struct{}
}

func (i *fakeInit) spawn(m *wire.Spawn, _ []*os.File) (wire.Message, []*os.File, error) {
	if i.user == "liar" {
		f, err := os.Open("/dev/null")
		return &wire.Spawned{Pid: 1}, []*os.File{f, f, f}, err
	}
	if !m.Exec {
		return nil, nil, errors.New("a login shell was asked for")
	}
	cmd := exec.Command("/bin/bash", append([]string{"-c", m.Command}, m.Args...)...)
	cmd.Env = append([]string{"PATH=/usr/bin:/bin", "USER=" + i.user}, m.Env...)
	files, err := i.start(cmd, m.TTY)
	if err != nil {
		return nil, nil, err
	}
	if i.user == "gone" {
		_ = cmd.Process.Kill()
	}
	go func() { // ends with the command
		_ = cmd.Wait()
		if i.user == "gone" {
			i.peer.Close()
			return
		}
		e := &wire.Exit{Pid: uint32(cmd.Process.Pid)}
		if st := cmd.ProcessState.Sys().(syscall.WaitStatus); st.Signaled() {
			e.Signal = uint32(st.Signal())
		} else {
			e.Status = uint32(st.ExitStatus())
		}
		_ = i.peer.Notify(wire.VerbExit, e)
		select {
		case i.exited <- struct{}{}:
		default: // nobody asks
		}
	}()
	return &wire.Spawned{Pid: uint32(cmd.Process.Pid), TTY: "/dev/pts/0"}, files, nil
}

// start starts the command with a terminal or three pipes, and returns our ends.
func (i *fakeInit) start(cmd *exec.Cmd, tty *wire.TTY) ([]*os.File, error) {
	if tty != nil {
		s := tty.Size
		master, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: uint16(s.Rows), Cols: uint16(s.Columns), X: uint16(s.Width), Y: uint16(s.Height)})
		return []*os.File{master}, err
	}
	var ours, theirs [3]*os.File
	for n := range ours {
		r, w, err := os.Pipe()
		if err != nil {
			return nil, err
		}
		ours[n], theirs[n] = r, w
	}
	ours[0], theirs[0] = theirs[0], ours[0]
	cmd.Stdin, cmd.Stdout, cmd.Stderr = theirs[0], theirs[1], theirs[2]
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	err := cmd.Start()
	for _, f := range theirs {
		f.Close()
	}
	return ours[:], err
}

func (i *fakeInit) signal(m *wire.Signal, _ []*os.File) (wire.Message, []*os.File, error) {
	return &wire.Empty{}, nil, unix.Kill(-int(m.Pid), unix.Signal(m.Signal))
}

// fakeProbe is sent into the jail in the place of jailsh-probe. Only alice's jail
// holds.
func fakeProbe() {
	if own, err := os.Executable(); err != nil || !strings.HasPrefix(own, "/tmp/jailsh-probe.") {
		fmt.Fprintln(os.Stderr, "not where it was sent to:", own, err)
		syscall.Exit(2)
	}
	switch os.Getenv("USER") {
	case "alice":
		fmt.Print("chroot                       held   chroot: operation not permitted\nvsock absent no such family\n")
	case "holed":
		fmt.Print("chroot held EPERM\nmknod BROKEN made a \x1b[31mdevice\nproc-root perhaps\n")
		syscall.Exit(1)
	default:
		fmt.Fprintln(os.Stderr, "it\ncan't be run here")
		syscall.Exit(126)
	}
	syscall.Exit(0) // not os.Exit, which would write of its coverage
}
