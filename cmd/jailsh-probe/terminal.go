package main

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// terminalAttacks type into terminals (ioctl_tty(2)). They use a terminal of
// their own, whose other end is in this process: what would come out there is
// what would reach a shell.
func terminalAttacks() []attack {
	const upper = 0xdeadbeef << 32 // the kernel takes a request's low 32 bits
	return []attack{
		{name: "tiocsti", what: "CVE-2017-5226: TIOCSTI puts a character into the terminal's input", try: onTerminal, inside: typing(unix.TIOCSTI)},
		{name: "tiocsti-upper-bits", what: "CVE-2019-10063: the same, with garbage in the upper 32 bits", try: onTerminal, inside: typing(unix.TIOCSTI | upper)},
		{name: "tioclinux", what: "CVE-2017-5226's kin: TIOCLINUX pastes on a console", try: onTerminal, inside: linux(unix.TIOCLINUX)},
		{name: "tioclinux-upper-bits", what: "the same, with garbage in the upper 32 bits", try: onTerminal, inside: linux(unix.TIOCLINUX | upper)},
		{name: "tioccons", what: "TIOCCONS: take what the kernel says on its console", try: onTerminal, inside: func(p *probe) outcome {
			return p.unreached("TIOCCONS", ioctl(0, unix.TIOCCONS, 0))
		}},
		{name: "steal-terminal", what: "TIOCSCTTY with force: take another session's terminal", try: stealTerminal, inside: func(*probe) outcome {
			return held("paused: %v", unix.Pause()) // it holds the terminal
		}},
		{name: "line-discipline", what: "TIOCSETD: have the kernel load a line discipline (CVE-2017-2636, CVE-2023-6546)", try: lineDiscipline},
	}
}

// terminal is a pair.
type terminal struct{ master, slave int }

func (t terminal) close() { _, _ = unix.Close(t.master), unix.Close(t.slave) }

func newTerminal() (terminal, error) {
	master, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if err != nil {
		return terminal{}, err
	}
	if err := unix.IoctlSetPointerInt(master, unix.TIOCSPTLCK, 0); err != nil {
		return terminal{}, err
	}
	slave, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(master), unix.TIOCGPTPEER, unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC)
	if errno != 0 {
		return terminal{}, errno
	}
	return terminal{master, int(slave)}, nil
}

// onTerminal runs the inner part with a terminal as its input that it controls,
// as a program that somebody has started has.
func onTerminal(p *probe) outcome {
	pair, err := newTerminal()
	if err != nil {
		return held("no terminal at all: %v", err)
	}
	defer pair.close()
	stdin := os.Stdin
	defer func() { os.Stdin = stdin }()
	os.Stdin = os.NewFile(uintptr(pair.slave), "terminal")
	return p.within("start on a terminal", &syscall.SysProcAttr{Setsid: true, Setctty: true})
}

func ioctl(fd int, request uint64, arg uintptr) error {
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), uintptr(request), arg)
	return errnoOf(errno)
}

// typing pushes a line into the terminal, and looks whether it can be read there.
func typing(request uint64) func(*probe) outcome {
	return func(p *probe) outcome {
		for _, c := range []byte("id\n") {
			err := ioctl(0, request, uintptr(unsafe.Pointer(&c)))
			if errors.Is(err, unix.EIO) {
				return held("TIOCSTI: dev.tty.legacy_tiocsti is off: %v", err)
			}
			if err != nil {
				return p.unreached("TIOCSTI", err)
			}
		}
		b := make([]byte, 8)
		n, err := unix.Read(0, b)
		return broken("TIOCSTI worked; the shell would read %q, %v", b[:max(n, 0)], err)
	}
}

// linux asks for TIOCLINUX. A pseudo-terminal has none, so an answer of its own
// says that the request came through.
func linux(request uint64) func(*probe) outcome {
	return func(p *probe) outcome {
		var all []outcome
		for _, subcode := range []byte{2, 3, 12} { // TIOCL_SETSEL, TIOCL_PASTESEL, TIOCL_GETFGCONSOLE
			all = append(all, p.unreached(fmt.Sprint("TIOCLINUX ", subcode), ioctl(0, request, uintptr(unsafe.Pointer(&subcode)))))
		}
		return worst(all...)
	}
}

// stealTerminal takes the terminal that another session of hers controls.
func stealTerminal(p *probe) outcome {
	pair, err := newTerminal()
	if err != nil {
		return held("no terminal at all: %v", err)
	}
	defer pair.close()
	// With force one gets a terminal that another session controls, and needs
	// CAP_SYS_ADMIN for it.
	o := &options{init: p.init}
	holder, err := os.StartProcess("/proc/self/exe", o.arguments(p.attack.name, p.scratch, "--inside"), &os.ProcAttr{
		Files: []*os.File{os.NewFile(uintptr(pair.slave), "terminal")},
		Sys:   &syscall.SysProcAttr{Setsid: true, Setctty: true},
	})
	if err != nil {
		return held("start: %v", err)
	}
	defer func() {
		_ = holder.Kill()
		_, _ = holder.Wait()
	}()
	return p.refused("TIOCSCTTY with force", ioctl(pair.slave, unix.TIOCSCTTY, 1))
}

// lineDiscipline asks for those that a pseudo-terminal has no use for. The kernel
// loads their modules for whoever asks.
func lineDiscipline(p *probe) outcome {
	var all []outcome
	for _, d := range []struct {
		name   string
		number int32
	}{{"N_TTY", 0}, {"N_SLIP", 1}, {"N_PPP", 3}, {"N_HDLC", 13}, {"N_GSM0710", 21}} {
		pair, err := newTerminal()
		if err != nil {
			return held("no terminal at all: %v", err)
		}
		err = ioctl(pair.slave, unix.TIOCSETD, uintptr(unsafe.Pointer(&d.number)))
		pair.close()
		if errors.Is(err, unix.EINVAL) {
			all = append(all, absent("%s: the kernel has none", d.name))
			continue
		}
		all = append(all, p.refused(d.name, err))
	}
	return worst(all...)
}
