package cell

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jailsh/jailsh/internal/wire"
	"golang.org/x/sys/unix"
)

// socketsInit answers dial and listen with the descriptors that a test wants.
func socketsInit(t *testing.T, files func() []*os.File) *Cell {
	t.Helper()
	ours, theirs, err := wire.Pair()
	if err != nil {
		t.Fatal(err)
	}
	init := wire.NewPeer(theirs,
		wire.On(wire.VerbDial, func(*wire.Dial, []*os.File) (wire.Message, []*os.File, error) {
			return &wire.Empty{}, files(), nil
		}),
		wire.On(wire.VerbListen, func(*wire.Listen, []*os.File) (wire.Message, []*os.File, error) {
			return &wire.Listening{Port: 3333}, files(), nil
		}))
	done := make(chan error, 1)
	go func() { done <- init.Run() }()
	c := New(ours)
	t.Cleanup(func() {
		c.Close()
		<-done
	})
	return c
}

func socket(t *testing.T, domain, kind, protocol int) *os.File {
	t.Helper()
	fd, err := unix.Socket(domain, kind|unix.SOCK_CLOEXEC, protocol)
	if err != nil {
		t.Fatal(err)
	}
	return os.NewFile(uintptr(fd), "socket")
}

func listener(t *testing.T, network, address string) *os.File {
	t.Helper()
	plain := &net.ListenConfig{}
	plain.SetMultipathTCP(false)
	l, err := plain.Listen(t.Context(), network, address)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if u, ok := l.(*net.UnixListener); ok {
		u.SetUnlinkOnClose(false)
	}
	f, err := l.(interface{ File() (*os.File, error) }).File()
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func lingering(t *testing.T, f *os.File) *os.File {
	t.Helper()
	if err := unix.SetsockoptLinger(int(f.Fd()), unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1, Linger: 3600}); err != nil {
		t.Fatal(err)
	}
	return f
}

// What an init that the user has taken over hands over as a socket must be one
// that jailsh-net can read, write and close without waiting.
func TestAHostileInitCantHandOverOtherSockets(t *testing.T) {
	tcp := func() *os.File { return socket(t, unix.AF_INET, unix.SOCK_STREAM, 0) }
	for name, files := range map[string]func() []*os.File{
		"nothing":            func() []*os.File { return nil },
		"three sockets":      func() []*os.File { return []*os.File{tcp(), tcp(), tcp()} },
		"a file":             func() []*os.File { return []*os.File{open(t, "/etc/passwd", os.O_RDONLY)} },
		"a folder":           func() []*os.File { return []*os.File{open(t, "/", os.O_RDONLY)} },
		"a device":           func() []*os.File { return []*os.File{open(t, "/dev/null", os.O_RDWR)} },
		"a pipe":             func() []*os.File { p := pipes(t); p[1].Close(); p[2].Close(); return p[:1] },
		"a datagram socket":  func() []*os.File { return []*os.File{socket(t, unix.AF_INET, unix.SOCK_DGRAM, 0)} },
		"packets":            func() []*os.File { return []*os.File{socket(t, unix.AF_UNIX, unix.SOCK_SEQPACKET, 0)} },
		"a netlink socket":   func() []*os.File { return []*os.File{socket(t, unix.AF_NETLINK, unix.SOCK_RAW, 0)} },
		"a lingering socket": func() []*os.File { return []*os.File{lingering(t, tcp())} },
	} {
		t.Run(name, func(t *testing.T) {
			c := socketsInit(t, files)
			if _, err := c.Dial(t.Context(), &wire.Dial{}); err == nil || !strings.Contains(err.Error(), "what it shouldn't") {
				t.Errorf("dial: %v", err)
			}
			if _, _, err := c.Listen(t.Context(), &wire.Listen{}); err == nil || !strings.Contains(err.Error(), "what it shouldn't") {
				t.Errorf("listen: %v", err)
			}
		})
	}
	listening := func() []*os.File { return []*os.File{listener(t, "tcp", "127.0.0.1:0")} }
	if _, err := socketsInit(t, listening).Dial(t.Context(), &wire.Dial{}); err == nil {
		t.Error("a listener for a connection")
	}
	if _, _, err := socketsInit(t, func() []*os.File { return []*os.File{tcp()} }).Listen(t.Context(), &wire.Listen{}); err == nil {
		t.Error("a connection for a listener")
	}
}

func TestSocketsThatAreWhatTheyShouldBe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	c := socketsInit(t, func() []*os.File { return []*os.File{listener(t, "tcp", "127.0.0.1:0"), listener(t, "unix", path)} })
	files, port, err := c.Listen(t.Context(), &wire.Listen{})
	if err != nil || len(files) != 2 || port != 3333 {
		t.Fatal(files, port, err)
	}
	for _, f := range files {
		f.Close()
	}
	c = socketsInit(t, func() []*os.File { return []*os.File{socket(t, unix.AF_UNIX, unix.SOCK_STREAM, 0)} })
	f, err := c.Dial(t.Context(), &wire.Dial{})
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
	c.Close()
	if _, err := c.Dial(t.Context(), &wire.Dial{}); !errors.Is(err, wire.ErrClosed) {
		t.Error(err)
	}
}

// The listeners of a session come behind its terminal or its pipes.
func TestListenersOfASession(t *testing.T) {
	unixListener := func() *os.File { return listener(t, "unix", filepath.Join(t.TempDir(), "s")) }
	both, all := &wire.Spawn{Agent: true, X11: &wire.X11{}}, &wire.Spawn{Agent: true, X11: &wire.X11{}, Words: true}
	for name, c := range map[string]struct {
		spawn   *wire.Spawn
		without string
		files   func() []*os.File
		good    bool
	}{
		"both":              {both, "", func() []*os.File { return append(pipes(t), unixListener(), unixListener()) }, true},
		"one":               {&wire.Spawn{Agent: true}, "", func() []*os.File { return append(pipes(t), unixListener()) }, true},
		"all":               {all, "", func() []*os.File { return append(pipes(t), unixListener(), unixListener(), unixListener()) }, true},
		"two of three":      {all, "", func() []*os.File { return append(pipes(t), unixListener(), unixListener()) }, false},
		"none, and why":     {both, "disk full", func() []*os.File { return pipes(t) }, true},
		"none":              {both, "", func() []*os.File { return pipes(t) }, false},
		"nothing at all":    {both, "", func() []*os.File { return nil }, false},
		"one of two":        {both, "", func() []*os.File { return append(pipes(t), unixListener()) }, false},
		"one nobody wanted": {&wire.Spawn{}, "", func() []*os.File { return append(pipes(t), unixListener()) }, false},
		"one that doesn't listen": {&wire.Spawn{Agent: true}, "", func() []*os.File {
			return append(pipes(t), socket(t, unix.AF_UNIX, unix.SOCK_STREAM, 0))
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			cell, _ := fakeInit(t, func(*wire.Peer) (*wire.Spawned, []*os.File) {
				return &wire.Spawned{Pid: 5, Without: c.without}, c.files()
			})
			p, err := cell.Spawn(t.Context(), c.spawn)
			if (err == nil) != c.good {
				t.Fatal(err)
			}
			if err != nil {
				return
			}
			closePipes(p)
			wanted := c.without == ""
			if (p.Agent != nil) != (wanted && c.spawn.Agent) || (p.X11 != nil) != (wanted && c.spawn.X11 != nil) || (p.Words != nil) != (wanted && c.spawn.Words) || p.Without != c.without {
				t.Errorf("%+v", p)
			}
			p.Agent.Close()
			p.X11.Close()
			p.Words.Close()
		})
	}
}
