// Command jailsh-net is the half of the server that faces the network: it speaks
// SSH, and hands bytes to and fro between clients and terminals. jailshd starts
// it with one socket, descriptor 3, over which it asks for all that it can't do
// itself: whether a key is good, a signature of the host key, a way into a cell.
//
// It runs twice, like jailsh-init: first as root, to confine itself (confine.go)
// and execute itself again; then as an unprivileged user, in an empty root, in a
// network namespace without a network, under a filter of system calls
// (syscalls.go). Only then does it read from anybody.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"strconv"

	"github.com/jailsh/jailsh/internal/seccomp"
	"github.com/jailsh/jailsh/internal/wire"
	"github.com/jailsh/jailsh/jail/identity"
	"golang.org/x/sys/unix"
)

const broker = 3

// ballast is memory that is never touched, and so never there, bytes. The garbage
// collector takes it for in use, and lets as much garbage more come together
// before it begins. x/crypto has a new buffer for each packet that it reads; of 4 MiB
// at a time, which is Go's least, collecting takes an eighth of the processor time of
// an upload. A higher GOGC would do the same, and multiply what many sessions hold.
const ballast = 12 << 20

// serving is the argument of the second run; the first has the uid, and how large a file
// may get.
const serving = "serve"

func main() {
	runtime.LockOSThread() // what confine drops belongs to a thread
	serves := len(os.Args) == 2 && os.Args[1] == serving
	if !serves && len(os.Args) != 3 || os.Getpid() != 1 {
		fmt.Fprintln(os.Stderr, "jailsh-net: is started by jailshd - run: jailshd --config FILE")
		os.Exit(2)
	}
	var err error
	if serves {
		identity.Name("jailsh-net")
		runtime.UnlockOSThread()
		err = serve()
	} else {
		err = begin(os.Args[1], os.Args[2])
	}
	if err != nil && !errors.Is(err, io.EOF) {
		fmt.Fprintln(os.Stderr, "jailsh-net:", err)
		os.Exit(1)
	}
}

func begin(uid, largest string) error {
	id, err := strconv.ParseUint(uid, 10, 32)
	if err != nil || id == 0 {
		return fmt.Errorf("uid %q: not one to run as", uid)
	}
	size, err := strconv.ParseUint(largest, 10, 63)
	if err != nil {
		return fmt.Errorf("size %q: not one of a file", largest)
	}
	return confine(identity.Identity{UID: uint32(id), GID: uint32(id)}, size)
}

// serve runs until jailshd closes the socket.
func serve() error {
	if err := errors.Join(identity.Undumpable(), seccomp.LoadAllThreads(seccomp.Allow(syscalls))); err != nil {
		return err
	}
	// A recording that is as large as it may be is told by EFBIG.
	signal.Ignore(unix.SIGXFSZ)
	// A login is a dozen small messages between goroutines, and waking a thread
	// for each costs more than what it then does. Half the processors also leave
	// the other half to what the users run.
	runtime.GOMAXPROCS(max(1, runtime.NumCPU()/2))
	conn, err := wire.FromFD(broker)
	if err != nil {
		return fmt.Errorf("socket to jailshd: %w", err)
	}
	held := make([]byte, ballast)
	defer runtime.KeepAlive(held)
	return newNetwork(conn).run(context.Background())
}
