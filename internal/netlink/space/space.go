// Package space makes network namespaces for tests, and acts in them: hosts, cells
// and worlds on one machine, which nobody else sees and which end with the test.
package space

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/jailsh/jailsh/internal/netlink"
	"github.com/jailsh/jailsh/internal/thread"
	"golang.org/x/sys/unix"
)

// Patience is how long a test waits for what should come at once.
const Patience = 20 * time.Second

// Space is a network namespace: a process that does nothing but be in it, and a
// thread that was moved there.
type Space struct {
	t     *testing.T
	Pid   int // of the process
	calls chan func()
}

// New makes one, with its loopback up.
func New(t *testing.T) *Space {
	t.Helper()
	c := exec.Command("sleep", "infinity")
	c.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWNET}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	s := &Space{t: t, Pid: c.Process.Pid, calls: make(chan func())}
	moved := make(chan error)
	go func() { _ = thread.Apart(func() error { return s.serveCalls(moved) }) }()
	if err := <-moved; err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		close(s.calls)
		_ = c.Process.Kill()
		_ = c.Wait() // by the signal
	})
	s.Route(func(r *netlink.Route) error { return up(r, "lo") })
	return s
}

// serveCalls runs what Do is given, on a thread that is moved into the namespace.
func (s *Space) serveCalls(moved chan<- error) error {
	f, err := os.Open(fmt.Sprintf("/proc/%d/ns/net", s.Pid))
	if err == nil {
		err = unix.Setns(int(f.Fd()), unix.CLONE_NEWNET)
		f.Close()
	}
	moved <- err
	for call := range s.calls {
		call()
	}
	return nil
}

// Do runs f in the namespace.
func (s *Space) Do(f func() error) error {
	result := make(chan error)
	s.calls <- func() { result <- f() }
	return <-result
}

// Must is Do; an error ends the test.
func (s *Space) Must(f func() error) {
	s.t.Helper()
	if err := s.Do(f); err != nil {
		s.t.Fatal(err)
	}
}

// Route is Must with a socket for devices and addresses.
func (s *Space) Route(f func(*netlink.Route) error) {
	s.t.Helper()
	s.Must(func() error {
		r, err := netlink.DialRoute()
		if err != nil {
			return err
		}
		defer r.Close()
		return f(r)
	})
}

// Sysctl sets net/ipv4/ip_forward and its kind.
func (s *Space) Sysctl(name, value string) {
	s.t.Helper()
	s.Must(func() error { return os.WriteFile("/proc/sys/"+name, []byte(value), 0) })
}

func up(r *netlink.Route, name string) error {
	index, err := r.Index(name)
	if err != nil {
		return err
	}
	return r.Up(index)
}

// Address gives a device an address and raises it.
func (s *Space) Address(device string, prefixes ...string) {
	s.t.Helper()
	s.Route(func(r *netlink.Route) error {
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

// Wire joins two namespaces by devices called eth0.
func (s *Space) Wire(other *Space) {
	s.t.Helper()
	s.Route(func(r *netlink.Route) error {
		f, err := os.Open(fmt.Sprintf("/proc/%d/ns/net", other.Pid))
		if err != nil {
			return err
		}
		defer f.Close()
		return r.AddPair(netlink.End{Name: "eth0", Address: []byte{2, 0, 0, 0, 9, 1}},
			netlink.End{Name: "eth0", Address: []byte{2, 0, 0, 0, 9, 2}}, int(f.Fd()))
	})
}

// Serve answers TCP on a port with the address that it sees.
func (s *Space) Serve(port int) {
	s.t.Helper()
	s.Must(func() error {
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

// Inbox is a UDP socket on every address.
func (s *Space) Inbox(port int) *net.UDPConn { return s.Listen("udp", port) }

// Listen is Inbox for udp4 or udp6 alone.
func (s *Space) Listen(network string, port int) *net.UDPConn {
	s.t.Helper()
	var c *net.UDPConn
	s.Must(func() (err error) {
		c, err = net.ListenUDP(network, &net.UDPAddr{Port: port})
		return err
	})
	s.t.Cleanup(func() { c.Close() })
	return c
}

// Dial connects and returns what the server says of the caller, or the error.
func (s *Space) Dial(to string) (string, error) {
	var said string
	err := s.Do(func() error {
		c, err := net.DialTimeout("tcp", to, Patience)
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

// Send sends a datagram, from an address of its own or from one given.
func (s *Space) Send(from, to, text string) {
	s.t.Helper()
	s.Must(func() error {
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
