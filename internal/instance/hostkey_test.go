package instance

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jailsh/jailsh/internal/config"
	"golang.org/x/crypto/ssh"
	"golang.org/x/sys/unix"
)

func pemKey(t *testing.T, key crypto.PrivateKey, passphrase string) []byte {
	t.Helper()
	var block *pem.Block
	var err error
	if passphrase != "" {
		block, err = ssh.MarshalPrivateKeyWithPassphrase(key, "", []byte(passphrase))
	} else {
		block, err = ssh.MarshalPrivateKey(key, "")
	}
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(block)
}

func newEd25519(t *testing.T) ed25519.PrivateKey {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func newRSA(t *testing.T, bits int) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// dsaKey is the beginning of a DSA key in OpenSSH's format (PROTOCOL.key), with
// nothing of the key itself.
func dsaKey() []byte {
	key := ssh.Marshal(struct {
		Cipher, KDF, Options string
		Keys                 uint32
		Public, Private      []byte
	}{
		"none", "none", "", 1,
		ssh.Marshal(struct{ Type string }{"ssh-dss"}),
		ssh.Marshal(struct {
			Check, Again uint32
			Type         string
		}{1, 1, "ssh-dss"}),
	})
	return pem.EncodeToMemory(&pem.Block{Type: "OPENSSH PRIVATE KEY", Bytes: append([]byte("openssh-key-v1\x00"), key...)})
}

func write(t *testing.T, path string, content []byte, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(path, content, mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

func TestLoadHostKey(t *testing.T) {
	t.Parallel()
	weak, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	good := pemKey(t, newEd25519(t), "")
	public := ssh.MarshalAuthorizedKey(newSigner(t).PublicKey())
	for _, test := range []struct {
		name  string
		make  func(path string)
		wants string // in the problem; empty: the key is good
	}{
		{"ed25519", func(p string) { write(t, p, good, 0o600) }, ""},
		{"read only", func(p string) { write(t, p, good, 0o400) }, ""},
		{"rsa of 3072 bits", func(p string) { write(t, p, pemKey(t, newRSA(t, 3072), ""), 0o600) }, ""},
		{"rsa of 2048 bits", func(p string) { write(t, p, pemKey(t, newRSA(t, 2048), ""), 0o600) }, "RSA key of 2048 bits, less than 3072 - move it away, and make one with: ssh-keygen"},
		{"ecdsa", func(p string) { write(t, p, pemKey(t, weak, ""), 0o600) }, "ECDSA"},
		{"dsa", func(p string) { write(t, p, dsaKey(), 0o600) }, "is of a kind that OpenSSH has given up - move it away, and make one with: ssh-keygen"},
		{"missing", func(string) {}, "doesn't exist - make one with: ssh-keygen -q"},
		{"read by the group", func(p string) { write(t, p, good, 0o640) }, "may be read by others (mode 0640): the key is no secret - run: chmod 600"},
		{"passphrase", func(p string) { write(t, p, pemKey(t, newEd25519(t), "secret"), 0o600) }, "passphrase"},
		{"garbage", func(p string) { write(t, p, []byte("hello\n"), 0o600) }, "no private key"},
		{"empty", func(p string) { write(t, p, nil, 0o600) }, "no private key"},
		{"public key", func(p string) { write(t, p, []byte("ssh-ed25519 AAAA x\n"), 0o600) }, "no private key"},
		{"public half", func(p string) { write(t, p, public, 0o644) }, `is the public half of a host key - name the private key, not the .pub file: "`},
		{"large", func(p string) { write(t, p, append(good, make([]byte, maxHostKey)...), 0o600) }, "more than the 65536 bytes"},
		{"folder", func(p string) { _ = os.Mkdir(p, 0o700) }, "not a regular file"},
		{"fifo", func(p string) { _ = unix.Mkfifo(p, 0o600) }, "not a regular file"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "key")
			test.make(path)
			key, problem := LoadHostKey(path)
			switch {
			case test.wants == "" && problem != nil:
				t.Errorf("%v", problem)
			case test.wants == "" && key == nil:
				t.Error("no key")
			case test.wants != "" && problem == nil:
				t.Error("accepted")
			case test.wants != "" && !strings.Contains(problem.Error(), test.wants):
				t.Errorf("%v, which lacks %q", problem, test.wants)
			case problem != nil && (problem.File != path || problem.Fix == ""):
				t.Errorf("%v: without its file or a fix", problem)
			}
		})
	}
}

// What is advised is the name without .pub, also of a certificate.
func TestPublicHalf(t *testing.T) {
	t.Parallel()
	key := newSigner(t)
	for name, src := range map[string][]byte{
		"key.pub":      ssh.MarshalAuthorizedKey(key.PublicKey()),
		"key-cert.pub": ssh.MarshalAuthorizedKey(hostCertificate(t, key.PublicKey(), newSigner(t), nil)),
	} {
		path := filepath.Join(t.TempDir(), name)
		write(t, path, src, 0o644)
		_, problem := LoadHostKey(path)
		if want := filepath.Join(filepath.Dir(path), "key"); problem == nil || !strings.HasSuffix(problem.Fix, `.pub file: "`+want+`"`) {
			t.Errorf("%v, want %s", problem, want)
		}
	}
}

func TestLoadHostKeyOfSomebodyElse(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Fatal("run the tests as root: only root can give a file away")
	}
	path := filepath.Join(t.TempDir(), "key")
	write(t, path, pemKey(t, newEd25519(t), ""), 0o600)
	if err := os.Chown(path, 12345, 12345); err != nil {
		t.Fatal(err)
	}
	if _, problem := LoadHostKey(path); problem == nil || !strings.Contains(problem.What, "belongs to somebody else") {
		t.Errorf("problem: %v", problem)
	}
}

// All keys are looked at, and one bad key leaves none: a server that starts with
// half of its keys would look like another host to some of its clients.
func TestHostKeysReportsEach(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	good, bad, missing := filepath.Join(dir, "good"), filepath.Join(dir, "bad"), filepath.Join(dir, "missing")
	write(t, good, pemKey(t, newEd25519(t), ""), 0o600)
	write(t, bad, pemKey(t, newEd25519(t), ""), 0o644)
	i := &Instance{Config: &config.Config{HostKeys: []string{bad, good, missing}}}
	keys, err := i.HostKeys()
	if err == nil || keys != nil {
		t.Fatalf("%d keys, error %v", len(keys), err)
	}
	if lines := strings.Split(err.Error(), "\n"); len(lines) != 2 || !strings.HasPrefix(lines[0], bad+":") || !strings.HasPrefix(lines[1], missing+":") {
		t.Errorf("problems:\n%v", err)
	}
	i.Config.HostKeys = []string{good}
	if keys, err := i.HostKeys(); err != nil || len(keys) != 1 {
		t.Errorf("%d keys, error %v", len(keys), err)
	}
}
