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

// checkStream makes sure that f is a TCP or a unix stream socket, one that listens
// or one that doesn't, and whose close doesn't wait: accepted sockets inherit that of
// the listener. One that isn't connected to anything is read once, with an error.
func checkStream(f *os.File, listens bool) error {
	return control(f, func(fd int) error {
		var got [5]int
		for i, option := range [len(got)]int{unix.SO_DOMAIN, unix.SO_TYPE, unix.SO_PROTOCOL, unix.SO_ACCEPTCONN, unix.SO_LINGER} {
			var err error
			if got[i], err = nonblock.GetsockoptInt(fd, unix.SOL_SOCKET, option); err != nil {
				return err
			}
		}
		unixSocket := got[0] == unix.AF_UNIX && got[2] == 0
		tcp := (got[0] == unix.AF_INET || got[0] == unix.AF_INET6) && got[2] == unix.IPPROTO_TCP
		if !unixSocket && !tcp || got[1] != unix.SOCK_STREAM {
			return errors.New("not a TCP or a unix stream socket")
		}
		if listens != (got[3] != 0) {
			return errors.New("not the expected kind of socket: one listens, the other doesn't")
		}
		if got[4] != 0 {
			return errors.New("a socket that lingers")
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
