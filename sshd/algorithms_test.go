package sshd

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"net"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/jailsh/jailsh/internal/wire"
	"golang.org/x/crypto/ssh"
)

// Everything that is offered works, alone.
func TestEachAlgorithmWorks(t *testing.T) {
	t.Parallel()
	f := start(t)
	try := func(name string, change func(*ssh.ClientConfig)) {
		cfg := f.clientConfig("alice", f.key)
		change(cfg)
		c, err := ssh.Dial("tcp", f.addr, cfg)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			return
		}
		c.Close()
	}
	for _, a := range append(keyExchanges(), "curve25519-sha256@libssh.org") {
		try(a, func(c *ssh.ClientConfig) { c.KeyExchanges = []string{a} })
	}
	for _, a := range ciphers() {
		for _, m := range macs() {
			try(a+" "+m, func(c *ssh.ClientConfig) { c.Ciphers, c.MACs = []string{a}, []string{m} })
		}
	}
}

// What the library knows and we don't offer doesn't work.
func TestOtherAlgorithmsAreRefused(t *testing.T) {
	t.Parallel()
	f := start(t)
	try := func(name string, change func(*ssh.ClientConfig)) {
		cfg := f.clientConfig("alice", f.key)
		change(cfg)
		if c, err := ssh.Dial("tcp", f.addr, cfg); err == nil {
			c.Close()
			t.Errorf("%s works", name)
		}
	}
	for _, list := range []ssh.Algorithms{ssh.SupportedAlgorithms(), ssh.InsecureAlgorithms()} {
		for _, a := range list.KeyExchanges {
			if !slices.Contains(keyExchanges(), a) {
				try(a, func(c *ssh.ClientConfig) { c.KeyExchanges = []string{a} })
			}
		}
		for _, a := range list.Ciphers {
			if !slices.Contains(ciphers(), a) {
				try(a, func(c *ssh.ClientConfig) { c.Ciphers = []string{a} })
			}
		}
		for _, a := range list.MACs {
			if !slices.Contains(macs(), a) {
				try(a, func(c *ssh.ClientConfig) { c.Ciphers, c.MACs = []string{ssh.CipherAES128CTR}, []string{a} })
			}
		}
	}
}

// Users' keys of every kind that is served, and a signature with SHA-1.
func TestKindsOfUsersKeys(t *testing.T) {
	t.Parallel()
	f := start(t)
	rsaKey := signerOf(t, newRSA(t))
	for name, key := range map[string]ssh.Signer{
		"ecdsa 256": signerOf(t, newECDSA(t, elliptic.P256())), "ecdsa 384": signerOf(t, newECDSA(t, elliptic.P384())),
		"ecdsa 521":    signerOf(t, newECDSA(t, elliptic.P521())),
		"rsa-sha2-256": restrict(t, rsaKey, ssh.KeyAlgoRSASHA256), "rsa-sha2-512": restrict(t, rsaKey, ssh.KeyAlgoRSASHA512),
	} {
		f.broker.allow("alice", key.PublicKey(), everything())
		c, err := ssh.Dial("tcp", f.addr, f.clientConfig("alice", key))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		c.Close()
	}
	f.broker.allow("alice", rsaKey.PublicKey(), everything())
	if _, err := ssh.Dial("tcp", f.addr, f.clientConfig("alice", restrict(t, rsaKey, ssh.KeyAlgoRSA))); err == nil {
		t.Error("ssh-rsa, with SHA-1, works")
	}
}

// The host's keys: ed25519 and RSA, which signs with SHA-2 only; each signature
// is the broker's.
func TestHostKeys(t *testing.T) {
	t.Parallel()
	rsaKey := signerOf(t, newRSA(t))
	f := start(t, func(f *fixture, _ *wire.NetConfig) { f.broker.host = append(f.broker.host, rsaKey) })
	for algorithm, works := range map[string]bool{
		ssh.KeyAlgoED25519: true, ssh.KeyAlgoRSASHA256: true, ssh.KeyAlgoRSASHA512: true, ssh.KeyAlgoRSA: false, ssh.KeyAlgoECDSA256: false,
	} {
		host := rsaKey
		if algorithm == ssh.KeyAlgoED25519 {
			host = f.broker.host[0]
		}
		cfg := f.clientConfigFor(host, "alice", f.key)
		cfg.HostKeyAlgorithms = []string{algorithm}
		c, err := ssh.Dial("tcp", f.addr, cfg)
		if (err == nil) != works {
			t.Errorf("%s: %v", algorithm, err)
		}
		if err == nil {
			c.Close()
		}
	}
}

func TestNewRefusesHostKeys(t *testing.T) {
	t.Parallel()
	ecdsaKey := signerOf(t, newECDSA(t, elliptic.P256()))
	for want, keys := range map[string][][]byte{
		"none configured": nil, "host key 1: ssh: ": {[]byte("x")}, "type ecdsa-sha2-nistp256: not served": {ecdsaKey.PublicKey().Marshal()},
	} {
		_, err := New(&wire.NetConfig{HostKeys: keys}, newFakeBroker())
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, without %q", err, want)
		}
	}
}

// ssh-audit knows what has been broken. Of a server that warns of nothing it
// says [warn] about two names that Debian's version 2.5.0 (2021) is too old to
// know, and only that it doesn't know them: the mark of strict key exchange (of
// December 2023, against CVE-2023-48795), which is no algorithm; and the
// post-quantum exchange (2024), without which recordings of today are read
// tomorrow. Newer versions know both.
func TestSSHAudit(t *testing.T) {
	t.Parallel()
	rsaKey := signerOf(t, newRSA(t))
	f := start(t, func(f *fixture, _ *wire.NetConfig) { f.broker.host = append(f.broker.host, rsaKey) })
	path, err := exec.LookPath("ssh-audit")
	if err != nil {
		t.Fatal("ssh-audit isn't installed - run: apt-get install ssh-audit")
	}
	host, port, _ := net.SplitHostPort(f.addr)
	out, errs, _ := f.run(exec.Command(path, "-n", "-p", port, host))
	if !strings.Contains(out, "(kex) curve25519-sha256 ") || !strings.Contains(out, "(key) rsa-sha2-512 ") {
		t.Fatalf("no audit:\n%s%s", out, errs)
	}
	unknown := regexp.MustCompile(`^\(kex\) (mlkem768x25519-sha256|kex-strict-s-v00@openssh\.com) +-- \[warn\] unknown algorithm$`)
	for line := range strings.Lines(out) {
		line = strings.TrimRight(line, "\n")
		if (strings.Contains(line, "[fail]") || strings.Contains(line, "[warn]")) && !unknown.MatchString(line) {
			t.Error(line)
		}
	}
	if t.Failed() {
		t.Log(out)
	}
}

func newRSA(t testing.TB) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 3072)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func newECDSA(t testing.TB, curve elliptic.Curve) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func signerOf(t testing.TB, key any) ssh.Signer {
	t.Helper()
	s, err := ssh.NewSignerFromKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func restrict(t testing.TB, key ssh.Signer, algorithm string) ssh.Signer {
	t.Helper()
	s, err := ssh.NewSignerWithAlgorithms(key.(ssh.AlgorithmSigner), []string{algorithm})
	if err != nil {
		t.Fatal(err)
	}
	return s
}
