package integration

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/jailsh/jailsh/internal/netlink"
	"github.com/jailsh/jailsh/internal/netlink/space"
	"golang.org/x/sys/unix"
)

// outdoors is a host of its own for one jailshd, with a network on its other side: the world,
// and a private range in which there is a name server too.
type outdoors struct {
	*instance
	host, world *space.Space
}

const (
	worldIP, worldIP6     = "192.0.2.2", "2001:db8::2"
	privateIP, privateIP6 = "10.9.9.2", "fd00:9::2"
)

// newOutdoors is an instance on such a host, with alice and bob who have a way out,
// and carol who has none. It isn't started.
func newOutdoors(t *testing.T) *outdoors {
	t.Helper()
	o := &outdoors{instance: newInstance(t), host: space.New(t), world: space.New(t)}
	o.host.Wire(o.world)
	o.host.Sysctl("net/ipv4/ip_forward", "1")
	o.host.Sysctl("net/ipv6/conf/all/forwarding", "1")
	o.host.Address("eth0", "192.0.2.1/24", "10.9.9.1/24", "2001:db8::1/64", "fd00:9::1/64")
	o.host.Address("lo", "172.30.0.1/32")
	o.host.Route(func(r *netlink.Route) error {
		index, err := r.Index("eth0")
		if err != nil {
			return err
		}
		return r.AddDefault(index, netip.MustParseAddr(worldIP))
	})
	o.world.Address("eth0", worldIP+"/24", privateIP+"/24", worldIP6+"/64", privateIP6+"/64")
	for _, s := range []*space.Space{o.host, o.world} {
		s.Serve(80)
	}
	o.answerNames()
	o.namespace = fmt.Sprintf("/proc/%d/ns/net", o.host.Pid)
	o.server = fmt.Sprintf("egress_addresses = [\"100.127.0.0/16\", \"fd6a:73::/112\"]\negress_dns = [%q]\n", privateIP)
	o.head = withProbe() + "network = \"egress\"\n"
	o.add("carol", o.person("bob").uid+1).table = "network = \"private\"\n"
	return o
}

// answerNames is a name server that knows www.example.test, which is the world.
func (o *outdoors) answerNames() {
	inbox := o.world.Listen("udp4", 53)
	go func() {
		b := make([]byte, 512)
		for {
			n, from, err := inbox.ReadFrom(b)
			if err != nil {
				return
			}
			if n > 12 {
				_, _ = inbox.WriteTo(answer(b[:n]), from)
			}
		}
	}()
}

// answer is the response to a query for one name (RFC 1035, section 4).
func answer(query []byte) []byte {
	end := 12 + slices.Index(query[12:], 0) + 5 // of the question
	reply := slices.Clone(query[:end])
	binary.BigEndian.PutUint16(reply[2:], 0x8580) // a response, authoritative
	for _, count := range []int{6, 8, 10} {
		binary.BigEndian.PutUint16(reply[count:], 0)
	}
	known := strings.HasPrefix(string(query[12:]), "\x03www\x07example\x04test\x00")
	if kind := binary.BigEndian.Uint16(query[end-4:]); known && kind == 1 { // A
		binary.BigEndian.PutUint16(reply[6:], 1)
		reply = append(reply, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4)
		reply = append(reply, netip.MustParseAddr(worldIP).AsSlice()...)
	}
	return reply
}

// roomForTwo leaves addresses for two jails at a time.
func (o *outdoors) roomForTwo() {
	o.server = strings.Replace(o.server, "100.127.0.0/16", "100.127.0.0/30", 1)
}

// in runs a script in a user's jail, without ssh.
func (o *outdoors) in(name, script string) output {
	o.t.Helper()
	return o.jailsh("run", name, "--", "bash", "-c", script)
}

// reach is what a server says that the jail connects to, or why it can't.
func (o *outdoors) reach(name, ip string, port int) string {
	o.t.Helper()
	r := o.in(name, fmt.Sprintf("cat </dev/tcp/%s/%d", ip, port))
	if r.code == 0 {
		return strings.TrimSpace(r.out)
	}
	words := strings.Split(strings.TrimSpace(r.err), ": ")
	return words[len(words)-1]
}

// refusal is what programs are told.
const refusal = "Connection refused"

// traces are the devices on the host that are a cell's, and the tables of its
// packet filter.
func (o *outdoors) traces() []string {
	o.t.Helper()
	var found []string
	o.host.Route(func(r *netlink.Route) error {
		devices, err := r.Devices("jsh")
		for _, name := range devices {
			found = append(found, name)
		}
		return err
	})
	o.host.Must(func() error {
		c, err := netlink.Dial(unix.NETLINK_NETFILTER)
		if err != nil {
			return err
		}
		defer c.Close()
		list := &netlink.Message{Type: unix.NFNL_SUBSYS_NFTABLES<<8 | unix.NFT_MSG_GETTABLE, Body: netlink.Filter(unix.NFPROTO_INET, 0)}
		return c.List(list, func(b netlink.Body) error {
			return b.Attributes(4, func(kind uint16, value []byte) bool {
				if kind == unix.NFTA_TABLE_NAME {
					found = append(found, strings.TrimRight(string(value), "\x00"))
				}
				return true
			})
		})
	})
	return found
}

// What a jail with a way out reaches, and what not.
func TestEgress(t *testing.T) {
	t.Parallel()
	o := newOutdoors(t)
	o.start()
	for ip, as := range map[string]string{worldIP: "192.0.2.1", worldIP6: "2001:db8::1"} {
		if got := o.reach("alice", ip, 80); got != as {
			t.Errorf("%s: %q, want %q", ip, got, as)
		}
	}
	if got := o.reach("carol", worldIP, 80); got != "Network is unreachable" {
		t.Errorf("the private network reaches the world: %q", got)
	}
	if got := o.sh("alice", "cat </dev/tcp/"+worldIP+"/80"); got != "192.0.2.1" {
		t.Errorf("over ssh: %q", got)
	}
	o.keep("bob", "/probe --serve bob")
	link := strings.Fields(o.in("bob", "cat /proc/net/fib_trie").out)
	bob := link[slices.IndexFunc(link, func(w string) bool { return strings.HasPrefix(w, "100.127.") && !strings.Contains(w, "/") })]
	_, port, _ := net.SplitHostPort(o.listen)
	for _, ip := range []string{
		privateIP, privateIP6, "192.0.2.1", "10.9.9.1", "172.30.0.1", "2001:db8::1", "fd00:9::1", "169.254.169.254",
		o.gateway("alice"), bob, netip.MustParseAddr(bob).Next().String(),
	} {
		for _, port := range []int{80, 8000, atoi(port)} {
			if got := o.reach("alice", ip, port); got != refusal {
				t.Errorf("%s port %d: %q", ip, port, got)
			}
		}
	}
	if got := o.reach("alice", "127.0.0.1", atoi(port)); got != "Connection refused" {
		t.Errorf("jailshd's own port on the loopback: %q", got)
	}
}

// keep starts a command in a user's jail that says when it is ready, and goes on.
func (o *outdoors) keep(name, script string) {
	o.t.Helper()
	c := command(o.t, program("jailsh"), "--config", o.file, "run", name, "--", "bash", "-c", script)
	out, err := c.StdoutPipe()
	if err != nil {
		o.t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		o.t.Fatal(err)
	}
	o.t.Cleanup(func() {
		_ = c.Process.Kill()
		_ = c.Wait() // by the signal
	})
	read(o.t, out, "ready\n")
}

// gateway is the host's end of a user's wire: the default route's, in the kernel's
// order of bytes.
func (o *outdoors) gateway(name string) string {
	o.t.Helper()
	fields := strings.Fields(o.in(name, "grep -E '^eth0\\s+00000000' /proc/net/route").out)
	var raw [4]byte
	if len(fields) < 3 {
		o.t.Fatalf("%s has no default route: %q", name, fields)
	}
	if _, err := fmt.Sscanf(fields[2], "%02x%02x%02x%02x", &raw[3], &raw[2], &raw[1], &raw[0]); err != nil {
		o.t.Fatal(err)
	}
	return netip.AddrFrom4(raw).String()
}

func atoi(s string) (n int) {
	_, _ = fmt.Sscan(s, &n)
	return n
}

// Names are found by a server in a denied network, of which nothing else is
// reached.
func TestEgressFindsNames(t *testing.T) {
	t.Parallel()
	o := newOutdoors(t)
	o.start()
	if got := o.in("alice", "cat /etc/resolv.conf").out; got != "nameserver "+privateIP+"\n" {
		t.Errorf("resolv.conf: %q", got)
	}
	if got := o.reach("alice", "www.example.test", 80); got != "192.0.2.1" {
		t.Errorf("%q", got)
	}
	if got := o.in("carol", "cat /etc/resolv.conf").out; got != "" {
		t.Errorf("a private jail has a resolv.conf: %q", got)
	}
}

// A host whose only name server is on its own loopback is told so; with systemd's
// list of the real ones there is nothing to tell.
func TestEgressOnAHostWithAStub(t *testing.T) {
	t.Parallel()
	o := newOutdoors(t)
	o.server = ""
	o.write("resolv.conf", "nameserver 127.0.0.53\n")
	o.write("upstream", "nameserver "+privateIP+"\n")
	o.under = []string{"unshare", "--mount", "sh", "-c", `mount --bind "$1" /etc/resolv.conf; mount -t tmpfs run /run; shift; exec "$@"`, "sh", filepath.Join(o.dir, "resolv.conf")}
	o.start()
	r := o.in("alice", "true")
	if want := `user.alice.network: egress_dns: no name server for the jails: /etc/resolv.conf: 127.0.0.53 is this host, which no jail reaches - name one`; !strings.Contains(r.err, want) {
		t.Errorf("%+v, want %s", r, want)
	}
	o.stop()
	o.under[4] = `mount --bind "$1" /etc/resolv.conf; mount -t tmpfs run /run; mkdir -p /run/systemd/resolve; cp "$2" /run/systemd/resolve/resolv.conf; shift 2; exec "$@"`
	o.under = append(o.under, filepath.Join(o.dir, "upstream"))
	o.start()
	if got := o.reach("alice", "www.example.test", 80); got != "192.0.2.1" {
		t.Errorf("%q", got)
	}
}

// Nothing that a user can get hold of moves the wall: no setting, device, address
// or raw packet is hers to change, and she hears nobody else.
func TestEgressGivesNoLever(t *testing.T) {
	t.Parallel()
	o := newOutdoors(t)
	o.start()
	for name, f := range readFindings(t, o.in("alice", "/probe")) {
		if f.verdict == isBroken {
			t.Errorf("%s: %s", name, f)
		}
	}
	script := `for f in $(find /proc/sys/net -type f); do [ -w $f ] && echo $f; done
		for f in /proc/sys/net/ipv4/conf/eth0/forwarding /proc/sys/net/ipv4/conf/all/route_localnet /proc/sys/net/ipv4/ping_group_range /proc/sys/net/netfilter/nf_conntrack_max; do
			[ -e $f ] && (echo 1 >$f) 2>/dev/null && echo $f; done; find /proc/sys/net -type f | wc -l`
	r := o.in("alice", script)
	if lines := strings.Fields(r.out); len(lines) != 1 || atoi(lines[0]) < 100 {
		t.Errorf("what can be written of /proc/sys/net, and how much there is: %q", r.out)
	}
	if got := strings.Fields(o.in("alice", "tail -n +3 /proc/net/dev | cut -d: -f1").out); !slices.Equal(got, []string{"lo", "eth0"}) && !slices.Equal(got, []string{"eth0", "lo"}) {
		t.Errorf("devices: %v", got)
	}
}

// The wire goes with its cell, the table with jailshd; and when jailshd is killed,
// the next start removes what is left.
func TestEgressLeavesNothing(t *testing.T) {
	t.Parallel()
	o := newOutdoors(t)
	o.roomForTwo()
	o.start()
	for range 4 { // each ends before the next begins
		if got := o.reach("alice", worldIP, 80); got != "192.0.2.1" {
			t.Fatalf("the addresses of those before are still taken: %s", got)
		}
	}
	o.stop()
	o.start()
	if got := o.traces(); len(got) != 0 {
		t.Errorf("before the first jail there are %v", got)
	}
	o.keep("alice", "echo ready; exec sleep 5000")
	if got := o.traces(); len(got) != 2 {
		t.Errorf("with one jail there are %v", got)
	}
	o.person("alice").table = "disabled = true\n"
	o.writeUsers()
	eventually(t, patience, func() string {
		if got := o.traces(); len(got) != 1 {
			return fmt.Sprint("after the jail there are ", got)
		}
		return ""
	})
	o.keep("bob", "echo ready; exec sleep 5000")
	o.signal(syscall.SIGKILL)
	o.awaitEnd()
	eventually(t, patience, func() string { // as PID 1 of the cell sees that its socket is closed
		if got := o.traces(); len(got) > 1 {
			return fmt.Sprint("after a kill -9 there are ", got)
		}
		return ""
	})
	o.start()
	if got := o.traces(); len(got) != 0 {
		t.Errorf("after the next start there are %v", got)
	}
	if got := o.reach("bob", worldIP, 80); got != "192.0.2.1" {
		t.Errorf("after the next start: %q", got)
	}
	o.stop()
	if got := o.traces(); len(got) != 0 {
		t.Errorf("after the end there are %v", got)
	}
}

// A step that fails takes the wire along, and so does a host that doesn't forward.
func TestEgressThatFails(t *testing.T) {
	t.Parallel()
	o := newOutdoors(t)
	o.roomForTwo() // those that fail give their addresses back
	o.bin = filepath.Join(place(), "faulty")
	o.person("alice").table = "hostname = \"fail-network\"\n"
	o.person("bob").table = "hostname = \"fail-verify\"\n"
	o.start()
	for name, want := range map[string]string{"alice": " network: input/output error", "bob": " verify: input/output error"} {
		if r := o.in(name, "true"); r.code == 0 || !strings.Contains(r.err, want) {
			t.Errorf("%s: %+v", name, r)
		}
		if got := o.traces(); len(got) != 1 { // the table
			t.Errorf("%s: left behind: %v", name, got)
		}
	}
	o.person("alice").table = ""
	o.writeUsers()
	o.log.wait("reloaded the configuration")
	o.host.Sysctl("net/ipv4/ip_forward", "0")
	want := "egress: net.ipv4.ip_forward is 0: this host forwards nothing - run: sysctl -w net.ipv4.ip_forward=1"
	if r := o.in("alice", "true"); r.code == 0 || !strings.Contains(r.err, want) {
		t.Errorf("%+v", r)
	}
	check := o.within([]string{program("jailsh"), "--config", o.file, "check"})
	r := runCommand(t, nil, command(t, check[0], check[1:]...))
	if want := "egress_addresses: net.ipv4.ip_forward is 0"; r.code != 1 || !strings.Contains(r.out, want) {
		t.Errorf("jailsh check: %+v, want %s", r, want)
	}
}

// A change of egress_deny acts on a jail that runs, and on what is connected.
func TestEgressDenyIsReloaded(t *testing.T) {
	t.Parallel()
	o := newOutdoors(t)
	o.start()
	o.keep("alice", "echo ready; exec sleep 5000")
	if got := o.reach("alice", worldIP, 80); got != "192.0.2.1" {
		t.Fatal(got)
	}
	server := o.server
	o.server += `egress_deny = ["192.0.2.0/24"]` + "\n"
	o.writeServer()
	eventually(t, patience, func() string {
		if got := o.reach("alice", worldIP, 80); got != refusal {
			return "denied, and reached: " + got
		}
		return ""
	})
	if got := o.reach("alice", privateIP, 80); got != "10.9.9.1" {
		t.Errorf("what isn't denied any more: %q", got)
	}
	o.server = server
	o.writeServer()
	eventually(t, patience, func() string {
		if got := o.reach("alice", worldIP, 80); got != "192.0.2.1" {
			return "allowed again: " + got
		}
		return ""
	})
}
