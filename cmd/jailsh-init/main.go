// Command jailsh-init is PID 1 of one user's jail. jailshd clones it into fresh
// namespaces with one socket, descriptor 3, from which it takes its orders; its
// arguments say no more than which part of its life is to come, and whether one of
// the namespaces is for its network.
//
// It runs twice. First as root: it reads the plan, builds the jail, becomes the
// user, and executes itself, so that no thread with other credentials is left.
// Then as the user: it serves (package jail/pid1). The plan is left in the
// socket by the first run, and answered by the second. Before each program of a
// user with a limit of processor time it runs once more, to set that
// (pid1.Limited).
package main

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"syscall"

	"github.com/jailsh/jailsh/internal/wire"
	"github.com/jailsh/jailsh/jail/build"
	"github.com/jailsh/jailsh/jail/identity"
	"github.com/jailsh/jailsh/jail/pid1"
	"golang.org/x/sys/unix"
)

const control = 3

// serving is the argument of the second run.
const serving = "serve"

func main() {
	if len(os.Args) > 1 && os.Args[1] == pid1.LimitedArg {
		fmt.Fprintln(os.Stderr, "jailsh-init:", pid1.Limited(os.Args[2:]))
		os.Exit(126) // as env(1) and the shells: found, but can't be run
	}
	serve := len(os.Args) == 2 && os.Args[1] == serving
	if !serve {
		// Namespaces, credentials and capabilities belong to a thread. It comes before
		// any system call, in which the runtime may move main to another one.
		runtime.LockOSThread()
	}
	if os.Getpid() != 1 {
		fmt.Fprintln(os.Stderr, "jailsh-init: is started by jailshd, as PID 1 of a jail - to open one, run: jailsh run USER -- CMD")
		os.Exit(2)
	}
	identity.Name("jailsh-init")
	conn, err := wire.FromFD(control)
	if err != nil {
		fmt.Fprintln(os.Stderr, "jailsh-init: control socket:", err)
		os.Exit(2)
	}
	if serve {
		err = pid1.Serve(conn)
	} else {
		err = become(conn)
	}
	if err != nil {
		os.Exit(1) // jailshd has the answer, or is gone itself
	}
}

// become builds the jail that the control socket asks for, and executes this
// program again in it. It returns only on an error, which it has answered if it
// was asked.
func become(conn *wire.Conn) error {
	self, err := unix.Open("/proc/self/exe", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	var request *wire.Packet
	ownNetwork := len(os.Args) == 2 && os.Args[1] == wire.OwnNetworkArg
	err = build.Run(ownNetwork, func() (spec *wire.Spec, err error) {
		identity.Name("jailsh-spare") // it may have to wait for long
		if request, err = conn.Peek(); err != nil {
			return nil, err
		}
		if request.Verb != wire.VerbBuild {
			return nil, errors.New("the first request must be build")
		}
		spec = &wire.Spec{}
		return spec, wire.Decode(request.Body, spec)
	})
	if err == nil {
		err = again(self)
	}
	if request == nil {
		return err
	}
	// The request is taken off before it is answered: a socket that is closed
	// with something unread resets the other end, and the answer would be lost.
	_, _ = conn.Recv()
	body, _ := wire.Encode(&wire.Failure{Text: err.Error()})
	_ = conn.Send(&wire.Packet{Kind: wire.KindFailure, Verb: wire.VerbBuild, ID: request.ID, Body: body})
	return err
}

// again executes the program by its descriptor: its file isn't in the jail, and
// not on the host either, but in a sealed memory file (CVE-2019-5736).
func again(self int) error {
	if _, err := unix.FcntlInt(control, unix.F_SETFD, 0); err != nil {
		return os.NewSyscallError("fcntl", err)
	}
	err := syscall.Exec(fmt.Sprintf("/proc/self/fd/%d", self), []string{"jailsh-init", serving}, wire.InitEnv())
	return os.NewSyscallError("execve", err)
}
