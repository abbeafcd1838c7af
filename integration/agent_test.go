package integration

import (
	"fmt"
	"io"
	"net"
	"path/filepath"
	"strings"
	"testing"
)

// ssh -A with a real agent: its keys are there, for this session and its time.
func TestAgentForwarding(t *testing.T) {
	t.Parallel()
	i := newInstance(t)
	i.withHostsPrograms()
	i.person("bob").table = "allow = { agent = false }"
	carol := i.add("carol", i.person("alice").uid+2)
	carol.options = "no-agent-forwarding "
	i.start()
	socket := i.agent("alice")
	forward := []string{"-A", "-o", "IdentityAgent=" + socket}
	got := i.ssh("alice", append(forward, "--", `ssh-add -L; stat -c %a "$SSH_AUTH_SOCK" "${SSH_AUTH_SOCK%/*}"`)...)
	if !strings.HasPrefix(got.out, i.person("alice").public) || !strings.HasSuffix(got.out, "\n600\n700\n") {
		t.Errorf("%+v", got)
	}
	// A login with the agent, from the jail.
	_, port, _ := net.SplitHostPort(i.listen)
	if o := i.ssh("alice", append(forward, "-R", "2222:127.0.0.1:"+port, "--",
		"ssh -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o BatchMode=yes -p 2222 alice@localhost echo in")...); o.out != "in\n" {
		t.Errorf("%+v", o)
	}
	if o := i.ssh("alice", "--", "ls -d /tmp/ssh-* 2>&1; echo ${SSH_AUTH_SOCK-none}"); !strings.HasSuffix(o.out, "No such file or directory\nnone\n") {
		t.Errorf("something is left: %+v", o)
	}
	for _, name := range []string{"bob", "carol"} {
		if o := i.ssh(name, append(forward, "--", "echo ${SSH_AUTH_SOCK-none}")...); o.out != "none\n" {
			t.Errorf("%s: %+v", name, o)
		}
		i.log.wait(`msg="request refused"`, "user="+name, "request=auth-agent-req@openssh.com")
	}
	i.log.wait(`msg="forward end"`, "channel=auth-agent@openssh.com", "user=alice")
}

// agent starts an agent that has a person's key.
func (i *instance) agent(name string) string {
	i.t.Helper()
	socket := filepath.Join(i.t.TempDir(), "agent")
	agent := command(i.t, "ssh-agent", "-D", "-a", socket)
	if err := agent.Start(); err != nil {
		i.t.Fatal(err)
	}
	i.t.Cleanup(func() {
		_ = agent.Process.Kill()
		_ = agent.Wait() // by the signal
	})
	eventually(i.t, patience, func() string {
		add := command(i.t, "ssh-add", "-q", i.key(name))
		add.Env = append(add.Env, "SSH_AUTH_SOCK="+socket)
		return runCommand(i.t, nil, add).err
	})
	return socket
}

// A display for X clients: they find the cookie that the client has invented, and
// behind the client the X server sees its own.
func TestX11Forwarding(t *testing.T) {
	t.Parallel()
	i := newInstance(t)
	i.withHostsPrograms()
	i.person("alice").table = "allow = { x11 = true }"
	i.start()
	server, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	// ssh adds 6000 to the number, and X has 65535 displays.
	number := server.Addr().(*net.TCPAddr).Port - 6000
	if number < 0 {
		t.Fatalf("port %d is none of a display", number+6000)
	}
	display := fmt.Sprint("127.0.0.1:", number)
	const real = "00112233445566778899aabbccddeeff"
	authority := filepath.Join(t.TempDir(), "authority")
	if o := run(t, nil, "xauth", "-f", authority, "add", display, "MIT-MAGIC-COOKIE-1", real); o.code != 0 {
		t.Fatalf("%+v", o)
	}
	saw := make(chan string, 1)
	go func() {
		c, err := server.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		setup := make([]byte, 12+20+16)
		_, _ = io.ReadFull(c, setup)
		saw <- fmt.Sprintf("%s %x", setup[12:30], setup[32:])
		_, _ = c.Write([]byte("welcome"))
	}()
	ssh := func(script string) output {
		c := i.sshCommand("alice", "-Y", "--", script)
		c.Env = append(c.Env, "DISPLAY="+display, "XAUTHORITY="+authority)
		return runCommand(t, []byte(x11Client), c)
	}
	o := ssh("python3 -")
	words := strings.Fields(o.out)
	if len(words) != 3 || words[0] != ":10.0" || words[1] == real || words[2] != "welcome" {
		t.Fatalf("%+v", o)
	}
	if got := <-saw; got != "MIT-MAGIC-COOKIE-1 "+real {
		t.Errorf("the server saw %s", got)
	}
	// X's own programs read the file.
	if o := ssh(`xauth list; ls /tmp/.X11-unix`); !strings.Contains(o.out, ":10  MIT-MAGIC-COOKIE-1  ") || !strings.HasSuffix(o.out, "X10\n") {
		t.Errorf("%+v", o)
	}
	if got := i.sh("alice", "ls /tmp/.X11-unix /tmp/ssh-* 2>&1; echo ${DISPLAY-none}"); !strings.HasSuffix(got, "none") || strings.Contains(got, "X10\n") {
		t.Errorf("something is left: %s", got)
	}
	// It is off unless somebody has allowed it.
	c := i.sshCommand("bob", "-Y", "--", "echo ${DISPLAY-none}")
	c.Env = append(c.Env, "DISPLAY="+display, "XAUTHORITY="+authority)
	if o := runCommand(t, nil, c); o.out != "none\n" {
		t.Errorf("%+v", o)
	}
	i.log.wait(`msg="request refused"`, "user=bob", "request=x11-req")
}

// x11Client begins as every X client does: it looks for the cookie of its display,
// and sends it.
const x11Client = `
import os, socket, struct
display = os.environ["DISPLAY"]
number = display.split(":")[1].split(".")[0]
data = open(os.environ["XAUTHORITY"], "rb").read()
fields, at = [], 2
while at < len(data):
    n, = struct.unpack(">H", data[at:at+2])
    fields.append(data[at+2:at+2+n])
    at += 2 + n
assert data[:2] == b"\xff\xff" and fields[1].decode() == number, data
s = socket.socket(socket.AF_UNIX)
s.connect("/tmp/.X11-unix/X" + number)
s.sendall(struct.pack("<BxHHHHxx", ord("l"), 11, 0, len(fields[2]), len(fields[3])) + fields[2] + b"\0\0" + fields[3])
print(display, fields[3].hex(), s.recv(100).decode())
`

// A /tmp without room costs the agent, and not the login.
func TestALoginWithoutRoomForTheAgent(t *testing.T) {
	t.Parallel()
	i := newInstance(t)
	i.person("alice").table = `limits = { tmp = "1M" }` + "\n" + `linger = "1h"`
	i.start()
	i.sh("alice", "n=0; while mkdir /tmp/$n 2>/dev/null; do n=$((n+1)); done; head -c 2M /dev/zero >/tmp/full 2>/dev/null; true")
	socket := i.agent("alice")
	o := i.ssh("alice", "-A", "-o", "IdentityAgent="+socket, "--", "echo in ${SSH_AUTH_SOCK-none}; rm -r /tmp/*")
	if o.out != "in none\n" || !strings.Contains(o.err, "jailsh: neither agent nor X11 are forwarded: ") {
		t.Errorf("%+v", o)
	}
	if o := i.ssh("alice", "-A", "-o", "IdentityAgent="+socket, "--", "echo in ${SSH_AUTH_SOCK-none}"); !strings.HasPrefix(o.out, "in /tmp/ssh-") {
		t.Errorf("%+v", o)
	}
}
