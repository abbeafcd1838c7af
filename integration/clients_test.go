package integration

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
)

// otherClient is a program that people use to reach an SSH server. What it can't
// do is nil.
type otherClient struct {
	name  string
	exec  func(v *visit, command string) *exec.Cmd
	shell func(v *visit) *exec.Cmd // reads commands from its standard input
}

// Every client that Debian has, with what it can: a login shell, a command with
// its output, errors and exit status.
func TestClients(t *testing.T) {
	t.Parallel()
	i := start(t)
	v := newVisit(i)
	for _, c := range otherClients() {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if c.exec != nil {
				o := runCommand(t, nil, c.exec(v, "echo out; echo err >&2; exit 7"))
				if o.code != 7 || o.out != "out\n" || !strings.Contains(o.err, "err\n") {
					t.Errorf("a command: %+v", o)
				}
			}
			if c.shell != nil {
				o := runCommand(t, []byte("echo $((6*7)) in $0\nexit 9\n"), c.shell(v))
				if o.code != 9 || !strings.Contains(o.out, "42 in -bash") {
					t.Errorf("a shell: %+v", o)
				}
			}
		})
	}
}

// visit is an instance as alice's clients see it.
type visit struct {
	*instance
	port, home string
	hostKey    string // SHA256:...
}

// newVisit makes what clients want of keys and of known hosts, each in its way.
func newVisit(i *instance) *visit {
	i.t.Helper()
	v := &visit{instance: i, home: i.t.TempDir(), hostKey: ssh.FingerprintSHA256(i.hostKey)}
	_, v.port, _ = net.SplitHostPort(i.listen)
	i.write("key_alice.pub", i.person("alice").public+"\n")
	for _, words := range [][]string{
		{"puttygen", i.key("alice"), "-O", "private", "-o", v.file("key.ppk")},
		{"dropbearconvert", "openssh", "dropbear", i.key("alice"), v.file("key.dropbear")},
	} {
		if o := run(i.t, nil, words[0], words[1:]...); o.code != 0 {
			i.t.Fatalf("%q: %+v", words, o)
		}
	}
	if err := os.Mkdir(v.file(".ssh"), 0o700); err != nil {
		i.t.Fatal(err)
	}
	for name, text := range map[string]string{
		".ssh/known_hosts": "127.0.0.1 " + string(ssh.MarshalAuthorizedKey(i.hostKey)), // dbclient leaves the port out
		"with_paramiko.py": paramikoScript,
		"with_asyncssh.py": asyncsshScript,
	} {
		if err := os.WriteFile(v.file(name), []byte(text), 0o600); err != nil {
			i.t.Fatal(err)
		}
	}
	return v
}

func (v *visit) file(name string) string { return filepath.Join(v.home, name) }

// command runs a client in the home that has its files.
func (v *visit) command(name string, args ...string) *exec.Cmd {
	c := command(v.t, name, args...)
	c.Env = append(c.Env, "HOME="+v.home)
	c.Dir = v.home
	return c
}

func (v *visit) putty(program string, args ...string) *exec.Cmd {
	return v.command(program, append([]string{"-batch", "-P", v.port, "-i", v.file("key.ppk"), "-hostkey", v.hostKey}, args...)...)
}

func (v *visit) dropbear(args ...string) *exec.Cmd {
	return v.command("dbclient", append([]string{"-i", v.file("key.dropbear"), "-p", v.port}, args...)...)
}

// python runs one of the scripts below, by the Python that has Debian's libraries;
// they are clients as these libraries' manuals have them.
func (v *visit) python(script string, args ...string) *exec.Cmd {
	return v.command("/usr/bin/python3", append([]string{v.file(script), v.port, v.key("alice"), filepath.Join(v.dir, "known_hosts")}, args...)...)
}

func otherClients() []otherClient {
	const alice = "alice@127.0.0.1"
	return []otherClient{
		{
			name:  "ssh",
			exec:  func(v *visit, command string) *exec.Cmd { return v.sshCommand("alice", "--", command) },
			shell: func(v *visit) *exec.Cmd { return v.sshCommand("alice") },
		},
		{
			name:  "plink",
			exec:  func(v *visit, command string) *exec.Cmd { return v.putty("plink", alice, command) },
			shell: func(v *visit) *exec.Cmd { return v.putty("plink", "-T", alice) },
		},
		{
			name:  "dbclient",
			exec:  func(v *visit, command string) *exec.Cmd { return v.dropbear(alice, command) },
			shell: func(v *visit) *exec.Cmd { return v.dropbear("-T", alice) },
		},
		{
			name:  "paramiko",
			exec:  func(v *visit, command string) *exec.Cmd { return v.python("with_paramiko.py", "exec", command) },
			shell: func(v *visit) *exec.Cmd { return v.python("with_paramiko.py", "shell") },
		},
		{
			name:  "asyncssh",
			exec:  func(v *visit, command string) *exec.Cmd { return v.python("with_asyncssh.py", "exec", command) },
			shell: func(v *visit) *exec.Cmd { return v.python("with_asyncssh.py", "shell") },
		},
	}
}

const paramikoScript = `
import paramiko, sys
port, key, known, what, *args = sys.argv[1:]
c = paramiko.SSHClient()
c.load_host_keys(known)
c.connect("127.0.0.1", port=int(port), username="alice", key_filename=key, look_for_keys=False, allow_agent=False)
if what == "exec":
    i, o, e = c.exec_command(args[0])
    i.close()
    sys.stdout.write(o.read().decode())
    sys.stderr.write(e.read().decode())
    sys.exit(o.channel.recv_exit_status())
if what == "shell":
    s = c.get_transport().open_session()
    s.invoke_shell()
    s.sendall(sys.stdin.read().encode())
    s.shutdown_write()
    sys.stdout.write(s.makefile().read().decode())
    sys.exit(s.recv_exit_status())
f = c.open_sftp()
getattr(f, what)(*args)
c.close()
`

const asyncsshScript = `
import asyncio, asyncssh, sys
port, key, known, what, *args = sys.argv[1:]
async def main():
    async with asyncssh.connect("127.0.0.1", int(port), username="alice", client_keys=[key], known_hosts=known, config=None) as c:
        if what in ("exec", "shell"):
            r = await c.run(*args, input=sys.stdin.read())
            sys.stdout.write(r.stdout)
            sys.stderr.write(r.stderr)
            return r.exit_status
        async with c.start_sftp_client() as f:
            await getattr(f, what)(*args)
sys.exit(asyncio.run(main()))
`
