package users

import (
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"golang.org/x/sys/unix"
)

// The file of further keys may be the user's own: nothing she can do with it
// makes root read, wait or accept anything else.
func TestKeyFile(t *testing.T) {
	t.Parallel()
	uid := os.Geteuid()
	if uid == 0 {
		uid = 7000
	}
	do := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	good := expand(t, "# mine\n\n$a laptop\nbogus $b x\nno-pty $b ci\r\n$rsa1024 weak")
	for _, test := range []struct {
		name  string
		make  func(path string)
		keys  int
		wants string // in the trace
	}{
		{"good", func(p string) {}, 2, `:4: "bogus" is neither a key type nor an option`},
		{"of root", func(p string) { do(os.Chown(p, os.Geteuid(), -1)) }, 2, "6: is an RSA key of 1024 bits"},
		{"empty", func(p string) { do(os.Truncate(p, 0)) }, 0, ""},
		{"missing", func(p string) { do(os.Remove(p)) }, 0, "no such file"},
		{"group-writable", func(p string) { do(os.Chmod(p, 0o660)) }, 0, "writable by others - run: chmod go-w"},
		{"link", func(p string) { do(os.Rename(p, p+".x")); do(os.Symlink(p+".x", p)) }, 0, "symbolic link in its path"},
		{"link of a folder", func(p string) {
			d := filepath.Dir(p)
			do(os.Rename(d, d+".x"))
			do(os.Symlink(d+".x", d))
		}, 0, "symbolic link in its path"},
		{"fifo", func(p string) { do(os.Remove(p)); do(unix.Mkfifo(p, 0o600)); do(os.Chown(p, uid, -1)) }, 0, "not a regular file"},
		{"folder", func(p string) { do(os.Remove(p)); do(os.Mkdir(p, 0o700)); do(os.Chown(p, uid, -1)) }, 0, "not a regular file"},
		{"too large", func(p string) { do(os.Truncate(p, maxKeyFile+1)) }, 0, "more than 65536 bytes"},
		{"binary", func(p string) { do(os.WriteFile(p, []byte("\x00\xff\n\x1b[2J\n"), 0o600)) }, 0, ":2: "},
		{"private key", func(p string) {
			do(os.WriteFile(p, []byte(expand(t, "$a x\n-----BEGIN OPENSSH PRIVATE KEY-----\nsecret\n-----END OPENSSH PRIVATE KEY-----\n$b x\n")), 0o600))
		}, 1, ":2: is not an OpenSSH public key; a private key must stay where it is - "},
		{"PuTTY's", func(p string) {
			do(os.WriteFile(p, []byte("PuTTY-User-Key-File-3: ssh-ed25519\nPrivate-Lines: 1\nsecret\n"), 0o600))
		}, 0, ":1: is not an OpenSSH public key; a private key must stay where it is - "},
		{"a line without end", func(p string) { do(os.WriteFile(p, []byte(strings.Repeat("x", maxKeyLine+1)), 0o600)) }, 0, "more than the 16384 allowed"},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir, err := filepath.EvalSymlinks(t.TempDir())
			do(err)
			path := filepath.Join(dir, "sub", "keys")
			do(os.Mkdir(filepath.Dir(path), 0o755))
			do(os.WriteFile(path, []byte(good), 0o600))
			if os.Geteuid() == 0 {
				do(os.Chown(path, uid, uid))
			}
			test.make(path)
			keys, skipped, err := readKeyFile(path, uint32(uid))
			trace := strings.Join(skipped, "\n")
			if err != nil {
				trace += err.Error()
			}
			if len(keys) != test.keys || !strings.Contains(trace, test.wants) {
				t.Errorf("%d keys, %s\nwant %d, %s", len(keys), trace, test.keys, test.wants)
			}
			if strings.Contains(trace, "secret") {
				t.Errorf("a private key in %q", trace)
			}
			if strings.ContainsAny(trace, "\x00\x1b") || !utf8.ValidString(trace) {
				t.Errorf("control bytes in %q", trace)
			}
		})
	}
}

// A file of somebody else would be that one's way in.
func TestKeyFileOfAnotherUser(t *testing.T) {
	t.Parallel()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "keys")
	if err := os.WriteFile(path, []byte(expand(t, "$a x\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	stranger := uint32(os.Geteuid())
	if stranger == 0 {
		stranger = 7001
		if err := os.Chown(path, int(stranger), -1); err != nil {
			t.Fatal(err)
		}
	}
	if keys, _, err := readKeyFile(path, 7000); len(keys) > 0 || err == nil || !strings.Contains(err.Error(), "belongs to neither") {
		t.Errorf("%d keys, %v", len(keys), err)
	}
}

// The file is read at each login, so a change of it needs no reload.
func TestAuthorizeReadsTheKeyFile(t *testing.T) {
	t.Parallel()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "alice.pub")
	src := "[defaults]\nauthorized_keys = \"" + dir + "/{user}.pub\"\n[user.alice]\nuid = 6000\n" + expand(t, "keys = [\"$c own\"]\n")
	table, err := Parse("users.toml", []byte(src), testBase())
	if err != nil {
		t.Fatal(err)
	}
	ask := func(key string) Decision {
		return table.Authorize(Query{User: "alice", Key: blobOf(t, key), From: netip.MustParseAddr("10.0.0.1"), Now: time.Unix(1e9, 0)})
	}
	if d := ask("a"); d.Grant.Accepted || !strings.Contains(strings.Join(d.Trace, "\n"), "users.toml:2: defaults.authorized_keys: "+path+": no such file") {
		t.Errorf("%+v", d)
	}
	write := func(content string) {
		if err := os.WriteFile(path, []byte(expand(t, content)), 0o600); err != nil {
			t.Fatal(err)
		}
		if os.Geteuid() == 0 {
			if err := os.Chown(path, 6000, -1); err != nil {
				t.Fatal(err)
			}
		}
	}
	write("tunnel=\"1\" $a not this\nno-pty $a but this\n")
	d := ask("a")
	trace := strings.Join(d.Trace, "\n")
	if !d.Grant.Accepted || d.Grant.PTY || !strings.Contains(trace, path+":1: option tunnel: not supported: jails have no tun devices - remove the option: line skipped") || !strings.Contains(trace, path+":2: is the key") {
		t.Errorf("%+v", d)
	}
	if d := ask("c"); !d.Grant.Accepted {
		t.Errorf("the key of users.toml isn't taken any more: %+v", d)
	}
	write("")
	if d := ask("a"); d.Grant.Accepted {
		t.Errorf("a key that is gone is accepted: %+v", d)
	}
}
