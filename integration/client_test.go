package integration

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
)

// options are ssh's and scp's: nothing of whoever runs the tests matters.
func (i *instance) options(name string) []string {
	_, port, _ := net.SplitHostPort(i.listen)
	return []string{
		"-F", "none", "-i", i.key(name),
		"-o", "Port=" + port, "-o", "BatchMode=yes", "-o", "IdentitiesOnly=yes", "-o", "IdentityAgent=none",
		"-o", "StrictHostKeyChecking=yes", "-o", "UserKnownHostsFile=" + filepath.Join(i.dir, "known_hosts"),
		"-o", "GlobalKnownHostsFile=none", "-o", "LogLevel=ERROR", "-o", "ConnectTimeout=30",
	}
}

// sshCommand is the stock client, ready to log name in. args are further options,
// then "--" and a command, if any.
func (i *instance) sshCommand(name string, args ...string) *exec.Cmd {
	i.t.Helper()
	options, words := args, []string(nil)
	for n, a := range args {
		if a == "--" {
			options, words = args[:n], args[n+1:]
			break
		}
	}
	line := append(slices.Clone(options), i.options(name)...) // ssh takes the first of each
	line = append(line, name+"@127.0.0.1")
	if len(words) > 0 {
		line = append(line, "--")
	}
	all := i.within(append(append([]string{"ssh"}, line...), words...))
	return command(i.t, all[0], all[1:]...)
}

// ssh runs the stock client to its end.
func (i *instance) ssh(name string, args ...string) output {
	i.t.Helper()
	return runCommand(i.t, nil, i.sshCommand(name, args...))
}

// sh runs a command in the user's jail over ssh, and returns what it writes. It
// must succeed.
func (i *instance) sh(name, script string) string {
	i.t.Helper()
	o := i.ssh(name, "--", script)
	if o.code != 0 {
		i.t.Fatalf("%s: %s: status %d\n%s%s", name, script, o.code, o.out, o.err)
	}
	return strings.TrimSpace(o.out)
}

// refused checks that a login didn't succeed, and that the client was told
// nothing but that.
func refused(t *testing.T, o output) {
	t.Helper()
	want := "Permission denied (publickey)."
	if o.code != 255 || o.out != "" || !strings.HasSuffix(strings.TrimSpace(o.err), want) || strings.Count(o.err, "\n") > 1 {
		t.Errorf("not refused like a wrong key: status %d\n%s%s", o.code, o.out, o.err)
	}
}

// client is a logged-in client of our own, for what the stock one doesn't do.
// from is the address to come from, "" for any.
func (i *instance) client(name, from string) *ssh.Client {
	i.t.Helper()
	c, err := i.dial(name, from)
	if err != nil {
		i.t.Fatal(err)
	}
	return c
}

func (i *instance) dial(name, from string) (*ssh.Client, error) {
	i.t.Helper()
	nc := i.connect(from)
	if err := nc.SetDeadline(time.Now().Add(patience)); err != nil {
		return nil, err
	}
	sc, channels, requests, err := ssh.NewClientConn(nc, i.listen, i.config(name, name))
	if err != nil {
		nc.Close()
		return nil, err
	}
	c := ssh.NewClient(sc, channels, requests)
	i.t.Cleanup(func() { c.Close() })
	return c, nc.SetDeadline(time.Now().Add(3 * patience))
}

// config is that of a client who has the key of the person called key.
func (i *instance) config(name, key string) *ssh.ClientConfig {
	i.t.Helper()
	return &ssh.ClientConfig{
		User: name, Auth: []ssh.AuthMethod{ssh.PublicKeys(i.signer(key))}, HostKeyCallback: ssh.FixedHostKey(i.hostKey),
	}
}

// connect opens a TCP connection, with a deadline for all that is done with it.
func (i *instance) connect(from string) net.Conn {
	i.t.Helper()
	d := net.Dialer{Timeout: patience}
	if from != "" {
		d.LocalAddr = &net.TCPAddr{IP: net.ParseIP(from)}
	}
	nc, err := d.DialContext(i.t.Context(), "tcp", i.listen)
	if err != nil {
		i.t.Fatal(err)
	}
	i.t.Cleanup(func() { nc.Close() })
	if err := nc.SetDeadline(time.Now().Add(3 * patience)); err != nil {
		i.t.Fatal(err)
	}
	return nc
}

func (i *instance) signer(name string) ssh.Signer {
	i.t.Helper()
	text, err := os.ReadFile(i.key(name))
	if err != nil {
		i.t.Fatal(err)
	}
	signer, err := ssh.ParsePrivateKey(text)
	if err != nil {
		i.t.Fatal(err)
	}
	return signer
}
