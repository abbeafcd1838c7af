package cell

import (
	"errors"
	"os"

	"github.com/jailsh/jailsh/internal/nonblock"
	"github.com/jailsh/jailsh/internal/wire"
	"golang.org/x/sys/unix"
)

// Device number of every PTY master, /dev/ptmx (devices.txt of the kernel).
const (
	ptmxMajor = 5
	ptmxMinor = 2
)

// closeAll doesn't wait: what a hostile init sent may be slow to close.
func closeAll(files []*os.File) { (&wire.Packet{Files: files}).Close() }

// checkMaster makes sure that f is a terminal's master: a character device with
// the number of ptmx that knows its own slave's number.
func checkMaster(f *os.File) error {
	return control(f, func(fd int) error {
		var st unix.Stat_t
		if err := nonblock.Fstat(fd, &st); err != nil {
			return err
		}
		if st.Mode&unix.S_IFMT != unix.S_IFCHR || st.Rdev != unix.Mkdev(ptmxMajor, ptmxMinor) {
			return errors.New("not a terminal's master")
		}
		_, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
		return err
	})
}

// checkPipe makes sure that f is the wanted end of a pipe.
func checkPipe(f *os.File, write bool) error {
	return control(f, func(fd int) error {
		var st unix.Stat_t
		if err := nonblock.Fstat(fd, &st); err != nil {
			return err
		}
		flags, err := nonblock.Flags(fd)
		if err != nil {
			return err
		}
		want := unix.O_RDONLY
		if write {
			want = unix.O_WRONLY
		}
		if st.Mode&unix.S_IFMT != unix.S_IFIFO || flags&unix.O_ACCMODE != want {
			return errors.New("not the expected end of a pipe")
		}
		return nil
	})
}

func control(f *os.File, check func(fd int) error) error {
	raw, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var checkErr error
	err = raw.Control(func(fd uintptr) { checkErr = check(int(fd)) })
	return errors.Join(err, checkErr)
}
