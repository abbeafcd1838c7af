package integration

import (
	"errors"
	"net"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// Two users of one server have nothing in common that either could see.
func TestUsersDontSeeEachOther(t *testing.T) {
	t.Parallel()
	i := start(t)
	// Alice leaves a trace of every kind, and a program that keeps her cell.
	i.sh("alice", `echo secret >~/secret; chmod 777 ~ ; chmod 666 ~/secret
		echo secret >/tmp/secret; echo secret >/dev/shm/secret; echo secret >/var/tmp/secret
		mkfifo -m 666 /tmp/fifo; sleep 4000 </dev/null >/dev/null 2>&1 &`)
	for script, want := range map[string]string{
		"ps -e -o args= | grep '[s]leep 4000'; true":     "",
		"ls -A /tmp /var/tmp /dev/shm | grep -v :; true": "",
		"ls /home":                                       "bob",
		"cat /home/alice/secret 2>&1; true":              "cat: /home/alice/secret: No such file or directory",
		"cut -d: -f1 /etc/passwd | tr '\\n' ' '":         "root nobody bob",
		"ps -e -o user= | sort -u":                       "bob",
		"find / -xdev -name 'secret*' 2>/dev/null; true": "",
		"pkill sleep; echo $?":                           "1",
		"for p in /proc/[0-9]*; do echo ${p#/proc/}; done | sort -n | head -1":           "1",
		"for p in /proc/[0-9]*; do stat -c %U $p 2>/dev/null; done | grep -v ^bob; true": "",
	} {
		if got := i.sh("bob", script); got != want {
			t.Errorf("%s: %q, want %q", script, got, want)
		}
	}
	if got := i.sh("alice", "cat ~/secret /tmp/secret; pgrep -c sleep"); got != "secret\nsecret\n1" {
		t.Errorf("alice has lost something: %q", got)
	}
	for _, ns := range []string{"mnt", "pid", "ipc", "uts", "net", "cgroup"} {
		link := "readlink /proc/self/ns/" + ns
		host, err := os.Readlink("/proc/self/ns/" + ns)
		if alice, bob := i.sh("alice", link), i.sh("bob", link); err != nil || alice == bob || alice == host || bob == host {
			t.Errorf("%s: alice has %s, bob %s, the host %s", ns, alice, bob, host)
		}
	}
}

// A home that the host would let anybody into is still nobody else's: there is
// no way to its path.
func TestHomesAreClosedOnTheHost(t *testing.T) {
	t.Parallel()
	i := start(t)
	i.sh("alice", "true")
	info, err := os.Stat(i.home("alice"))
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("%v %v", info.Mode(), err)
	}
}

// A server of alice's is reached by her, and neither by bob nor from the host;
// the same for sockets without a file, which have no rights of their own.
func TestServersAreOnesOwn(t *testing.T) {
	t.Parallel()
	i := newInstance(t)
	i.head = withProbe()
	i.start()
	for _, name := range []string{"alice", "bob"} {
		c := i.sshCommand(name, "--", "/probe --serve "+name)
		out, err := c.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			_ = c.Process.Kill()
			_ = c.Wait() // by the signal
		})
		read(t, out, "ready\n")
	}
	// Both listen on the same port and name, and neither has noticed.
	for _, name := range []string{"alice", "bob"} {
		if got := i.sh(name, "cat </dev/tcp/127.0.0.1/8000"); got != "hello from "+name {
			t.Errorf("%s reaches %q", name, got)
		}
	}
	for _, at := range [][2]string{{"tcp", "127.0.0.1:8000"}, {"unix", "@jailsh-probe"}} {
		if c, err := net.DialTimeout(at[0], at[1], patience); !errors.Is(err, unix.ECONNREFUSED) {
			t.Errorf("%s from the host: %v", at, err)
			if err == nil {
				c.Close()
			}
		}
	}
	// And the other way round: jailshd itself listens on the host's loopback.
	_, port, _ := net.SplitHostPort(i.listen)
	if o := i.ssh("alice", "--", "cat </dev/tcp/127.0.0.1/"+port); o.code == 0 || !strings.Contains(o.err, "Connection refused") {
		t.Errorf("the jail reaches the host's loopback: %+v", o)
	}
}

// network = "host" is what it says, and what the other tests would look like
// without the jail's own network.
func TestTheHostsNetwork(t *testing.T) {
	t.Parallel()
	i := newInstance(t)
	i.person("bob").table = `network = "host"`
	i.start()
	_, port, _ := net.SplitHostPort(i.listen)
	if got := i.sh("bob", "head -c 14 </dev/tcp/127.0.0.1/"+port); got != "SSH-2.0-jailsh" {
		t.Errorf("%q", got)
	}
}
