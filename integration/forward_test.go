package integration

import (
	"crypto/rand"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// echoes is a server that sends back what it gets, and a last word after the end
// of it: on port 8000 of the loopback and on a unix socket of the home.
const echoes = `
import os, socket, threading
def serve(s):
    while True:
        c, _ = s.accept()
        threading.Thread(target=answer, args=(c,), daemon=True).start()
def answer(c):
    while (b := c.recv(65536)):
        c.sendall(b)
    c.sendall(b"the end\n")
    c.close()
u = socket.socket(socket.AF_UNIX)
u.bind("echo.sock")
u.listen()
threading.Thread(target=serve, args=(u,), daemon=True).start()
s = socket.create_server(("0.0.0.0", 8000))
print("ready", flush=True)
serve(s)
`

// echo starts the server in a user's jail.
func (i *instance) echo(name string) {
	i.t.Helper()
	c := i.sshCommand(name, "--", "cat >echo.py; exec python3 echo.py")
	c.Stdin = strings.NewReader(echoes)
	out, err := c.StdoutPipe()
	if err != nil {
		i.t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		i.t.Fatal(err)
	}
	i.t.Cleanup(func() {
		_ = c.Process.Kill()
		_ = c.Wait() // by the signal
	})
	read(i.t, out, "ready\n")
}

// forwarding starts a client that does nothing but forward, and waits until it
// has logged in and done what it was asked for.
func (i *instance) forwarding(name string, args ...string) {
	i.t.Helper()
	ready := filepath.Join(i.t.TempDir(), "ready")
	c := i.sshCommand(name, append(args, "-o", "ExitOnForwardFailure=yes", "-o", "PermitLocalCommand=yes", "-o", "LocalCommand=touch "+ready, "-N")...)
	complaints := newJournal(i.t) // which may be read meanwhile
	c.Stderr = complaints
	if err := c.Start(); err != nil {
		i.t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = c.Wait() // by the signal
	}()
	i.t.Cleanup(func() {
		_ = c.Process.Kill()
		<-ended
	})
	eventually(i.t, patience, func() string {
		if _, err := os.Stat(ready); err != nil {
			return complaints.String() + err.Error()
		}
		return ""
	})
}

// exchange sends data over a connection, ends its own direction, and returns all
// that comes back.
func exchange(t *testing.T, c net.Conn, data []byte) string {
	t.Helper()
	defer c.Close()
	go func() {
		_, _ = c.Write(data)
		_ = c.(interface{ CloseWrite() error }).CloseWrite()
	}()
	got, err := io.ReadAll(c)
	if err != nil {
		t.Error(err)
	}
	return string(got)
}

func mustDial(t *testing.T, network, address string) net.Conn {
	t.Helper()
	c, err := net.DialTimeout(network, address, patience)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// -L, -D and -W, to TCP and to unix sockets, of what listens in the jail. What is
// still on its way when one side has ended arrives.
func TestLocalForwards(t *testing.T) {
	t.Parallel()
	i := newInstance(t)
	i.withHostsPrograms()
	i.start()
	i.echo("alice")
	data := make([]byte, 5<<20)
	_, _ = rand.Read(data) // never fails
	want := string(data) + "the end\n"

	tcp, socks, sock := freePort(t), freePort(t), filepath.Join(t.TempDir(), "s")
	i.forwarding("alice", "-L", tcp+":localhost:8000", "-D", socks, "-L", sock+":/home/alice/echo.sock")
	if exchange(t, mustDial(t, "tcp", tcp), data) != want {
		t.Error("-L: something else came back")
	}
	if exchange(t, mustDial(t, "unix", sock), data) != want {
		t.Error("-L of a unix socket: something else came back")
	}
	c := mustDial(t, "tcp", socks)
	if _, err := c.Write([]byte("\x05\x01\x00\x05\x01\x00\x01\x7f\x00\x00\x01\x1f\x40")); err != nil { // RFC 1928: 127.0.0.1:8000
		t.Fatal(err)
	}
	read(t, c, "\x05\x00\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00")
	if exchange(t, c, data) != want {
		t.Error("-D: something else came back")
	}
	if o := runCommand(t, []byte("hello\n"), i.sshCommand("alice", "-W", "[127.0.0.1]:8000")); o.out != "hello\nthe end\n" || o.code != 0 {
		t.Errorf("-W: %+v", o)
	}
	end := i.log.wait(`msg="forward end"`, "for=localhost:8000", fmt.Sprint("received=", len(data)), fmt.Sprint("sent=", len(want)))
	if !strings.Contains(end, "channel=direct-tcpip") || !strings.Contains(end, "user=alice") {
		t.Error(end)
	}
	i.log.wait(`msg="forward end"`, "for=/home/alice/echo.sock", "channel=direct-streamlocal@openssh.com")

	// Names are those of the jail.
	if o := runCommand(t, nil, i.sshCommand("alice", "-W", "jail:8000")); o.out != "the end\n" {
		t.Errorf("%+v", o)
	}
	if o := i.ssh("alice", "-o", "LogLevel=INFO", "-W", "nowhere.invalid:8000"); o.code == 0 || !strings.Contains(o.err, "name or service not known") {
		t.Errorf("%+v", o)
	}
	// Why something can't be reached is told.
	if o := i.ssh("alice", "-o", "LogLevel=INFO", "-W", "localhost:8001"); o.code == 0 || !strings.Contains(o.err, "connection refused") {
		t.Errorf("%+v", o)
	}
	// And nobody else's jail has it, nor has the host.
	if o := i.ssh("bob", "-o", "LogLevel=INFO", "-W", "localhost:8000"); o.code == 0 || !strings.Contains(o.err, "connection refused") {
		t.Errorf("%+v", o)
	}
	if o := i.ssh("alice", "-o", "LogLevel=INFO", "-W", i.listen); o.code == 0 || !strings.Contains(o.err, "connection refused") {
		t.Errorf("jailshd is reached from the jail: %+v", o)
	}
}

// -R of TCP and of unix sockets, also with a port of the server's choice: it opens
// on the loopback of her own jail, as long as the client is there.
func TestRemoteForwards(t *testing.T) {
	t.Parallel()
	i := newInstance(t)
	i.withHostsPrograms()
	i.start()
	there := newEcho(t)
	i.forwarding("alice", "-R", "3333:"+there, "-R", "/home/alice/back.sock:"+there, "-R", "[::1]:3334:"+there)
	for _, at := range []string{"for=localhost:3333", "for=/home/alice/back.sock", "for=[::1]:3334"} {
		i.log.wait(`msg=listen`, "user=alice", at)
	}
	for _, to := range []string{"127.0.0.1 3333", "::1 3333", "-U back.sock", "::1 3334"} {
		if got := i.sh("alice", "echo hello | nc -N "+to); got != "hello\nthe end" {
			t.Errorf("%s: %q", to, got)
		}
	}
	// It isn't on the network of anybody else, who can have the same.
	if o := i.ssh("bob", "--", "nc -N 127.0.0.1 3333 </dev/null"); o.code == 0 {
		t.Errorf("bob reaches alice's: %+v", o)
	}
	if c, err := net.Dial("tcp", "127.0.0.1:3333"); err == nil {
		c.Close()
		t.Error("it listens on the host")
	}
	i.forwarding("bob", "-R", "3333:127.0.0.1:1")
	i.log.wait(`msg=listen`, "user=bob", "for=localhost:3333")
	// Nor can it be taken by another login of hers.
	if o := i.ssh("alice", "-o", "ExitOnForwardFailure=yes", "-R", "3333:127.0.0.1:1", "--", "true"); o.code == 0 || !strings.Contains(o.err, "remote port forwarding failed") {
		t.Errorf("%+v", o)
	}
	if got := i.sh("alice", "stat -c %a back.sock"); got != "600" {
		t.Errorf("the socket has mode %s", got)
	}
	// Port 0, and its cancel, by a connection that others use too.
	socket := filepath.Join(t.TempDir(), "mux")
	control := []string{"-o", "ControlPath=" + socket}
	i.forwarding("alice", append(control, "-o", "ControlMaster=yes")...)
	o := i.ssh("alice", append(control, "-O", "forward", "-R", "0:"+there)...)
	port := strings.TrimSpace(o.out)
	if got := i.sh("alice", "echo hello | nc -N localhost "+port); got != "hello\nthe end" {
		t.Errorf("port %q: %q\n%s", port, got, o.err)
	}
	if o := i.ssh("alice", append(control, "-O", "cancel", "-R", "0:"+there)...); o.code != 0 {
		t.Errorf("%+v", o)
	}
	i.log.wait(`msg="listen end"`, "for=localhost:"+port)
	if o := i.ssh("alice", "--", "nc -N localhost "+port+" </dev/null"); o.code == 0 {
		t.Errorf("it was cancelled: %+v", o)
	}
}

// What one's -R has opened is reached by whom she names, by her own name, and
// nothing else of her jail is.
func TestSharedForwards(t *testing.T) {
	t.Parallel()
	i := newInstance(t)
	i.withHostsPrograms()
	alice := i.person("alice")
	i.add("carol", alice.uid+2)
	alice.table = `share_with = ["bob"]`
	i.start()
	i.forwarding("alice", "-R", "3333:"+newEcho(t))
	i.log.wait(`msg=listen`, "user=alice")
	i.echo("alice") // at port 8000, not shared
	tcp := freePort(t)
	i.forwarding("bob", "-L", tcp+":alice.jail:3333")
	c := mustDial(t, "tcp", tcp)
	defer c.Close()
	if _, err := c.Write([]byte("hello")); err != nil {
		t.Fatal(err)
	}
	read(t, c, "hello")
	for _, r := range []struct{ name, to, why string }{
		{"bob", "alice.jail:8000", "connection refused"}, {"bob", "carol.jail:3333", "not allowed"}, {"carol", "alice.jail:3333", "not allowed"},
	} {
		if o := i.ssh(r.name, "-o", "LogLevel=INFO", "-W", r.to); o.code == 0 || !strings.Contains(o.err, r.why) {
			t.Errorf("%+v: %+v", r, o)
		}
	}
	alice.table = ""
	i.reload()
	if rest, _ := io.ReadAll(c); len(rest) > 0 {
		t.Errorf("%q came after the end", rest)
	}
}

// newEcho is the server of echoes, on the host.
func newEcho(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				_, _ = io.Copy(c, c)
				_, _ = io.WriteString(c, "the end\n")
			}()
		}
	}()
	return l.Addr().String()
}

// A client without a session keeps its cell, and loses its connection with it.
func TestAClientThatOnlyForwards(t *testing.T) {
	t.Parallel()
	i := newInstance(t)
	i.person("alice").table = "kill_on_logout = true"
	i.start()
	c := i.sshCommand("alice", "-N", "-R", "3333:127.0.0.1:1")
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	i.log.wait(`msg=listen`, "user=alice")
	i.sh("alice", "true") // comes and goes
	if cell := i.cell("alice"); len(cell) != 1 {
		t.Errorf("the cell is %v", cell)
	}
	for _, p := range i.cell("alice") {
		kill(t, p.pid)
	}
	if err := c.Wait(); err == nil || c.ProcessState.ExitCode() != 255 {
		t.Errorf("ssh ended with %v", err)
	}
	i.log.wait(`msg="listener lost"`, "user=alice")
}

// ssh -J leads through the server to one behind it; here that is the server once
// more, as bob.
func TestAJump(t *testing.T) {
	t.Parallel()
	i := newInstance(t)
	host, port, _ := net.SplitHostPort(i.listen)
	i.person("alice").table = fmt.Sprintf("network = \"host\"\nallow = { local_forward = [%q], shell = false, exec = false }", i.listen)
	i.start()
	config := filepath.Join(t.TempDir(), "config")
	text := fmt.Sprintf("Host jump behind\n HostName %s\n Port %s\n", host, port)
	for _, p := range []struct{ host, user string }{{"jump", "alice"}, {"behind", "bob"}} {
		text += fmt.Sprintf("Host %s\n User %s\n IdentityFile %s\n", p.host, p.user, i.key(p.user))
	}
	text += "Host *\n"
	for _, o := range i.options("alice") {
		if name, value, ok := strings.Cut(o, "="); ok && name != "Port" {
			text += fmt.Sprintf(" %s %s\n", name, value)
		}
	}
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	o := run(t, nil, "ssh", "-F", config, "-J", "jump", "behind", "id -un")
	if o.out != "bob\n" || o.code != 0 {
		t.Errorf("%+v", o)
	}
	i.log.wait(`msg=forward`, "user=alice", "for="+i.listen)
	// The jump host is no way to anywhere else.
	if o := run(t, nil, "ssh", "-F", config, "-o", "LogLevel=INFO", "-W", "127.0.0.1:1", "jump"); o.code == 0 || !strings.Contains(o.err, "not allowed") {
		t.Errorf("%+v", o)
	}
}

// What users.toml and the options of the key permit, and what is in force of
// them from a change on.
func TestForwardsFollowTheTable(t *testing.T) {
	t.Parallel()
	i := newInstance(t)
	i.withHostsPrograms()
	alice := i.person("alice")
	i.person("bob").options = "no-port-forwarding "
	carol := i.add("carol", alice.uid+2)
	carol.options = `restrict,port-forwarding,permitopen="localhost:8000" `
	i.add("machine", alice.uid+4).options = `restrict,port-forwarding,permitlisten="3333",permitopen="localhost:1",command="false" `
	dora := i.add("dora", alice.uid+3)
	dora.table = `network = "host"`
	i.start()
	for _, name := range []string{"bob", "dora"} {
		if o := i.ssh(name, "-o", "LogLevel=INFO", "-W", "localhost:8000"); o.code == 0 || !strings.Contains(o.err, "not allowed") {
			t.Errorf("%s: %+v", name, o)
		}
		i.log.wait(`msg="request refused"`, "user="+name, "for=localhost:8000")
	}
	// The key of docs/setups.md that opens a port and does nothing else.
	i.forwarding("machine", "-R", "3333:127.0.0.1:1")
	i.log.wait(`msg=listen`, "user=machine", "for=localhost:3333")
	for _, args := range [][]string{{"-W", "localhost:3333"}, {"-N", "-o", "ExitOnForwardFailure=yes", "-R", "3334:127.0.0.1:1"}, {"--", "true"}} {
		if o := i.ssh("machine", args...); o.code == 0 {
			t.Errorf("%v: %+v", args, o)
		}
	}
	i.echo("carol")
	if o := runCommand(t, nil, i.sshCommand("carol", "-W", "localhost:8000")); o.out != "the end\n" {
		t.Errorf("%+v", o)
	}
	if o := i.ssh("carol", "-o", "LogLevel=INFO", "-W", "127.0.0.1:8000"); o.code == 0 || !strings.Contains(o.err, "not allowed") {
		t.Errorf("%+v", o)
	}
	// One that is taken away ends what it has let through.
	i.echo("alice")
	tcp := freePort(t)
	i.forwarding("alice", "-L", tcp+":localhost:8000")
	c := mustDial(t, "tcp", tcp)
	defer c.Close()
	if _, err := c.Write([]byte("hello")); err != nil {
		t.Fatal(err)
	}
	read(t, c, "hello")
	alice.table = `allow = { local_forward = ["localhost:22"] }`
	i.reload()
	if rest, _ := io.ReadAll(c); len(rest) > 0 {
		t.Errorf("%q came after the end", rest)
	}
	if o := i.ssh("alice", "-o", "LogLevel=INFO", "-W", "localhost:8000"); o.code == 0 || !strings.Contains(o.err, "not allowed") {
		t.Errorf("%+v", o)
	}
}
