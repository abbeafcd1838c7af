package check

import (
	"net"
	"os"
	"strings"
	"testing"
)

func TestCheckListen(t *testing.T) {
	t.Parallel()
	for _, network := range []struct{ name, addr string }{{"tcp4", "127.0.0.1:0"}, {"tcp6", "[::1]:0"}} {
		l, err := net.Listen(network.name, network.addr)
		if err != nil {
			t.Fatal(err)
		}
		addr := l.Addr().String()
		if what, fix := checkListen(addr, 0); !strings.Contains(what, "held by another process") || !strings.Contains(fix, "ss -ltnp") {
			t.Errorf("%s held: %q - %q", addr, what, fix)
		}
		if what, _ := checkListen(addr, os.Getpid()); what != "" {
			t.Errorf("%s held by the daemon: %q", addr, what)
		}
		if what, _ := checkListen(addr, os.Getppid()); !strings.Contains(what, "held by another process") {
			t.Errorf("%s held, and not by the daemon: %q", addr, what)
		}
		l.Close()
		if what := onceFree(t, network.name, network.addr); what != "" {
			t.Errorf("%s free: %q", network.addr, what)
		}
	}
	if what, fix := checkListen("192.0.2.1:2222", 0); !strings.Contains(what, "not an address of this host") || fix == "" {
		t.Errorf("an address of somebody else: %q - %q", what, fix)
	}
}

// onceFree asks about ports that were just given back. Somebody else on the host
// may take one, or a child that is being started hold it for a moment; not each.
func onceFree(t *testing.T, network, addr string) (what string) {
	t.Helper()
	for range 10 {
		l, err := net.Listen(network, addr)
		if err != nil {
			t.Fatal(err)
		}
		addr := l.Addr().String()
		l.Close()
		if what, _ = checkListen(addr, 0); what == "" {
			return ""
		}
	}
	return what
}

// A connection's own port isn't one that the process listens on.
func TestListensOnlyCountsListeners(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if !listens("/proc", os.Getpid(), l.Addr().String()) {
		t.Error("our listener isn't seen")
	}
	if listens("/proc", os.Getpid(), c.LocalAddr().String()) {
		t.Error("a connection counts as a listener")
	}
}
