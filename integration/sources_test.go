package integration

import (
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
)

// Three connections with wrong keys, and the source is refused, whoever comes from it;
// others aren't, nor is who is exempt. What the stock client shows is told.
func TestPenalties(t *testing.T) {
	t.Parallel()
	i := newInstance(t)
	i.server = `per_source_penalties = { authfail = "5m", min = "10m1s", max = "1h" }` + "\n" + `per_source_penalty_exempt_list = ["127.0.0.3"]`
	mallory := i.add("mallory", i.person("bob").uid+1)
	mallory.gone = true
	i.start()
	for range 3 { // however long they take
		refused(t, i.ssh("mallory", "-b", "127.0.0.2", "--", "true"))
		refused(t, i.ssh("mallory", "-b", "127.0.0.3", "--", "true"))
	}
	i.log.wait("level=WARN", "msg=penalty", "from=127.0.0.2", "source=127.0.0.2/32", "offence=authfail", "seconds=")
	o := i.ssh("alice", "-b", "127.0.0.2", "-o", "LogLevel=DEBUG1", "--", "true")
	if o.code != 255 || !strings.Contains(o.err, "Not allowed at this time") {
		t.Errorf("who was penalised: %+v", o)
	}
	i.log.wait("level=WARN", "msg=dropped", "from=127.0.0.2", "limit=per_source_penalties")
	if o := i.jailsh("check"); !strings.Contains(o.out, "per_source_penalties: 127.0.0.2/32 is refused for another ") {
		t.Errorf("check: %s", o.out)
	}
	for _, from := range []string{"127.0.0.1", "127.0.0.3"} {
		if o := i.ssh("alice", "-b", from, "--", "true"); o.code != 0 {
			t.Errorf("from %s: %+v", from, o)
		}
	}
}

// proxy passes connections on to the instance, from one of the loopback's addresses,
// each with the header first. It returns its port.
func (i *instance) proxy(from, header string) string {
	i.t.Helper()
	_, port, _ := net.SplitHostPort(accepting(i.t, func(client net.Conn) {
		defer client.Close()
		server, err := (&net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}).Dial("tcp", i.listen)
		if err != nil {
			return
		}
		_, _ = io.WriteString(server, header)
		between(client, client, server)
	}))
	return port
}

// accepting is the address of a listener; each connection to it is served.
func accepting(t *testing.T, serve func(client net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			go serve(client)
		}
	}()
	return l.Addr().String()
}

// between copies to and fro, what the client says from where that is read, until
// one of the two ends, and closes both.
func between(client net.Conn, said io.Reader, server net.Conn) {
	go func() {
		_, _ = io.Copy(client, server)
		client.Close()
		server.Close()
	}()
	_, _ = io.Copy(server, said)
	client.Close()
	server.Close()
}

// Behind a proxy that is listed, the client is who the proxy says; one that isn't
// listed is believed nothing, and a listed one must say something.
func TestBehindAProxy(t *testing.T) {
	t.Parallel()
	i := newInstance(t)
	i.server = `proxy_protocol_from = ["127.0.0.3"]`
	i.person("alice").options = `from="203.0.113.0/24,2001:db8::/32" `
	i.start()
	ssh := func(port string) output {
		_, own, _ := net.SplitHostPort(i.listen)
		return i.ssh("alice", "-o", "Port="+port, "-o", "HostKeyAlias=[127.0.0.1]:"+own, "--", "echo $SSH_CONNECTION")
	}
	for header, want := range map[string]string{
		"PROXY TCP4 203.0.113.5 192.0.2.1 40000 22\r\n":                                          "203.0.113.5 40000 192.0.2.1 22",
		"PROXY TCP6 2001:db8::5 2001:db8::1 40000 22\r\n":                                        "2001:db8::5 40000 2001:db8::1 22",
		"\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c\xcb\x00\x71\x06\xc0\x00\x02\x01\x00\x07\x00\x16": "203.0.113.6 7 192.0.2.1 22",
	} {
		if o := ssh(i.proxy("127.0.0.3", header)); o.code != 0 || strings.TrimSpace(o.out) != want {
			t.Errorf("%+v, want %s", o, want)
		}
		client, _, _ := strings.Cut(want, " ")
		i.log.wait("msg=login", "user=alice", "from="+client)
	}
	refused(t, ssh(i.proxy("127.0.0.3", "PROXY TCP4 198.51.100.1 192.0.2.1 40000 22\r\n")))
	i.log.wait("msg=refused", "from=198.51.100.1", "the key may not be used from 198.51.100.1")
	if o := ssh(i.proxy("127.0.0.3", "")); o.code != 255 {
		t.Errorf("without a header: %+v", o)
	}
	i.log.wait("level=WARN", `msg="no PROXY header"`, "from=127.0.0.3")
	if o := ssh(i.proxy("127.0.0.4", "PROXY TCP4 203.0.113.5 192.0.2.1 40000 22\r\n")); o.code != 255 {
		t.Errorf("from somebody else: %+v", o)
	}
	refused(t, ssh(i.proxy("127.0.0.4", "")))
}

// One listener for both; an IPv4 client is an IPv4 address for everything.
func TestIPv6(t *testing.T) {
	t.Parallel()
	i := newInstance(t)
	_, port, _ := net.SplitHostPort(i.listen)
	i.listen = "[::]:" + port
	i.person("alice").table = `from = ["::1", "10.0.0.0/8"]`
	i.person("bob").options = `from="127.0.0.0/8" `
	i.start()
	const show = "echo $SSH_CONNECTION / $SSH_CLIENT"
	alias := "HostKeyAlias=[127.0.0.1]:" + port
	for _, c := range []struct{ user, host, out string }{
		{"alice", "::1", "::1 %s ::1 %s / ::1 %s %s\n"},
		{"alice", "127.0.0.1", ""},
		{"bob", "127.0.0.1", "127.0.0.1 %s 127.0.0.1 %s / 127.0.0.1 %s %s\n"},
		{"bob", "::1", ""},
	} {
		o := i.ssh(c.user, "-o", "HostName="+c.host, "-o", alias, "--", show)
		if c.out == "" {
			if !strings.HasSuffix(strings.TrimSpace(o.err), "Permission denied (publickey).") {
				t.Errorf("%s by %s: %+v", c.user, c.host, o)
			}
			continue
		}
		words := strings.Fields(o.out)
		if len(words) < 2 || o.out != fmt.Sprintf(c.out, words[1], port, words[1], port) {
			t.Errorf("%s by %s: %+v, want %q", c.user, c.host, o, c.out)
		}
	}
	i.log.wait("msg=refused", "user=alice", "from=127.0.0.1", `reason="the user may not come from 127.0.0.1"`)
	i.log.wait("msg=refused", "user=bob", "from=::1", `reason="the key may not be used from ::1"`)
	for from, code := range map[string]int{"::1": 0, "::ffff:10.1.2.3": 0, "2001:db8::1": 1, "::ffff:127.0.0.1": 1} {
		if o := i.jailsh("explain", "alice", "--from", from); o.code != code {
			t.Errorf("explain --from %s: status %d\n%s%s", from, o.code, o.out, o.err)
		}
	}
}

// A user over her connections reads why from the stock client; bob isn't touched.
func TestConnectionsOfAUser(t *testing.T) {
	t.Parallel()
	i := newInstance(t)
	i.person("alice").table = "limits.connections = 1"
	i.start()
	c := i.client("alice", "")
	o := i.ssh("alice", "-o", "LogLevel=INFO", "--", "true")
	if o.code != 255 || !strings.HasPrefix(o.err, "jailsh: you have as many connections as you may; close one of them: reference ") ||
		!strings.HasSuffix(o.err, "Permission denied (publickey).\r\n") {
		t.Errorf("%+v", o)
	}
	if got := i.sh("bob", "echo in"); got != "in" {
		t.Errorf("bob: %q", got)
	}
	c.Close()
	i.log.wait("msg=logout", "user=alice")
	if got := i.sh("alice", "echo in"); got != "in" {
		t.Errorf("afterwards: %q", got)
	}
}

// A flood from one source, of connections that say nothing: it has its 20 places, and
// when its time is over it is turned away; alice, from another, logs in all the while.
func TestAFloodFromOneSource(t *testing.T) {
	t.Parallel()
	i := newInstance(t)
	i.server = `login_grace = "5s"` + "\n" + `per_source_penalties = { grace_exceeded = "10s" }`
	i.start()
	flood := func(n int) (answered int) {
		var open []net.Conn
		for range n {
			open = append(open, i.connect("127.0.0.2"))
		}
		for _, c := range open {
			line := make([]byte, len("SSH-"))
			if _, err := io.ReadFull(c, line); err == nil && string(line) == "SSH-" {
				answered++
			}
		}
		return answered
	}
	if n := flood(100); n != 20 {
		t.Errorf("%d connections were answered", n)
	}
	if got := i.sh("alice", "echo in"); got != "in" {
		t.Errorf("alice: %q", got)
	}
	i.log.wait("msg=dropped", "limit=max_startups_per_source", "from=127.0.0.2")
	i.log.wait("msg=penalty", "source=127.0.0.2/32", "offence=grace-exceeded")
	if n := flood(100); n != 0 {
		t.Errorf("after that %d were answered", n)
	}
	if got := i.sh("alice", "echo in"); got != "in" {
		t.Errorf("alice: %q", got)
	}
}
