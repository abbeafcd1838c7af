// Command jailshd is the root half of the server: it binds the ports, reads the
// configuration, signs with the host keys, starts and supervises jailsh-net, and
// opens jails. It never parses what comes from the network: jailsh-net does, and
// asks for what it needs over a socket (broker.go).
//
// It runs in the foreground until SIGTERM or SIGINT; SIGHUP reads the
// configuration again. When it ends, however it ends, so do all cells.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"syscall"

	"github.com/jailsh/jailsh/internal/config"
	"github.com/jailsh/jailsh/internal/instance/check"
	"golang.org/x/sys/unix"
)

func main() {
	file := flag.String("config", config.DefaultFile, "the instance's jailsh.toml")
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "usage: jailshd [--config FILE]\n\nThe daemon, in the foreground. To set an instance up, run: jailsh init DIR")
		flag.PrintDefaults()
	}
	flag.Parse()
	if flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	if err := run(*file); err != nil {
		fmt.Fprintln(os.Stderr, "jailshd:", config.Hints(err.Error(), *file))
		os.Exit(1)
	}
}

func run(file string) error {
	if os.Geteuid() != 0 {
		return fmt.Errorf("must run as root, to make namespaces and to become its users - use sudo")
	}
	// What a shell left open here must not get into a jail (CVE-2024-21626). Go
	// marks only the descriptors that it opened itself.
	if err := unix.CloseRange(3, ^uint(0), unix.CLOSE_RANGE_CLOEXEC); err != nil {
		return fmt.Errorf("close_range: %w - use a kernel of 5.12 or newer", err)
	}
	unix.Umask(0o077)
	runtime.GOMAXPROCS(1) // it answers short questions; more threads would only be woken for each other

	// A kernel without what a jail needs is told of now, not at the first login.
	if err := check.Kernel().Err(); err != nil {
		return fmt.Errorf("this host can't hold a jail:\n%w", err)
	}
	d, err := newDaemon(file)
	if err != nil {
		return err
	}
	defer d.close()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	return d.run(ctx)
}
