package pid1

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jailsh/jailsh/internal/wire"
	"golang.org/x/sys/unix"
)

// inTest is a client of a cell whose home is a folder of the test's.
func inTest(t *testing.T) *client {
	c := &cell{spec: &wire.Spec{Home: t.TempDir()}, dials: make(chan struct{}, 1)}
	return clientOf(t, c)
}

// clientOf is a client whose other end is open as long as the test.
func clientOf(t *testing.T, c *cell) *client {
	t.Helper()
	here, there, err := wire.Pair()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { here.Close(); there.Close() })
	return newClient(c, here)
}

func (k *client) mustListen(t *testing.T, at wire.Address) (uint32, []*os.File) {
	t.Helper()
	m, files, err := k.listen(&wire.Listen{At: at}, nil)
	if err != nil {
		t.Fatalf("%+v: %v", at, err)
	}
	t.Cleanup(func() { closeAll(files) })
	return m.(*wire.Listening).Port, files
}

// What is listened on can be dialled, in both families, and in the home.
func TestDialsFindListeners(t *testing.T) {
	t.Parallel()
	k := inTest(t)
	port, files := k.mustListen(t, wire.Address{Host: "localhost"})
	if port == 0 || len(files) != 2 {
		t.Fatalf("port %d, %d sockets", port, len(files))
	}
	unused, _ := k.mustListen(t, wire.Address{Path: "in-home"})
	if unused != 0 {
		t.Errorf("a unix socket has port %d", unused)
	}
	only4, files := k.mustListen(t, wire.Address{Host: "127.0.0.5"})
	if len(files) != 1 {
		t.Errorf("%d sockets for one address", len(files))
	}
	for _, to := range []wire.Address{
		{Host: "localhost", Port: port},
		{Host: "LocalHost.", Port: port},
		{Host: "::1", Port: port},
		{Host: "::1%lo", Port: port},
		{Host: "::1%1", Port: port},
		{Host: "127.0.0.1", Port: port},
		{Host: "::ffff:127.0.0.1", Port: port},
		{Host: "127.0.0.5", Port: only4},
		{Path: "in-home"},
		{Path: filepath.Join(k.cell.spec.Home, "in-home")},
	} {
		_, files, err := k.dial(&wire.Dial{To: to}, nil)
		if err != nil || len(files) != 1 {
			t.Errorf("%+v: %v", to, err)
		}
		closeAll(files)
	}
}

func TestDialsThatFail(t *testing.T) {
	t.Parallel()
	k := inTest(t)
	port, files := k.mustListen(t, wire.Address{Host: "127.0.0.6"})
	closeAll(files)
	for _, c := range []struct {
		to   wire.Address
		want string
	}{
		{wire.Address{Host: "127.0.0.6", Port: port}, "connection refused"},
		{wire.Address{Host: "localhost", Port: 0}, "no such port"},
		{wire.Address{Host: "localhost", Port: 1 << 16}, "no such port"},
		{wire.Address{Host: "fe80::1%nowhere", Port: 1}, "no such device"},
		{wire.Address{Host: "fe80::1%" + strings.Repeat("x", 300), Port: 1}, "no such device"},
		{wire.Address{Host: "fe80::1", Port: 1}, "invalid argument"}, // of which device?
		{wire.Address{Host: "fe80::1%lo", Port: 1}, "unreachable"},
		{wire.Address{Path: "missing"}, "no such file"},
		{wire.Address{Path: "/" + strings.Repeat("x", 108)}, "invalid argument"},
	} {
		_, files, err := k.dial(&wire.Dial{To: c.to}, nil)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v, want %q", c.to, err, c.want)
		}
		closeAll(files)
	}
	k.cell.dials <- struct{}{}
	if _, _, err := k.dial(&wire.Dial{To: wire.Address{Host: "localhost", Port: port}}, nil); err != errBusy {
		t.Errorf("one dial too many: %v", err)
	}
}

// A target that doesn't answer: the connects behind a full backlog wait, and give
// up at their deadline.
func TestATargetThatDoesntAnswer(t *testing.T) {
	t.Parallel()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	if err := unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	if err := unix.Listen(fd, 0); err != nil {
		t.Fatal(err)
	}
	sa, err := unix.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	for range 100 {
		s, err := inTest(t).cell.reach(sa, unix.AF_INET, time.Now().Add(50*time.Millisecond))
		if err == unix.ETIMEDOUT {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
	}
	t.Error("none has waited")
}

// Nothing but the loopback is listened on, whatever a client asks for.
func TestOnlyTheLoopbackIsListenedOn(t *testing.T) {
	t.Parallel()
	k := inTest(t)
	for _, host := range []string{"", "*", "localhost", "0.0.0.0", "::", "127.0.0.9", "::1"} {
		_, files := k.mustListen(t, wire.Address{Host: host})
		for _, f := range files {
			sa, err := unix.Getsockname(int(f.Fd()))
			if err != nil {
				t.Fatal(err)
			}
			switch a := sa.(type) {
			case *unix.SockaddrInet4:
				if a.Addr[0] != 127 {
					t.Errorf("%q is %v", host, a.Addr)
				}
			case *unix.SockaddrInet6:
				if !net.IP(a.Addr[:]).IsLoopback() {
					t.Errorf("%q is %v", host, a.Addr)
				}
			}
		}
	}
	for _, host := range []string{"192.0.2.1", "example.org", "fe80::1", "10.0.0.1", "localhost.example.org"} {
		if a, err := bindable(host); err == nil { // before the kernel says that there is no such address
			t.Errorf("%q is %v", host, a)
		}
		if _, files, err := k.listen(&wire.Listen{At: wire.Address{Host: host}}, nil); err == nil {
			closeAll(files)
			t.Errorf("%q can be listened on", host)
		}
	}
}

// A port that is taken in one family is taken, and nothing of it is left.
func TestAPortThatIsTaken(t *testing.T) {
	t.Parallel()
	k := inTest(t)
	port, six := k.mustListen(t, wire.Address{Host: "::1"})
	if _, files, err := k.listen(&wire.Listen{At: wire.Address{Host: "localhost", Port: port}}, nil); err != unix.EADDRINUSE {
		closeAll(files)
		t.Errorf("got %v", err)
	}
	closeAll(six)
	k.mustListen(t, wire.Address{Host: "localhost", Port: port})
}

// A unix socket is the user's alone. One that nobody listens on any more makes
// place, one that is in use doesn't, and neither does a file.
func TestUnixListeners(t *testing.T) {
	t.Parallel()
	k := inTest(t)
	at := wire.Address{Path: "s"}
	_, files := k.mustListen(t, at)
	name := filepath.Join(k.cell.spec.Home, "s")
	info, err := os.Lstat(name)
	if err != nil || info.Mode() != os.ModeSocket|0o600 {
		t.Fatal(info.Mode(), err)
	}
	if _, files, err := k.listen(&wire.Listen{At: at}, nil); err != unix.EADDRINUSE {
		closeAll(files)
		t.Errorf("a socket in use: %v", err)
	}
	closeAll(files)
	k.mustListen(t, at)
	if err := os.WriteFile(filepath.Join(k.cell.spec.Home, "file"), []byte("kept"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := k.listen(&wire.Listen{At: wire.Address{Path: "file"}}, nil); err != unix.EADDRINUSE {
		t.Errorf("a file: %v", err)
	}
	if kept, err := os.ReadFile(filepath.Join(k.cell.spec.Home, "file")); err != nil || string(kept) != "kept" {
		t.Error(string(kept), err)
	}
}
