package integration

import (
	"bufio"
	"crypto/rand"
	"crypto/rsa"
	"encoding/pem"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
)

// unknown are algorithms that a release of ssh-audit has not heard of: 2.5.0 of
// Debian 12 is older than both. The first is the post-quantum key exchange that
// OpenSSH has by default since 10.0, the second no algorithm but the sign that
// the server is safe from Terrapin (CVE-2023-48795).
func unknown() []string {
	return []string{
		"(kex) mlkem768x25519-sha256 -- [warn] unknown algorithm",
		"(kex) kex-strict-s-v00@openssh.com -- [warn] unknown algorithm",
	}
}

// ssh-audit finds no failure and no warning, whichever host keys there are.
func TestAudit(t *testing.T) {
	t.Parallel()
	i := newInstance(t)
	key, err := rsa.GenerateKey(rand.Reader, 3072)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(key, "")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(i.dir, "host_rsa_key"), pem.EncodeToMemory(block), 0o600); err != nil {
		t.Fatal(err)
	}
	i.server = `host_keys = ["host_ed25519_key", "host_rsa_key"]`
	i.start()
	_, port, _ := strings.Cut(i.anonymous(), ":")
	o := run(t, nil, "ssh-audit", "-n", "-p", port, "127.0.0.1")
	for _, want := range []string{"(kex) curve25519-sha256 ", "(key) ssh-ed25519 ", "(key) rsa-sha2-512 ", "(enc) chacha20-poly1305@openssh.com ", "(mac) hmac-sha2-256-etm@openssh.com "} {
		if !strings.Contains(o.out, "\n"+want) {
			t.Errorf("ssh-audit doesn't report %s", want)
		}
	}
	for line := range strings.Lines(o.out) {
		short := strings.Join(strings.Fields(line), " ")
		if strings.Contains(line, "[fail]") || strings.Contains(line, "[warn]") && !slices.Contains(unknown(), short) {
			t.Errorf("ssh-audit: %s", short)
		}
	}
	if t.Failed() {
		t.Logf("status %d: %s\n%s", o.code, o.err, o.out)
	}
	// Each key is proven to the stock client.
	for _, algorithm := range []string{"ssh-ed25519", "rsa-sha2-512", "rsa-sha2-256"} {
		o := i.ssh("alice", "-o", "HostKeyAlgorithms="+algorithm, "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "--", "echo in")
		if o.out != "in\n" {
			t.Errorf("%s: %+v", algorithm, o)
		}
	}
	for _, weak := range []string{"HostKeyAlgorithms=ssh-rsa", "KexAlgorithms=diffie-hellman-group14-sha256", "Ciphers=aes128-cbc", "MACs=hmac-sha1"} {
		args := []string{"-o", "LogLevel=INFO", "-o", weak, "--", "true"}
		if strings.HasPrefix(weak, "MACs=") {
			args = append([]string{"-o", "Ciphers=aes128-ctr"}, args...) // the others need no MAC
		}
		if o := i.ssh("alice", args...); o.code != 255 || !strings.Contains(o.err, "no matching") {
			t.Errorf("%s: %+v", weak, o)
		}
	}
}

// anonymous is the address of a relay to the instance that tells it of another
// client than it has: ssh-audit says that it is OpenSSH's, which is offered the
// fastest ciphers alone.
func (i *instance) anonymous() string {
	i.t.Helper()
	return accepting(i.t, func(client net.Conn) {
		defer client.Close()
		server, err := net.Dial("tcp", i.listen)
		if err != nil {
			return
		}
		said := bufio.NewReader(client)
		if _, err := said.ReadString('\n'); err != nil {
			server.Close()
			return
		}
		between(client, io.MultiReader(strings.NewReader("SSH-2.0-audit\r\n"), said), server)
	})
}
