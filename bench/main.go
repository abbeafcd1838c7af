// Command bench measures jailsh against Debian's OpenSSH server with
// ChrootDirectory, and prints ratios. Both servers run on the loopback interface
// of this machine, in this run, with the same root directory for their users, and
// are measured in turns, so that what slows the machine slows both. The jail alone
// is measured against what else makes one: a plain fork, bubblewrap, jailkit; a live
// terminal against tmux over OpenSSH.
//
// What it makes is a folder in /var/lib (sshd wants one that only root can write
// to, all the way up), an account of its own for sshd, which takes its users from
// passwd(5), and two servers. All are gone when it ends, also by a signal. What a
// kill -9 leaves is taken over and removed by the next run.
//
// Run it by `make bench`.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"syscall"
)

func main() {
	if done, err := instead(os.Args[1:]); done {
		if err != nil {
			fmt.Fprintln(os.Stderr, "bench:", err)
			os.Exit(1)
		}
		return
	}
	// The servers die with this process (Pdeathsig), which the kernel takes for
	// this thread.
	runtime.LockOSThread()
	debug.SetGCPercent(1000) // the clients share the cores with what they measure
	only := flag.String("only", "", "measures to take, comma separated: "+strings.Join(measureNames(), ", "))
	server := flag.String("server", "both", "servers to measure: both, openssh, jailsh")
	programs := flag.String("programs", "bin", "folder of jailshd and its fellows")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	err := run(ctx, *programs, *server, *only)
	if ctx.Err() != nil {
		err = errors.New("interrupted; what it made is gone")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		stop()
		os.Exit(1)
	}
}

func run(ctx context.Context, programs, server, only string) (err error) {
	chosen, err := chooseMeasures(only)
	if err != nil {
		return err
	}
	if os.Geteuid() != 0 {
		return errors.New("both servers start as root - use sudo")
	}
	if programs, err = filepath.Abs(programs); err != nil {
		return err
	}
	site, err := newSite(ctx, programs)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, site.remove()) }()

	fmt.Fprintln(os.Stderr, "bench: building the users' root")
	if err := site.prepare(ctx); err != nil {
		return err
	}
	var starters []starter
	if server != "jailsh" {
		starters = append(starters, starter{startOpenSSH, startTmux})
	}
	if server != "openssh" {
		starters = append(starters, starter{startJailsh, startShared})
	}
	r := &report{}
	for _, m := range chosen {
		fmt.Fprintln(os.Stderr, "bench:", m.what)
		if err := m.take(ctx, site, starters, r); err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
	}
	return r.print(os.Stdout)
}
