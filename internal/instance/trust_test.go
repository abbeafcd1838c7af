package instance

import (
	"crypto/rand"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
)

func newSigner(t *testing.T) ssh.Signer {
	t.Helper()
	s, err := ssh.NewSignerFromSigner(newEd25519(t))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func line(k ssh.PublicKey) string { return strings.TrimSpace(string(ssh.MarshalAuthorizedKey(k))) }

func hostCertificate(t *testing.T, key ssh.PublicKey, authority ssh.Signer, change func(*ssh.Certificate)) *ssh.Certificate {
	t.Helper()
	c := &ssh.Certificate{Key: key, CertType: ssh.HostCert, ValidPrincipals: []string{"a", "b"}, ValidBefore: ssh.CertTimeInfinity}
	if change != nil {
		change(c)
	}
	if err := c.SignCert(rand.Reader, authority); err != nil {
		t.Fatal(err)
	}
	return c
}

// The authorities of jailsh.toml and of the files that it names, and what is wrong
// with each.
func TestTrustedCA(t *testing.T) {
	t.Parallel()
	a, b, c := newSigner(t), newSigner(t), newSigner(t)
	weak, err := ssh.NewSignerFromKey(newRSA(t, 1024))
	if err != nil {
		t.Fatal(err)
	}
	dir := folder(t, `trusted_ca = ["`+line(a.PublicKey())+` inline", "cas"]
`, "[user.alice]\nuid = 20001\n")
	file := filepath.Join(dir, "jailsh.toml")
	write(t, filepath.Join(dir, "cas"), []byte("# two\n\n"+line(b.PublicKey())+" b\n"+line(c.PublicKey())+" c\n"), 0o644)
	i, err := Load(file)
	if err != nil {
		t.Fatal(err)
	}
	alice, _ := i.Users.User("alice")
	var got []string
	for _, ca := range i.Users.Authorities(alice) {
		got = append(got, strings.TrimPrefix(ca.Source, dir+"/")+" "+ca.Fingerprint)
	}
	want := []string{
		"jailsh.toml:1: trusted_ca[0] " + ssh.FingerprintSHA256(a.PublicKey()),
		"cas:3 " + ssh.FingerprintSHA256(b.PublicKey()), "cas:4 " + ssh.FingerprintSHA256(c.PublicKey()),
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got %q, want %q", got, want)
	}

	for name, test := range map[string]struct {
		server, cas string
		wants       []string
	}{
		"missing":     {`trusted_ca = ["nothing"]`, "", []string{"nothing: trusted_ca: doesn't exist"}},
		"empty":       {`trusted_ca = ["cas"]`, "# none\n", []string{"cas: trusted_ca: has no public key in it - "}},
		"weak":        {`trusted_ca = ["` + line(weak.PublicKey()) + `"]`, "", []string{"jailsh.toml:1: trusted_ca[0]: is an RSA key of 1024 bits"}},
		"options":     {`trusted_ca = ['cert-authority ` + line(a.PublicKey()) + `']`, "", []string{"jailsh.toml:1: trusted_ca[0]: has options in front of the key, which trusted_ca doesn't know - "}},
		"certificate": {`trusted_ca = ["cas"]`, line(hostCertificate(t, a.PublicKey(), b, nil)), []string{"cas:1: trusted_ca: is a certificate - "}},
		"several":     {`trusted_ca = ["cas", "nothing"]`, "x\n" + line(a.PublicKey()) + "\n" + line(weak.PublicKey()) + "\n", []string{"cas:1: trusted_ca: ", "cas:3: trusted_ca: is an RSA key", "nothing: "}},
		"private":     {`trusted_ca = ["cas"]`, "\n" + string(pemKey(t, newEd25519(t), "")), []string{"cas:2: trusted_ca: is not an OpenSSH public key; a private key must stay where it is - "}},
		"a mess":      {`trusted_ca = ["cas"]`, strings.Repeat("x\n", 1000), nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := folder(t, test.server, "")
			write(t, filepath.Join(dir, "users.toml"), nil, 0o600)
			write(t, filepath.Join(dir, "cas"), []byte(test.cas), 0o644)
			_, err := Load(filepath.Join(dir, "jailsh.toml"))
			lines := Problems(err)
			if test.wants == nil {
				if len(lines) != maxProblems {
					t.Errorf("%d problems", len(lines))
				}
				return
			}
			if len(lines) != len(test.wants) {
				t.Fatalf("%d problems:\n%v", len(lines), err)
			}
			for n, want := range test.wants {
				if got := strings.TrimPrefix(lines[n].Error(), dir+"/"); !strings.HasPrefix(got, want) || !strings.Contains(got, " - ") {
					t.Errorf("%s, want %s", got, want)
				}
			}
		})
	}
}

// A list that others could write says nothing.
func TestRevokedKeysOfOthers(t *testing.T) {
	t.Parallel()
	dir := folder(t, `revoked_keys = "revoked"`, "[user.alice]\nuid = 20001\n")
	write(t, filepath.Join(dir, "revoked"), nil, 0o666)
	if _, err := Load(filepath.Join(dir, "jailsh.toml")); err == nil || !strings.Contains(err.Error(), "revoked: revoked_keys: is writable by others") {
		t.Errorf("%v", err)
	}
	if err := os.Chmod(filepath.Join(dir, "revoked"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(filepath.Join(dir, "jailsh.toml")); err != nil {
		t.Errorf("%v", err)
	}
}

func TestLoadHostCertificate(t *testing.T) {
	t.Parallel()
	key, other, authority := newSigner(t), newSigner(t), newSigner(t)
	old, err := ssh.NewSignerFromKey(newRSA(t, 2048))
	if err != nil {
		t.Fatal(err)
	}
	sha1, err := ssh.NewSignerWithAlgorithms(old.(ssh.AlgorithmSigner), []string{ssh.KeyAlgoRSA})
	if err != nil {
		t.Fatal(err)
	}
	certificate := func(change func(*ssh.Certificate)) string {
		return line(hostCertificate(t, key.PublicKey(), authority, change))
	}
	forged := hostCertificate(t, key.PublicKey(), authority, nil)
	forged.Serial++
	for _, test := range []struct{ name, text, wants string }{
		{"good", certificate(nil), ""},
		{"good for every name", certificate(func(c *ssh.Certificate) { c.ValidPrincipals = nil }), ""},
		{"over", certificate(func(c *ssh.Certificate) { c.ValidBefore = 1 }), ""},
		{"early", certificate(func(c *ssh.Certificate) { c.ValidAfter = 1 << 62 }), ""},
		{"never", certificate(func(c *ssh.Certificate) { c.ValidAfter, c.ValidBefore = 2e9, 2e9 }), "is good at no time"},
		{"over, with an option", certificate(func(c *ssh.Certificate) { c.ValidBefore, c.CriticalOptions = 1, map[string]string{"x": ""} }), "is not good: "},
		{"over, of another key", line(hostCertificate(t, other.PublicKey(), authority, func(c *ssh.Certificate) { c.ValidBefore = 1 })), "is of none of host_keys"},
		{"of a user", certificate(func(c *ssh.Certificate) { c.CertType = ssh.UserCert }), "is a user's certificate, not a host's"},
		{"with an option", certificate(func(c *ssh.Certificate) { c.CriticalOptions = map[string]string{"x": ""} }), "is not good: "},
		{"of another key", line(hostCertificate(t, other.PublicKey(), authority, nil)), "is of none of host_keys"},
		{"with SHA-1", line(hostCertificate(t, key.PublicKey(), sha1, nil)), "is signed with ssh-rsa, which clients refuse"},
		{"forged", line(forged), "is not good: ssh: certificate signature does not verify"},
		{"a key", line(key.PublicKey()), "is a key, not a certificate"},
		{"garbage", "hello", "is no certificate that could be read"},
		{"nothing", "", "is no certificate that could be read"},
	} {
		path := filepath.Join(t.TempDir(), "cert")
		write(t, path, []byte(test.text), 0o644)
		cert, problem := LoadHostCertificate(path, []ssh.Signer{other, key}[1:])
		switch {
		case test.wants == "" && (problem != nil || cert == nil):
			t.Errorf("%s: %v", test.name, problem)
		case test.wants != "" && (problem == nil || !strings.HasPrefix(problem.What, test.wants) || problem.File != path || problem.Fix == ""):
			t.Errorf("%s: %v, want %s", test.name, problem, test.wants)
		}
	}
}

// A certificate that has expired, or isn't valid yet, is loaded, and says so.
func TestOutdatedHostCertificate(t *testing.T) {
	t.Parallel()
	key, authority := newSigner(t), newSigner(t)
	for name, test := range map[string]struct {
		after, before uint64
		wants         string
	}{
		"always": {0, ssh.CertTimeInfinity, ""},
		"just":   {2e9, 2e9 + 1, ""},
		"over":   {0, 2e9, "has expired"},
		"early":  {2e9 + 1, ssh.CertTimeInfinity, "is not valid yet"},
	} {
		dir := folder(t, `host_certificates = ["cert"]`, "[user.alice]\nuid = 20001\n")
		cert := hostCertificate(t, key.PublicKey(), authority, func(c *ssh.Certificate) { c.ValidAfter, c.ValidBefore = test.after, test.before })
		path := filepath.Join(dir, "cert")
		write(t, path, []byte(line(cert)), 0o644)
		i, err := Load(filepath.Join(dir, "jailsh.toml"))
		if err != nil {
			t.Fatal(err)
		}
		certs, err := i.HostCertificates([]ssh.Signer{key})
		if err != nil || len(certs) != 1 {
			t.Errorf("%s: %v, %v", name, certs, err)
			continue
		}
		problem := certs[0].Outdated(time.Unix(2e9, 0))
		switch {
		case test.wants == "" && problem != nil:
			t.Errorf("%s: %v", name, problem)
		case test.wants != "" && (problem == nil || !strings.HasPrefix(problem.What, test.wants) || problem.File != path || problem.Fix == ""):
			t.Errorf("%s: %v, want %s", name, problem, test.wants)
		}
	}
}
