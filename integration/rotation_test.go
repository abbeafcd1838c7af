package integration

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
)

// The stock client learns of new host keys while it knows an old one, which can
// then be taken away: nobody is asked whether the new one is right.
func TestHostKeysAreRotated(t *testing.T) {
	t.Parallel()
	i := newInstance(t)
	next := writeKey(t, filepath.Join(i.dir, "host_next_key"))
	rsa := filepath.Join(i.dir, "host_rsa_key")
	if o := runCommand(t, nil, command(t, "ssh-keygen", "-q", "-t", "rsa", "-b", "3072", "-N", "", "-f", rsa)); o.code != 0 {
		t.Fatal(o.err)
	}
	i.server = `host_keys = ["host_ed25519_key", "host_next_key", "host_rsa_key"]` + "\n"
	i.start()
	known := func() string {
		text, err := os.ReadFile(filepath.Join(i.dir, "known_hosts"))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	old, fresh := line(i.hostKey), line(next)
	// learn stays logged in until known_hosts is as wanted.
	learn := func(wanted func(known string) bool) {
		t.Helper()
		c := i.sshCommand("alice", "-o", "UpdateHostKeys=yes", "--", "cat")
		in, err := c.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		eventually(t, patience, func() string {
			if text := known(); !wanted(text) {
				return text
			}
			return ""
		})
		in.Close()
		if err := c.Wait(); err != nil {
			t.Error(err)
		}
	}
	learn(func(known string) bool {
		return strings.Contains(known, old) && strings.Contains(known, fresh) && strings.Contains(known, "ssh-rsa ")
	})
	i.stop()
	i.server = `host_keys = ["host_next_key", "host_rsa_key"]` + "\n"
	i.start()
	learn(func(known string) bool { return !strings.Contains(known, old) && strings.Contains(known, fresh) })
	// With the RSA key alone, whose proof is signed like the key exchange.
	if o := i.ssh("alice", "-o", "HostKeyAlgorithms=rsa-sha2-256", "-o", "UpdateHostKeys=yes", "--", "true"); o.code != 0 {
		t.Error(o)
	}
}

// line is a key as known_hosts has it.
func line(key ssh.PublicKey) string {
	return strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key)))
}
