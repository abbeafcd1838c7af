package pid1

import (
	"errors"
	"fmt"
	"math"
	"net/netip"
	"os"

	"github.com/jailsh/jailsh/internal/nonblock"
	"github.com/jailsh/jailsh/internal/wire"
	"golang.org/x/sys/unix"
)

const (
	// backlog is how many connections may wait for jailsh-net.
	backlog = 128

	// portTries is how often a free port is looked for that is free in both
	// families.
	portTries = 16
)

// listen makes a listener in the network or the file system of the cell, with the
// user's rights. It belongs to jailsh-net, which accepts on it, and ends with it.
func (k *client) listen(m *wire.Listen, files []*os.File) (wire.Message, []*os.File, error) {
	k.cell.calls.Lock()
	defer k.cell.calls.Unlock()
	closeAll(files)
	if m.At.Path != "" {
		s, err := listenUnix(k.cell.inHome(m.At.Path), true)
		if err != nil {
			return nil, nil, err
		}
		return &wire.Listening{}, []*os.File{s}, nil
	}
	if m.At.Port > math.MaxUint16 {
		return nil, nil, errors.New("there is no such port")
	}
	addresses, err := bindable(m.At.Host)
	if err != nil {
		return nil, nil, err
	}
	for range portTries {
		port, sockets, err := listenTCP(addresses, uint16(m.At.Port))
		if err == nil {
			return &wire.Listening{Port: uint32(port)}, sockets, nil
		}
		if m.At.Port != 0 || err != unix.EADDRINUSE {
			return nil, nil, err
		}
	}
	return nil, nil, unix.EADDRINUSE
}

// bindable are the addresses of the loopback that host stands for. Asked for all
// interfaces, it is the loopback too, as with GatewayPorts no of sshd_config(5):
// the cell has no other, or one at which nobody may call, or those of the host.
func bindable(host string) ([]netip.Addr, error) {
	switch host {
	case "", "*":
		return loopbacks(), nil
	}
	addresses := literal(host)
	for i, a := range addresses {
		switch {
		case a == netip.IPv4Unspecified():
			addresses[i] = netip.AddrFrom4([4]byte{127, 0, 0, 1})
		case a == netip.IPv6Unspecified():
			addresses[i] = netip.IPv6Loopback()
		case !a.IsLoopback() || a.Zone() != "":
			return nil, fmt.Errorf("%s is not the loopback", a)
		}
	}
	if addresses == nil {
		return nil, errors.New("only the loopback can be listened on, as localhost or by its address")
	}
	return addresses, nil
}

// listenTCP listens on all of the addresses, or on none. A family that the cell
// doesn't have is left out, unless it is the only one.
func listenTCP(addresses []netip.Addr, port uint16) (uint16, []*os.File, error) {
	var sockets []*os.File
	var missing error
	for _, a := range addresses {
		s, bound, err := listenAt(netip.AddrPortFrom(a, port))
		switch {
		case err == nil:
			sockets = append(sockets, s)
			port = bound
		case err == unix.EADDRNOTAVAIL || err == unix.EAFNOSUPPORT:
			missing = err
		default:
			closeAll(sockets)
			return 0, nil, err
		}
	}
	if len(sockets) == 0 {
		return 0, nil, missing
	}
	return port, sockets, nil
}

func listenAt(a netip.AddrPort) (*os.File, uint16, error) {
	sa, family, err := socketAddress(a)
	if err != nil {
		return nil, 0, err
	}
	fd, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, 0, err
	}
	// Accepted sockets inherit TCP_NODELAY. SO_REUSEADDR is for a port whose last
	// connections are in TIME_WAIT.
	if err = errors.Join(
		nonblock.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1),
		nonblock.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1),
	); err == nil {
		if err = unix.Bind(fd, sa); err == nil {
			err = unix.Listen(fd, backlog)
		}
	}
	var own netip.AddrPort
	if err == nil {
		own, err = nonblock.Sockname(fd)
	}
	if err != nil {
		unix.Close(fd)
		return nil, 0, err
	}
	return os.NewFile(uintptr(fd), "listener"), own.Port(), nil
}

// listenUnix makes a socket that only the user may connect to (StreamLocalBindMask
// of sshd_config(5)). With replace, one that is there and that nobody listens on is
// left over from a forward that has ended, and makes place (StreamLocalBindUnlink,
// but never for one that is in use).
func listenUnix(name string, replace bool) (*os.File, error) {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	sa := &unix.SockaddrUnix{Name: name}
	// The file gets the mode of the socket, under the umask (unix_bind in the kernel).
	if err = unix.Fchmod(fd, 0o600); err == nil {
		err = unix.Bind(fd, sa)
	}
	if replace && err == unix.EADDRINUSE && abandoned(name) {
		if err = unix.Unlink(name); err == nil {
			err = unix.Bind(fd, sa)
		}
	}
	if err == nil {
		err = unix.Listen(fd, backlog)
	}
	if err != nil {
		unix.Close(fd)
		return nil, err
	}
	return os.NewFile(uintptr(fd), "listener"), nil
}

// abandoned reports whether there is a socket on which nobody listens.
func abandoned(name string) bool {
	var st unix.Stat_t
	if err := unix.Lstat(name, &st); err != nil || st.Mode&unix.S_IFMT != unix.S_IFSOCK {
		return false
	}
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return false
	}
	defer unix.Close(fd)
	return unix.Connect(fd, &unix.SockaddrUnix{Name: name}) == unix.ECONNREFUSED
}
