package revoked

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
)

// bench is a folder in which ssh-keygen works.
type bench struct {
	t   *testing.T
	dir string
}

func (b bench) path(name string) string { return filepath.Join(b.dir, name) }

func (b bench) keygen(args ...string) (string, error) {
	c := exec.Command("ssh-keygen", args...)
	c.Dir = b.dir
	out, err := c.CombinedOutput()
	return string(out), err
}

func (b bench) must(args ...string) {
	b.t.Helper()
	if out, err := b.keygen(args...); err != nil {
		b.t.Fatalf("ssh-keygen %q: %v\n%s", args, err, out)
	}
}

func (b bench) write(name, text string) {
	b.t.Helper()
	if err := os.WriteFile(b.path(name), []byte(text), 0o600); err != nil {
		b.t.Fatal(err)
	}
}

func (b bench) read(name string) []byte {
	b.t.Helper()
	src, err := os.ReadFile(b.path(name))
	if err != nil {
		b.t.Fatal(err)
	}
	return src
}

func (b bench) public(name string) ssh.PublicKey {
	b.t.Helper()
	key, _, _, _, err := ssh.ParseAuthorizedKey(b.read(name))
	if err != nil {
		b.t.Fatal(err)
	}
	return key
}

// revoked is what the package says of a .pub file, asked as users asks.
func (l *List) revoked(key ssh.PublicKey) bool {
	cert, ok := key.(*ssh.Certificate)
	if !ok {
		return l.Key(key.Marshal())
	}
	authority := cert.SignatureKey.Marshal()
	return l.Key(cert.Key.Marshal()) || l.Key(authority) || l.Certificate(authority, cert.Serial, cert.KeyId)
}

// Lists of all kinds that ssh-keygen makes: of each key and certificate, revoked
// or not, we say what ssh-keygen -Q says.
func TestAgreesWithSSHKeygen(t *testing.T) {
	t.Parallel()
	b := bench{t, t.TempDir()}
	for _, name := range []string{"ca", "ca2", "alice", "bob"} {
		b.must("-q", "-t", "ed25519", "-N", "", "-C", name, "-f", name)
	}
	pubs := []string{"ca.pub", "ca2.pub", "alice.pub", "bob.pub"}
	for _, ca := range []string{"ca", "ca2"} {
		for _, serial := range []uint64{0, 1, 4, 5, 6, 9, 100, 163, 164, 1000, 5000, 1<<63 + 5, 1<<64 - 1} {
			name := fmt.Sprintf("%s-%d", ca, serial)
			b.write(name+".pub", string(b.read("alice.pub")))
			b.must("-q", "-s", ca, "-I", "id "+name, "-n", "alice", "-z", fmt.Sprint(serial), name+".pub")
			pubs = append(pubs, name+"-cert.pub")
		}
	}
	b.write("bobs.pub", string(b.read("bob.pub")))
	b.must("-q", "-s", "ca", "-I", "bob's", "-n", "bob", "-z", "77", "bobs.pub")
	pubs = append(pubs, "bobs-cert.pub")
	var many strings.Builder // becomes a bitmap
	for n := 100; n < 700; n += 2 {
		fmt.Fprintf(&many, "serial: %d\n", n)
	}
	for name, spec := range map[string]string{
		"empty":        "",
		"serials":      "serial: 1\nserial: 5\nserial: 18446744073709551615\n",
		"ranges":       "serial: 4-6\nserial: 5-9\nserial: 1000-9223372036854775813\n",
		"bitmap":       many.String(),
		"all":          "serial: 1\nserial: 4-6\nid: id ca-1000\nid: bob's\n" + many.String(),
		"ids":          "id: id ca-9\nid: id ca2-9\n",
		"key":          "key: " + string(b.read("bob.pub")),
		"sha1":         "sha1: " + string(b.read("bob.pub")),
		"sha256":       "sha256: " + string(b.read("bob.pub")),
		"authority":    "key: " + string(b.read("ca2.pub")),
		"certificates": string(b.read("ca-9-cert.pub")) + string(b.read("ca2-163-cert.pub")),
	} {
		for _, of := range []string{"ca", "none", ""} {
			list := name + "." + of
			b.write("spec", spec)
			args := []string{"-q", "-k", "-f", list, "-z", "3"}
			if of != "" {
				args = append(args, "-s", map[string]string{"ca": "ca.pub", "none": "none"}[of])
			}
			if out, err := b.keygen(append(args, "spec")...); err != nil {
				if of != "" || !strings.Contains(out, "without") && !strings.Contains(out, "CA") {
					t.Fatalf("%s: %v\n%s", list, err, out)
				}
				continue // serials and ids need an authority
			}
			l, err := Parse(list, b.read(list))
			if err != nil {
				t.Errorf("%s: %v", list, err)
				continue
			}
			said, _ := b.keygen(append([]string{"-Q", "-f", list}, pubs...)...)
			for _, pub := range pubs {
				want := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(pub) + ` .*: (ok|REVOKED)$`).FindStringSubmatch(said)
				if want == nil {
					t.Fatalf("ssh-keygen says of %s:\n%s", pub, said)
				}
				if got := l.revoked(b.public(pub)); got != (want[1] == "REVOKED") {
					t.Errorf("%s, %s: revoked %v, ssh-keygen says %s", list, pub, got, want[1])
				}
			}
		}
	}
}

// The list in the form of a file of keys.
func TestText(t *testing.T) {
	t.Parallel()
	b := bench{t, t.TempDir()}
	b.must("-q", "-t", "ed25519", "-N", "", "-C", "a comment", "-f", "alice")
	b.must("-q", "-t", "rsa", "-b", "1024", "-N", "", "-f", "weak")
	b.must("-q", "-t", "ed25519", "-N", "", "-f", "bob")
	l, err := Parse("keys", fmt.Appendf(nil, "# gone\n\n%s  %s", b.read("alice.pub"), b.read("weak.pub")))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{"alice.pub": true, "weak.pub": true, "bob.pub": false} {
		if got := l.revoked(b.public(name)); got != want {
			t.Errorf("%s: revoked %v", name, got)
		}
	}
	if (*List)(nil).Key(nil) || (*List)(nil).Certificate(nil, 0, "") {
		t.Error("no list revokes something")
	}
	b.must("-q", "-s", "bob", "-I", "x", "-n", "x", "alice.pub")
	for text, want := range map[string]string{
		"\nhello\n":                      "keys:2: is neither a key revocation list nor a public key - ",
		"ssh-ed25519 AAAA!\n":            "keys:1: has no public key: it is cut off",
		"ssh-rsa AAAAB3Nz\n":             "keys:1: has no public key of the type that it names",
		"ssh-ed25519 AAAA\n":             "keys:1: has no public key of the type that it names",
		"no-pty ssh-ed25519 A":           "keys:1: has no public key: it is cut off, or has options in front of it",
		string(b.read("alice-cert.pub")): "keys:1: is a certificate, and this a list of keys",
		strings.Repeat("x\n", 1000):      "keys:1: ",
		"# x\n" + string(b.read("bob")):  "keys:2: is not an OpenSSH public key; a private key must stay where it is - write",
		"SSHKRL":                         "keys:1: is neither",
	} {
		_, err := Parse("keys", []byte(text))
		if err == nil || !strings.HasPrefix(err.Error(), want) || !strings.Contains(err.Error(), " - ") || strings.Count(err.Error(), "\n") > maxProblems || strings.Contains(text, "BEGIN") && strings.Contains(err.Error(), "\n") {
			t.Errorf("%.40q: %v, want %s", text, err, want)
		}
	}
}

// krl is a list made by hand, for what ssh-keygen doesn't make.
type krl []byte

func newKRL(version uint32) krl {
	k := binary.BigEndian.AppendUint32(krl(magic), version)
	return append(k, make([]byte, 8+8+8+4+4)...)
}

func (k krl) bytes(b ...byte) krl { return append(slices.Clip(k), b...) }

func (k krl) string(s krl) krl {
	return append(binary.BigEndian.AppendUint32(slices.Clip(k), uint32(len(s))), s...)
}

func (k krl) uint64(n uint64) krl { return binary.BigEndian.AppendUint64(slices.Clip(k), n) }

func (k krl) sign(t *testing.T, key ssh.Signer) krl {
	t.Helper()
	k = k.bytes(sectionSignature).string(key.PublicKey().Marshal())
	sig, err := key.Sign(rand.Reader, k)
	if err != nil {
		t.Fatal(err)
	}
	return k.string(ssh.Marshal(sig))
}

func newSigner(t *testing.T) ssh.Signer {
	t.Helper()
	_, secret, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	key, err := ssh.NewSignerFromSigner(secret)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestKRL(t *testing.T) {
	t.Parallel()
	key := newSigner(t)
	certificates := func(parts krl) krl {
		return newKRL(1).bytes(sectionCertificates).string(krl{}.string(nil).string(nil).bytes(parts...))
	}
	part := func(kind byte, data krl) krl { return krl{kind}.string(data) }
	extension := func(critical byte) krl { return krl{}.string(krl("x@y")).bytes(critical).string(krl("z")) }
	keys := newKRL(1).bytes(sectionKeys).string(krl{}.string(krl("blob")))
	signed := keys.sign(t, key)
	changed := bytes.Replace(bytes.Clone(signed), []byte("blob"), []byte("blub"), 1)
	for _, c := range []struct {
		name, wants string // "": good
		src         krl
	}{
		{"header only", "", newKRL(1)},
		{"version 2", "is of version 2", newKRL(2)},
		{"cut header", "ends within a field", newKRL(1)[:20]},
		{"keys", "", keys},
		{"cut keys", "ends within a field", keys[:len(keys)-1]},
		{"signed", "", signed},
		{"signed twice", "", signed.sign(t, newSigner(t))},
		{"signed and changed", "has a signature that doesn't fit", changed},
		{"signed and cut", "ends within a field", signed[:len(signed)-1]},
		{"signed by nobody", "key that can't be read", keys.bytes(sectionSignature).string(krl("x")).string(nil)},
		{"signature of nothing", "signature that can't be read", keys.bytes(sectionSignature).string(key.PublicKey().Marshal()).string(nil)},
		{"more behind the signature", "section after its signature", append(bytes.Clone(signed), keys[len(newKRL(1)):]...)},
		{"short SHA-1", "SHA-1 fingerprint of another size", newKRL(1).bytes(sectionSHA1).string(krl{}.string(krl("x")))},
		{"short SHA-256", "SHA-256 fingerprint of another size", newKRL(1).bytes(sectionSHA256).string(krl{}.string(make(krl, 20)))},
		{"unknown section", "section of the unknown kind 9", newKRL(1).bytes(9).string(nil)},
		{"extension", "", newKRL(1).bytes(sectionExtension).string(extension(0))},
		{"critical extension", `critical extension "x@y"`, newKRL(1).bytes(sectionExtension).string(extension(1))},
		{"extension of certificates", "", certificates(part(partExtension, extension(0)))},
		{"critical extension of certificates", `critical extension "x@y"`, certificates(part(partExtension, extension(1)))},
		{"unknown part", "unknown kind 64", certificates(part(0x40, nil))},
		{"part of a serial", "ends within a field", certificates(part(partSerials, make(krl, 9)))},
		{"more than a range", "more in a section than belongs there", certificates(part(partRange, make(krl, 17)))},
		{"range backwards", "ends before it begins", certificates(part(partRange, krl{}.uint64(2).uint64(1)))},
		{"negative bitmap", "negative number", certificates(part(partBitmap, krl{}.uint64(1).string(krl{0x80})))},
		{"empty bitmap", "", certificates(part(partBitmap, krl{}.uint64(1).string(nil)))},
		{"huge count", "ends within a field", newKRL(1).bytes(sectionKeys, 0xff, 0xff, 0xff, 0xff)},
	} {
		_, err := Parse("list", c.src)
		switch {
		case c.wants == "" && err != nil:
			t.Errorf("%s: %v", c.name, err)
		case c.wants != "" && (err == nil || !strings.Contains(err.Error(), c.wants) || !strings.HasPrefix(err.Error(), "list: is no key revocation list")):
			t.Errorf("%s: %v, want %s", c.name, err, c.wants)
		}
	}
	l, err := Parse("list", signed)
	if err != nil || !l.Key([]byte("blob")) || l.Key([]byte("blub")) {
		t.Errorf("the signed list: %v", err)
	}
}

// Ranges that lie in, over and beside each other, in any order.
func TestOverlappingRanges(t *testing.T) {
	t.Parallel()
	c := certificates{serials: []span{{20, 30}, {10, 90}, {40, 41}, {95, 99}, {90, 95}, {200, 200}}}
	c.sort()
	for serial, want := range map[uint64]bool{9: false, 10: true, 50: true, 91: true, 99: true, 100: false, 199: false, 200: true, 201: false} {
		if c.has(serial) != want {
			t.Errorf("%d: %v", serial, !want)
		}
	}
}

// A bitmap at the end of the numbers, and what lies around it.
func TestBitmap(t *testing.T) {
	t.Parallel()
	b := bitmap{offset: 1<<64 - 4, bits: []byte{0x01, 0x05}} // 0, 2, 8
	for serial, want := range map[uint64]bool{
		1<<64 - 4: true, 1<<64 - 3: false, 1<<64 - 2: true, 1<<64 - 1: false, 1<<64 - 5: false, 0: false, 4: false,
	} {
		if b.has(serial) != want {
			t.Errorf("%d: %v", serial, !want)
		}
	}
	if (bitmap{}).has(0) {
		t.Error("an empty one has something")
	}
}

// FuzzParse: whatever the file, no panic, and what was accepted can be asked.
func FuzzParse(f *testing.F) {
	f.Add([]byte(newKRL(1)))
	f.Add([]byte("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAowLWqpssT4b5httXuq7f7ub7uIBnVIMsYusjgsQ7eN x\n"))
	f.Fuzz(func(t *testing.T, src []byte) {
		l, err := Parse("list", src)
		if err != nil {
			for line := range strings.Lines(err.Error()) {
				if !strings.HasPrefix(line, "list:") || !strings.Contains(line, " - ") {
					t.Errorf("the error has the line %q", line)
				}
			}
			return
		}
		l.Key(src)
		for _, serial := range []uint64{0, 1, 1 << 32, 1<<64 - 1} {
			l.Certificate([]byte("ca"), serial, "id")
		}
		for i := range l.certificates {
			spans := l.certificates[i].serials
			for n := range spans {
				if n > 0 && spans[n].first <= spans[n-1].last || !l.certificates[i].has(spans[n].first) || !l.certificates[i].has(spans[n].last) {
					t.Errorf("spans %v", spans)
				}
			}
		}
	})
}
