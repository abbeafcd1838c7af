package integration

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net"
	"net/url"
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

	// Files of the home, by sftp.
	put func(v *visit, local, remote string) *exec.Cmd
	get func(v *visit, remote, local string) *exec.Cmd
}

// Every client that Debian has, with what it can: a login shell, a command with
// its output, errors and exit status, 50 MB there and back.
func TestClients(t *testing.T) {
	t.Parallel()
	i := start(t)
	v := newVisit(i)
	data := make([]byte, 50<<20)
	_, _ = rand.Read(data) // never fails
	if err := os.WriteFile(v.file("data"), data, 0o600); err != nil {
		t.Fatal(err)
	}
	sum := fmt.Sprintf("%x", sha256.Sum256(data))
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
			if c.put != nil {
				v.thereAndBack(t, c, sum)
			}
		})
	}
}

func (v *visit) thereAndBack(t *testing.T, c otherClient, sum string) {
	t.Helper()
	remote, local := "from "+c.name, v.file("back of "+c.name)
	if o := runCommand(t, nil, c.put(v, v.file("data"), remote)); o.code != 0 {
		t.Fatalf("put: %+v", o)
	}
	there, err := os.ReadFile(filepath.Join(v.home("alice"), remote))
	if got := fmt.Sprintf("%x", sha256.Sum256(there)); got != sum {
		t.Errorf("put: %d bytes, %s, %v, want %s", len(there), got, err, sum)
	}
	if o := runCommand(t, nil, c.get(v, remote, local)); o.code != 0 {
		t.Fatalf("get: %+v", o)
	}
	back, err := os.ReadFile(local)
	if got := fmt.Sprintf("%x", sha256.Sum256(back)); got != sum {
		t.Errorf("get: %d bytes, %s, %v, want %s", len(back), got, err, sum)
	}
	remove(t, local)
}

// visit is an instance as alice's clients see it.
type visit struct {
	*instance
	port, folder string // folder has what clients need
	hostKey      string // SHA256:...
}

// newVisit makes what clients want of keys and of known hosts, each in its way.
func newVisit(i *instance) *visit {
	i.t.Helper()
	v := &visit{instance: i, folder: i.t.TempDir(), hostKey: ssh.FingerprintSHA256(i.hostKey)}
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
		"dropbear-ssh":     "#!/bin/sh\nexec dbclient -i " + v.file("key.dropbear") + " \"$@\"\n",
		"with_paramiko.py": paramikoScript,
		"with_asyncssh.py": asyncsshScript,
	} {
		if err := os.WriteFile(v.file(name), []byte(text), 0o700); err != nil {
			i.t.Fatal(err)
		}
	}
	return v
}

func (v *visit) file(name string) string { return filepath.Join(v.folder, name) }

// command runs a client in the folder that has its files.
func (v *visit) command(name string, args ...string) *exec.Cmd {
	c := command(v.t, name, args...)
	c.Env = append(c.Env, "HOME="+v.folder)
	c.Dir = v.folder
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

// sftp is a command of sftp, psftp and lftp.
func sftp(verb, from, to string) string { return fmt.Sprintf("%s %q %q\n", verb, from, to) }

func (v *visit) batch(c *exec.Cmd, commands string) *exec.Cmd {
	c.Stdin = strings.NewReader(commands)
	return c
}

func (v *visit) stockSFTP(commands string) *exec.Cmd {
	return v.batch(command(v.t, "sftp", append(v.options("alice"), "-b", "-", alice)...), commands)
}

func (v *visit) psftp(commands string) *exec.Cmd {
	path := v.file("psftp")
	if err := os.WriteFile(path, []byte(commands), 0o600); err != nil {
		v.t.Fatal(err)
	}
	return v.putty("psftp", "-b", path, alice)
}

// lftp starts ssh(1) with what it is told here.
func (v *visit) lftp(commands string) *exec.Cmd {
	program := "ssh -a -x " + strings.Join(v.options("alice"), " ")
	return v.command("lftp", "--norc", "-c", fmt.Sprintf("set sftp:connect-program %q; set cmd:fail-exit true; set net:max-retries 1; open sftp://alice:@127.0.0.1:%s; %s", program, v.port, commands))
}

func (v *visit) curl(remote string, args ...string) *exec.Cmd {
	hash, err := base64.RawStdEncoding.DecodeString(strings.TrimPrefix(v.hostKey, "SHA256:"))
	if err != nil {
		v.t.Fatal(err)
	}
	where := &url.URL{Scheme: "sftp", Host: v.listen, Path: "/~/" + remote}
	return v.command("curl", append([]string{
		"-sS", "--user", "alice:", "--key", v.key("alice"), "--pubkey", v.key("alice") + ".pub",
		"--hostpubsha256", base64.StdEncoding.EncodeToString(hash), where.String(),
	}, args...)...)
}

func (v *visit) rclone(from, to string) *exec.Cmd {
	return v.command("rclone", "--config=/dev/null", "--sftp-host=127.0.0.1", "--sftp-port="+v.port, "--sftp-user=alice",
		"--sftp-key-file="+v.key("alice"), "--sftp-known-hosts-file="+filepath.Join(v.dir, "known_hosts"), "copyto", from, to)
}

const alice = "alice@127.0.0.1"

func otherClients() []otherClient {
	return []otherClient{
		{
			name:  "ssh",
			exec:  func(v *visit, command string) *exec.Cmd { return v.sshCommand("alice", "--", command) },
			shell: func(v *visit) *exec.Cmd { return v.sshCommand("alice") },
			put:   func(v *visit, local, remote string) *exec.Cmd { return v.stockSFTP(sftp("put", local, remote)) },
			get:   func(v *visit, remote, local string) *exec.Cmd { return v.stockSFTP(sftp("get", remote, local)) },
		},
		{
			name: "scp",
			put: func(v *visit, local, remote string) *exec.Cmd {
				return v.command("scp", append(v.options("alice"), local, alice+":"+remote)...)
			},
			get: func(v *visit, remote, local string) *exec.Cmd {
				return v.command("scp", append(v.options("alice"), alice+":"+remote, local)...)
			},
		},
		{
			name:  "plink",
			exec:  func(v *visit, command string) *exec.Cmd { return v.putty("plink", alice, command) },
			shell: func(v *visit) *exec.Cmd { return v.putty("plink", "-T", alice) },
		},
		{
			name: "psftp",
			put:  func(v *visit, local, remote string) *exec.Cmd { return v.psftp(sftp("put", local, remote)) },
			get:  func(v *visit, remote, local string) *exec.Cmd { return v.psftp(sftp("get", remote, local)) },
		},
		{
			name: "pscp",
			put:  func(v *visit, local, remote string) *exec.Cmd { return v.putty("pscp", local, alice+":"+remote) },
			get:  func(v *visit, remote, local string) *exec.Cmd { return v.putty("pscp", alice+":"+remote, local) },
		},
		{
			name:  "dbclient",
			exec:  func(v *visit, command string) *exec.Cmd { return v.dropbear(alice, command) },
			shell: func(v *visit) *exec.Cmd { return v.dropbear("-T", alice) },
			put: func(v *visit, local, remote string) *exec.Cmd {
				return v.command("scp", "-S", v.file("dropbear-ssh"), "-P", v.port, local, alice+":"+remote)
			},
			get: func(v *visit, remote, local string) *exec.Cmd {
				return v.command("scp", "-S", v.file("dropbear-ssh"), "-P", v.port, alice+":"+remote, local)
			},
		},
		{
			name: "lftp",
			put: func(v *visit, local, remote string) *exec.Cmd {
				return v.lftp(fmt.Sprintf("put %q -o %q", local, remote))
			},
			get: func(v *visit, remote, local string) *exec.Cmd {
				return v.lftp(fmt.Sprintf("get %q -o %q", remote, local))
			},
		},
		pythonClient("paramiko"),
		pythonClient("asyncssh"),
		{
			name: "curl",
			put:  func(v *visit, local, remote string) *exec.Cmd { return v.curl(remote, "-T", local) },
			get:  func(v *visit, remote, local string) *exec.Cmd { return v.curl(remote, "-o", local) },
		},
		{
			name: "rclone",
			put:  func(v *visit, local, remote string) *exec.Cmd { return v.rclone(local, ":sftp:"+remote) },
			get:  func(v *visit, remote, local string) *exec.Cmd { return v.rclone(":sftp:"+remote, local) },
		},
	}
}

// pythonClient is a library of Python's, behind a script of its own.
func pythonClient(name string) otherClient {
	script := func(v *visit, words ...string) *exec.Cmd { return v.python("with_"+name+".py", words...) }
	return otherClient{
		name:  name,
		exec:  func(v *visit, command string) *exec.Cmd { return script(v, "exec", command) },
		shell: func(v *visit) *exec.Cmd { return script(v, "shell") },
		put:   func(v *visit, local, remote string) *exec.Cmd { return script(v, "put", local, remote) },
		get:   func(v *visit, remote, local string) *exec.Cmd { return script(v, "get", remote, local) },
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
