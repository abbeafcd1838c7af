package pid1

import (
	"errors"
	"math"
	"net/netip"
	"os"
	"path"
	"time"

	"github.com/jailsh/jailsh/internal/nonblock"
	"github.com/jailsh/jailsh/internal/wire"
	"golang.org/x/sys/unix"
)

const (
	// dialTimeout is how long a target may take to answer, over all its addresses.
	dialTimeout = 30 * time.Second

	// maxDials is how many may wait for their target at a time, of all clients.
	maxDials = 128
)

var errBusy = errors.New("too many connections are being made")

// dial connects to where the client wants to be forwarded, in the network of the
// cell and with the user's rights.
func (k *client) dial(m *wire.Dial, files []*os.File) (wire.Message, []*os.File, error) {
	closeAll(files)
	select {
	case k.cell.dials <- struct{}{}:
		defer func() { <-k.cell.dials }()
	default:
		return nil, nil, errBusy
	}
	s, err := k.cell.connect(&m.To)
	if err != nil {
		return nil, nil, err
	}
	return &wire.Empty{}, []*os.File{s}, nil
}

func (c *cell) connect(to *wire.Address) (*os.File, error) {
	deadline := time.Now().Add(dialTimeout)
	if to.Path != "" {
		return c.reach(&unix.SockaddrUnix{Name: c.inHome(to.Path)}, unix.AF_UNIX, deadline)
	}
	if to.Port == 0 || to.Port > math.MaxUint16 {
		return nil, errors.New("there is no such port")
	}
	err := errors.New("names are looked up by an applet: give an address")
	for _, a := range literal(to.Host) {
		var s *os.File
		if s, err = c.reachTCP(netip.AddrPortFrom(a, uint16(to.Port)), deadline); err == nil {
			return s, nil
		}
	}
	return nil, err
}

func (c *cell) reachTCP(to netip.AddrPort, deadline time.Time) (*os.File, error) {
	c.calls.Lock()
	sa, family, err := socketAddress(to)
	c.calls.Unlock()
	if err != nil {
		return nil, err
	}
	return c.reach(sa, family, deadline)
}

// inHome is a path as the user means it. One that begins with @ can't come out:
// that would be an abstract socket, which has no owner.
func (c *cell) inHome(name string) string {
	if path.IsAbs(name) {
		return name
	}
	return path.Join(c.spec.Home, name)
}

// reach waits in the poller, not in a thread.
func (c *cell) reach(sa unix.Sockaddr, family int, deadline time.Time) (*os.File, error) {
	s, err := c.begin(sa, family)
	if s == nil {
		return nil, err
	}
	if err != nil {
		err = connected(s, deadline)
	}
	if err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// begin is connect(2): both a socket and EINPROGRESS if it isn't decided yet.
func (c *cell) begin(sa unix.Sockaddr, family int) (*os.File, error) {
	c.calls.Lock()
	defer c.calls.Unlock()
	fd, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	if family != unix.AF_UNIX {
		err = nonblock.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
	}
	if err == nil {
		err = unix.Connect(fd, sa)
	}
	if err != nil && err != unix.EINPROGRESS {
		unix.Close(fd)
		return nil, err
	}
	return os.NewFile(uintptr(fd), "socket"), err
}

// connected waits for the end of a connect that is in progress: the socket can be
// written to then, and SO_ERROR says how it went (connect(2)).
func connected(s *os.File, deadline time.Time) error {
	if err := s.SetWriteDeadline(deadline); err != nil {
		return err
	}
	raw, err := s.SyscallConn()
	if err != nil {
		return err
	}
	var outcome error
	err = raw.Write(func(fd uintptr) bool {
		errno, err := nonblock.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_ERROR)
		switch {
		case err != nil:
			outcome = err
		case errno != 0:
			outcome = unix.Errno(errno)
		default:
			_, outcome = unix.Getpeername(int(fd))
		}
		return outcome != unix.ENOTCONN
	})
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return unix.ETIMEDOUT
	}
	return errors.Join(err, outcome)
}
