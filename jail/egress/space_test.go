package egress

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/jailsh/jailsh/internal/netlink"
	"golang.org/x/sys/unix"
)

// patience is how long a test waits for what should come at once.
const patience = 20 * time.Second

// space is a network namespace: a process that does nothing but be in it, and a
// thread that was moved there.
type space struct {
	t     *testing.T
	pid   int
	calls chan func()
}

func newSpace(t *testing.T) *space {
	t.Helper()
	c := exec.Command("sleep", "infinity")
	c.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWNET}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	s := &space{t: t, pid: c.Process.Pid, calls: make(chan func())}
	moved := make(chan error)
	go func() {
		runtime.LockOSThread() // for good: the thread ends with the goroutine
		f, err := os.Open(fmt.Sprintf("/proc/%d/ns/net", s.pid))
		if err == nil {
			err = unix.Setns(int(f.Fd()), unix.CLONE_NEWNET)
			f.Close()
		}
		moved <- err
		for call := range s.calls {
			call()
		}
	}()
	if err := <-moved; err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		close(s.calls)
		_ = c.Process.Kill()
		_ = c.Wait() // by the signal
	})
	s.route(func(r *netlink.Route) error { return up(r, "lo") })
	return s
}

// do runs f in the namespace.
func (s *space) do(f func() error) error {
	result := make(chan error)
	s.calls <- func() { result <- f() }
	return <-result
}

func (s *space) must(f func() error) {
	s.t.Helper()
	if err := s.do(f); err != nil {
		s.t.Fatal(err)
	}
}

func (s *space) route(f func(*netlink.Route) error) {
	s.t.Helper()
	s.must(func() error {
		r, err := netlink.DialRoute()
		if err != nil {
			return err
		}
		defer r.Close()
		return f(r)
	})
}

func (s *space) sysctl(name, value string) {
	s.t.Helper()
	s.must(func() error { return os.WriteFile("/proc/sys/"+name, []byte(value), 0) })
}

func up(r *netlink.Route, name string) error {
	index, err := r.Index(name)
	if err != nil {
		return err
	}
	return r.Up(index)
}

// address gives a device an address and raises it.
func (s *space) address(device string, prefixes ...string) {
	s.t.Helper()
	s.route(func(r *netlink.Route) error {
		index, err := r.Index(device)
		if err != nil {
			return err
		}
		for _, p := range prefixes {
			if err := r.AddAddress(index, netip.MustParsePrefix(p)); err != nil {
				return err
			}
		}
		return r.Up(index)
	})
}

// wire joins two namespaces by devices called eth0.
func (s *space) wire(other *space) {
	s.t.Helper()
	s.route(func(r *netlink.Route) error {
		f, err := os.Open(fmt.Sprintf("/proc/%d/ns/net", other.pid))
		if err != nil {
			return err
		}
		defer f.Close()
		return r.AddPair(netlink.End{Name: "eth0", Address: []byte{2, 0, 0, 0, 9, 1}},
			netlink.End{Name: "eth0", Address: []byte{2, 0, 0, 0, 9, 2}}, int(f.Fd()))
	})
}

// serve answers TCP on a port with the address that it sees.
func (s *space) serve(port int) {
	s.t.Helper()
	s.must(func() error {
		l, err := net.Listen("tcp", fmt.Sprintf("[::]:%d", port))
		if err != nil {
			return err
		}
		s.t.Cleanup(func() { l.Close() })
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				host, _, _ := net.SplitHostPort(c.RemoteAddr().String())
				fmt.Fprint(c, host)
				c.Close()
			}
		}()
		return nil
	})
}

// inbox is a UDP socket on every address.
func (s *space) inbox(port int) *net.UDPConn { return s.listen("udp", port) }

func (s *space) listen(network string, port int) *net.UDPConn {
	s.t.Helper()
	var c *net.UDPConn
	s.must(func() (err error) {
		c, err = net.ListenUDP(network, &net.UDPAddr{Port: port})
		return err
	})
	s.t.Cleanup(func() { c.Close() })
	return c
}

// dial connects and returns what the server says of the caller, or the error.
func (s *space) dial(to string) (string, error) {
	var said string
	err := s.do(func() error {
		c, err := net.DialTimeout("tcp", to, patience)
		if err != nil {
			return err
		}
		defer c.Close()
		b := make([]byte, 100)
		n, err := c.Read(b)
		said = string(b[:n])
		return err
	})
	return said, err
}

// send sends a datagram, from an address of its own or from one given.
func (s *space) send(from, to, text string) {
	s.t.Helper()
	s.must(func() error {
		local := &net.UDPAddr{}
		if from != "" {
			local.IP = net.ParseIP(from)
		}
		remote, err := net.ResolveUDPAddr("udp", to)
		if err != nil {
			return err
		}
		c, err := net.ListenUDP("udp", local)
		if err != nil {
			return err
		}
		defer c.Close()
		raw, err := c.SyscallConn()
		if err != nil {
			return err
		}
		if err := raw.Control(func(fd uintptr) {
			_ = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_BROADCAST, 1)
		}); err != nil {
			return err
		}
		_, err = c.WriteTo([]byte(text), remote)
		return err
	})
}
