package pid1

import (
	"fmt"
	"io"
	"os"
	"path"

	"github.com/jailsh/jailsh/internal/wire"
	"golang.org/x/sys/unix"
)

// prepareTTY opens a terminal of the jail's own devpts. The slave is opened by
// the master's descriptor (TIOCGPTPEER, ioctl_tty(2)): no path, so nothing that
// a user may have put in its way.
func prepareTTY(t *wire.TTY) (*prepared, error) {
	fd, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("open /dev/ptmx: %w", err)
	}
	master := os.NewFile(uintptr(fd), "ptmx")
	slave, name, err := openSlave(fd, t)
	if err != nil {
		master.Close()
		return nil, err
	}
	return &prepared{child: []*os.File{slave}, parent: []*os.File{master}, tty: name}, nil
}

func openSlave(master int, t *wire.TTY) (*os.File, string, error) {
	if err := unix.IoctlSetPointerInt(master, unix.TIOCSPTLCK, 0); err != nil {
		return nil, "", os.NewSyscallError("TIOCSPTLCK", err)
	}
	number, err := unix.IoctlGetInt(master, unix.TIOCGPTN)
	if err != nil {
		return nil, "", os.NewSyscallError("TIOCGPTN", err)
	}
	fd, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(master), unix.TIOCGPTPEER, unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC)
	if errno != 0 {
		return nil, "", os.NewSyscallError("TIOCGPTPEER", errno)
	}
	slave := os.NewFile(fd, "tty")
	if err := setTerminal(int(fd), t); err != nil {
		slave.Close()
		return nil, "", err
	}
	return slave, fmt.Sprintf("/dev/pts/%d", number), nil
}

// setTerminal gives the terminal its size and modes before anybody uses it.
func setTerminal(fd int, t *wire.TTY) error {
	if err := unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, t.Size.Winsize()); err != nil {
		return os.NewSyscallError("TIOCSWINSZ", err)
	}
	termios, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	if err != nil {
		return os.NewSyscallError("TCGETS", err)
	}
	applyModes(termios, t.Modes)
	return os.NewSyscallError("TCSETS", unix.IoctlSetTermios(fd, unix.TCSETS, termios))
}

// motdMax fits the terminal's buffer with room to spare, so that writing it
// before anybody reads can't block (drivers/tty/pty.c has 8192).
const motdMax = 4096

// writeMotd shows /etc/motd unless ~/.hushlogin exists, as login(1) does. A
// login doesn't depend on it.
func writeMotd(slave *os.File, home string) {
	if _, err := os.Stat(path.Join(home, ".hushlogin")); err == nil {
		return
	}
	f, err := os.Open("/etc/motd")
	if err != nil {
		return
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, motdMax))
	if err == nil {
		_, _ = slave.Write(text)
	}
}
