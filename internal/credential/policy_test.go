package credential

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"slices"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
)

func signer(t *testing.T, key crypto.Signer) ssh.Signer {
	t.Helper()
	s, err := ssh.NewSignerFromSigner(key)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func certificate(t *testing.T, key, authority ssh.Signer) ssh.PublicKey {
	t.Helper()
	cert := &ssh.Certificate{Key: key.PublicKey(), CertType: ssh.UserCert}
	if err := cert.SignCert(rand.Reader, authority); err != nil {
		t.Fatal(err)
	}
	return cert
}

func TestPolicy(t *testing.T) {
	t.Parallel()
	_, secret, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	small, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	large, err := rsa.GenerateKey(rand.Reader, 3072)
	if err != nil {
		t.Fatal(err)
	}
	curve, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ed, rsa2048, rsa3072, ec := signer(t, secret), signer(t, small), signer(t, large), signer(t, curve)
	const edCert, rsa512, rsa256Cert = "ssh-ed25519-cert-v01@openssh.com", "rsa-sha2-512", "rsa-sha2-256-cert-v01@openssh.com"
	strict := Policy{Algorithms: []string{edCert, rsa512, rsa256Cert}, RSABits: 3072}
	for _, c := range []struct {
		name    string
		policy  Policy
		key     ssh.PublicKey
		format  string
		offered string // "": good
		signed  string
	}{
		{"ed25519", Default(), ed.PublicKey(), "ssh-ed25519", "", ""},
		{"ed25519 with another format", Default(), ed.PublicKey(), "rsa-sha2-256", "", "the signature is of the type rsa-sha2-256, which"},
		{"nistp384", Default(), ec.PublicKey(), "ecdsa-sha2-nistp384", "", ""},
		{"RSA", Default(), rsa2048.PublicKey(), "rsa-sha2-256", "", ""},
		{"RSA with SHA-1", Default(), rsa2048.PublicKey(), "ssh-rsa", "", "the signature is of the type ssh-rsa"},
		{"certificate", Default(), certificate(t, ed, rsa2048), "ssh-ed25519", "", ""},
		{"certificates only", strict, ed.PublicKey(), "ssh-ed25519", "the key is of the type ssh-ed25519, which", "the signature is of the type ssh-ed25519"},
		{"certificates only, with one", strict, certificate(t, ed, ed), "ssh-ed25519", "", ""},
		{"left out", strict, ec.PublicKey(), "ecdsa-sha2-nistp384", "the key is of the type ecdsa-sha2-nistp384, which", "the signature is of the type ecdsa"},
		{"small", strict, rsa2048.PublicKey(), "rsa-sha2-512", "the key is an RSA key of 2048 bits, fewer than required_rsa_size", ""},
		{"small in a certificate", strict, certificate(t, rsa2048, ed), "rsa-sha2-256", "the certificate's key is an RSA key of 2048 bits", ""},
		{"small authority", strict, certificate(t, ed, rsa2048), "ssh-ed25519", "the certificate's authority is an RSA key of 2048 bits", ""},
		{"large", strict, rsa3072.PublicKey(), "rsa-sha2-512", "", ""},
		{"large, with the other hash", strict, rsa3072.PublicKey(), "rsa-sha2-256", "", "the signature is of the type rsa-sha2-256"},
		{"large in a certificate", strict, certificate(t, rsa3072, rsa3072), "rsa-sha2-256", "", ""},
		{"large in a certificate, with the other hash", strict, certificate(t, rsa3072, rsa3072), "rsa-sha2-512", "", "the signature is of the type rsa-sha2-512"},
	} {
		for what, got := range map[string][2]string{
			"offered": {c.policy.Offered(c.key), c.offered}, "signed": {c.policy.Signed(c.key, c.format), c.signed},
		} {
			if (got[0] == "") != (got[1] == "") || !strings.HasPrefix(got[0], got[1]) {
				t.Errorf("%s: %s: %q, want %q", c.name, what, got[0], got[1])
			}
		}
	}
	if got := strict.Signatures(); !slices.Equal(got, []string{"ssh-ed25519", "rsa-sha2-512", "rsa-sha2-256"}) {
		t.Errorf("signatures %v", got)
	}
	if got := Default().Signatures(); !slices.Equal(got, Signatures()) {
		t.Errorf("signatures %v", got)
	}
	for _, name := range []string{"sk-ssh-ed25519-cert-v01@openssh.com", "sk-ecdsa-sha2-nistp256-cert-v01@openssh.com", "ecdsa-sha2-nistp521-cert-v01@openssh.com", "rsa-sha2-512-cert-v01@openssh.com"} {
		if !slices.Contains(Algorithms(), name) {
			t.Errorf("%s is missing", name)
		}
	}
}
