package seal

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
)

func newKey(t testing.TB) ssh.Signer {
	t.Helper()
	_, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	s, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func newRSAKey(t testing.TB) ssh.Signer {
	t.Helper()
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	s, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

const text = "{\"version\":3}\n[0.1, \"o\", \"a\"]\n[0.2, \"o\", \"b\"]\n[0.3, \"x\", \"0\"]\n"

// sealed is a recording with a seal of nothing, one after the second line, and a final
// one, if it is finished.
func sealed(t testing.TB, key ssh.Signer, finished bool) (recording, seals []byte) {
	t.Helper()
	var c Chain
	lines := strings.SplitAfter(text, "\n")
	add := func(s string, final bool) {
		fmt.Fprint(&c, s)
		l, err := (&Seal{User: "alice", File: "a.cast", Mark: c.Mark(), Time: time.Unix(1e9, 5), Final: final}).Sign(key)
		if err != nil {
			t.Fatal(err)
		}
		seals = append(seals, l...)
	}
	add("", false)
	add(lines[0]+lines[1], false)
	if finished {
		add(lines[2]+lines[3], true)
	}
	return []byte(text), seals
}

func check(t testing.TB, recording, seals []byte, key ssh.Signer) *Verdict {
	t.Helper()
	v, err := Check(bytes.NewReader(recording), bytes.NewReader(seals), []ssh.PublicKey{key.PublicKey()})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestGood(t *testing.T) {
	t.Parallel()
	for _, key := range []ssh.Signer{newKey(t), newRSAKey(t)} {
		recording, seals := sealed(t, key, true)
		if v := check(t, recording, seals, key); !v.Whole() || v.Seals != 3 || v.Good.Lines != 4 || v.User != "alice" || v.File != "a.cast" || v.Time.Unix() != 1e9 {
			t.Errorf("%+v", v)
		}
	}
}

// A byte that is changed, anywhere, is found; and where it was is said.
func TestEveryChangeIsFound(t *testing.T) {
	t.Parallel()
	key := newKey(t)
	recording, seals := sealed(t, key, true)
	first := strings.Index(text, "[0.2")
	for i := range recording {
		changed := bytes.Clone(recording)
		changed[i] ^= 1
		v := check(t, changed, seals, key)
		want := fmt.Sprintf("was changed between byte %d and byte %d", first, len(text))
		if i < first {
			want = fmt.Sprintf("was changed between byte 0 and byte %d", first)
		}
		if v.Whole() || v.Problem != want {
			t.Errorf("byte %d: %+v", i, v)
		}
	}
	for i := range seals {
		changed := bytes.Clone(seals)
		changed[i] ^= 1
		if v := check(t, recording, changed, key); v.Whole() && !sameSeals(t, seals, changed) {
			t.Errorf("byte %d of the seals: %q is good", i, changed)
		}
	}
}

// sameSeals tells whether two files say the same: JSON has names in any case.
func sameSeals(t testing.TB, a, b []byte) bool {
	t.Helper()
	x, y := bytes.Split(a, []byte("\n")), bytes.Split(b, []byte("\n"))
	for i := range x {
		s, err := Parse(x[i])
		if err != nil {
			continue
		}
		other, err := Parse(y[i])
		if err != nil || !bytes.Equal(s.message(), other.message()) {
			return false
		}
	}
	return true
}

func TestEveryCutIsFound(t *testing.T) {
	t.Parallel()
	key := newKey(t)
	recording, seals := sealed(t, key, true)
	for n := range recording {
		if v := check(t, recording[:n], seals, key); v.Whole() || !strings.HasPrefix(v.Problem, fmt.Sprintf("was cut: %d bytes", n)) {
			t.Errorf("cut to %d: %+v", n, v)
		}
	}
	for n := range seals {
		if v := check(t, recording, seals[:n], key); v.Whole() {
			t.Errorf("seals cut to %d: %+v", n, v)
		}
	}
	for _, more := range []string{"x", "\n", "[0.4, \"o\", \"c\"]\n"} {
		if v := check(t, append(bytes.Clone(recording), more...), seals, key); v.Whole() || v.Problem != fmt.Sprintf("has %d bytes after its end", len(more)) {
			t.Errorf("with %q: %+v", more, v)
		}
	}
}

// Of one whose end is missing it is said how far it is good.
func TestUnfinished(t *testing.T) {
	t.Parallel()
	key := newKey(t)
	recording, seals := sealed(t, key, false)
	half := uint64(strings.Index(text, "[0.2"))
	for _, more := range []string{"", `{"user":"ali`} { // a seal that couldn't be written
		v := check(t, recording, append(bytes.Clone(seals), more...), key)
		if v.Whole() || v.Finished || v.Problem != "" || v.Good.Bytes != half || v.Bytes != uint64(len(text)) {
			t.Errorf("%+v", v)
		}
	}
}

func TestWrongSeals(t *testing.T) {
	t.Parallel()
	key := newKey(t)
	recording, seals := sealed(t, key, true)
	lines := bytes.SplitAfter(seals, []byte("\n"))
	other, err := (&Seal{User: "bob", File: "a.cast", Time: time.Unix(1e9, 0)}).Sign(key)
	if err != nil {
		t.Fatal(err)
	}
	for want, wrong := range map[string][]byte{
		"has no seal":             nil,
		"is no seal":              []byte("{\n"),
		"seal 2 is of another":    bytes.Join([][]byte{lines[0], other}, nil),
		"seal 4 comes after":      bytes.Join([][]byte{seals, lines[0]}, nil),
		"seal 2 is older":         bytes.Join([][]byte{lines[1], lines[0]}, nil),
		"which is no host key":    func() []byte { _, s := sealed(t, newKey(t), true); return s }(),
		"seal 1 has no SSHSIG":    bytes.Replace(seals, []byte(`"signature":"`), []byte(`"signature":"AAAA`), 1),
		"isn't 32 bytes":          bytes.Replace(seals, []byte(`"head":"00`), []byte(`"head":"`), 1),
		"a signature that isn't ": bytes.Replace(seals, []byte(`"bytes":0`), []byte(`"bytes":1`), 1),
	} {
		if v := check(t, recording, wrong, key); v.Whole() || !strings.Contains(v.Problem, want) {
			t.Errorf("%s: %+v", want, v)
		}
	}
}

// The signature is what ssh-keygen -Y takes, and for this purpose alone.
func TestStockVerifier(t *testing.T) {
	t.Parallel()
	for _, key := range []ssh.Signer{newKey(t), newRSAKey(t)} {
		dir := t.TempDir()
		s := &Seal{User: "alice", File: "a.cast", Time: time.Unix(1e9, 0)}
		if _, err := s.Sign(key); err != nil {
			t.Fatal(err)
		}
		armored := "-----BEGIN SSH SIGNATURE-----\n" + base64.StdEncoding.EncodeToString(s.Signature) + "\n-----END SSH SIGNATURE-----\n"
		for name, content := range map[string]string{
			"signers": "host " + string(ssh.MarshalAuthorizedKey(key.PublicKey())), "sig": armored,
		} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		for purpose, good := range map[string]bool{namespace: true, "file": false} {
			c := exec.CommandContext(t.Context(), "ssh-keygen", "-Y", "verify", "-f", filepath.Join(dir, "signers"), "-I", "host", "-n", purpose, "-s", filepath.Join(dir, "sig"))
			c.Stdin = bytes.NewReader(s.message())
			if out, err := c.CombinedOutput(); (err == nil) != good {
				t.Errorf("%s, %s: %v: %s", key.PublicKey().Type(), purpose, err, out)
			}
		}
	}
}

// The chain is the same however what is written was cut.
func TestChain(t *testing.T) {
	t.Parallel()
	whole := func(s string) Mark {
		var c Chain
		fmt.Fprint(&c, s)
		return c.Mark()
	}
	for _, s := range []string{"", "a", "a\n", "a\nb", "\n\n", "a\n\nb\n"} {
		for cut := 0; cut <= len(s); cut++ {
			var c Chain
			fmt.Fprint(&c, s[:cut])
			if c.Mark() != whole(s[:cut]) {
				t.Errorf("%q: the mark changes", s[:cut])
			}
			fmt.Fprint(&c, s[cut:])
			if c.Mark() != whole(s) {
				t.Errorf("%q cut at %d: %+v", s, cut, c.Mark())
			}
		}
	}
	if whole("a\nb\n").Head == whole("b\na\n").Head || whole("ab").Head == whole("ab\n").Head {
		t.Error("the order and the ends of lines don't count")
	}
}

func FuzzParse(f *testing.F) {
	key := newKey(f)
	_, seals := sealed(f, key, true)
	f.Add(bytes.TrimSpace(bytes.SplitAfter(seals, []byte("\n"))[1]))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := Parse(b)
		if err != nil {
			return
		}
		if s.Verify([]ssh.PublicKey{newKey(t).PublicKey()}) == nil {
			t.Fatalf("%q is signed with a new key", b)
		}
	})
}
