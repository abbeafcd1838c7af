package users

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jailsh/jailsh/internal/strict"
	"github.com/jailsh/jailsh/internal/wire"
)

func parse(t testing.TB, src string, base Base) *Table {
	t.Helper()
	table, err := Parse("users.toml", []byte(src), base)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

func TestNextUID(t *testing.T) {
	t.Parallel()
	passwd := filepath.Join(t.TempDir(), "passwd")
	if err := os.WriteFile(passwd, []byte("svc:x:20001:1::/:\nsvc2:x:30001:1::/:\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	base := Base{Homes: "/srv/homes", NetUID: 40001, Passwd: passwd}
	for src, want := range map[string]uint32{
		"":                        20002,
		"[user.a]\nuid = 1000\n":  20002,
		"[user.a]\nuid = 20002\n": 20003,
		"[user.a]\nuid = 30000\n": 30002,
		"[user.a]\nuid = 40000\n": 40002,
		"[user.a]\nuid = 59999\n": 60000,
		"[user.a]\nuid = 60000\n": 20002,
		"[user.a]\nuid = 4000000000\n[user.b]\nuid = 20005\n": 20006,
	} {
		if got := parse(t, src, base).NextUID(); got != want {
			t.Errorf("%q: got %d, want %d", src, got, want)
		}
	}
}

// Without the host's accounts nobody knows whether a uid is taken.
func TestPasswdUnreadable(t *testing.T) {
	t.Parallel()
	_, err := Parse("users.toml", nil, Base{Passwd: filepath.Join(t.TempDir(), "none")})
	var p *strict.Problem
	if !errors.As(err, &p) || !strings.Contains(p.What, "uids can't be compared") {
		t.Errorf("%v", err)
	}
}

// A line of any length must not hide the accounts behind it.
func TestPasswdLongLine(t *testing.T) {
	t.Parallel()
	passwd := filepath.Join(t.TempDir(), "passwd")
	if err := os.WriteFile(passwd, []byte("a:x:1:1:"+strings.Repeat("x", 100_000)+":/:\nhost:x:7000:1::/:\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Parse("users.toml", []byte("[user.a]\nuid = 7000\n"), Base{Homes: "/h", Passwd: passwd})
	if err == nil || !strings.Contains(err.Error(), "taken on the host, by host") {
		t.Errorf("%v", err)
	}
}

// The real file of this machine is used when none is named.
func TestPasswdDefault(t *testing.T) {
	t.Parallel()
	if _, err := Parse("users.toml", []byte("[user.a]\nuid = 59998\n"), Base{Homes: "/h"}); err != nil {
		t.Error(err)
	}
}

func TestLoadRefusesAFileOfOthers(t *testing.T) {
	t.Parallel()
	path := newFile(t, twoUsers)
	if err := os.Chmod(path, 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(path, testBase()); err == nil || !strings.Contains(err.Error(), "writable by others") {
		t.Errorf("%v", err)
	}
}

// Whatever the file says, the answer fits into its message.
func TestGrantFitsTheWire(t *testing.T) {
	t.Parallel()
	var patterns, env, opts strings.Builder
	for i := range wire.MaxEnv / 2 {
		fmt.Fprintf(&patterns, "%q,", fmt.Sprintf("V%d_%s", i, strings.Repeat("x", maxPattern-6)))
		fmt.Fprintf(&env, "V%d = %q\n", i, strings.Repeat("x", 100))
		fmt.Fprintf(&opts, "environment=\"W%d=%s\",", i, strings.Repeat("x", 80))
	}
	from := strings.TrimSuffix(strings.Repeat("10.0.0.0/8,", 500), ",")
	src := fmt.Sprintf("[user.alice]\nuid = 6000\nallow.local_forward = [%s]\naccept_env = [%s]\ncommand = %q\nkeys = [%s,%s]\n[user.alice.env]\n%s",
		strings.Repeat(fmt.Sprintf("%q,", "/"+strings.Repeat("x", maxPermit-1)), wire.MaxPermits-1), patterns.String(), strings.Repeat("c", wire.MaxCommand),
		quote(opts.String()+expand(t, "no-pty $a x")), quote(`from="`+from+`" `+expand(t, "$b x")), env.String())
	table := parse(t, src, testBase())
	for key, want := range map[string]bool{"a": true, "b": false, "c": false} {
		d := table.Authorize(Query{User: "alice", Key: blobOf(t, key), From: netip.MustParseAddr("192.0.2.1"), Now: time.Unix(0, 0)})
		if _, err := wire.Encode(&d.Grant); err != nil {
			t.Errorf("%s: %v", key, err)
		}
		if d.Grant.Accepted != want {
			t.Errorf("%s: %+v", key, d.Grant)
		}
	}
	u, _ := table.User("alice")
	spec := wire.Spec{Env: u.Env}
	if _, err := wire.Encode(&spec); err != nil {
		t.Error(err)
	}
}

// What the callers get is theirs.
func TestNamesIsACopy(t *testing.T) {
	t.Parallel()
	table := parse(t, "[user.b]\nuid = 7000\n[user.a]\nuid = 7001\n", testBase())
	table.Names()[0] = "x"
	if got := strings.Join(table.Names(), " "); got != "b a" {
		t.Errorf("%q", got)
	}
}

// A stranger's name takes about as long as a wrong key: both compare, neither
// parses. The server adds a minimum time; this is so that there is little to hide.
func BenchmarkAuthorize(b *testing.B) {
	table := parse(b, expand(b, "[user.alice]\nuid = 6000\nkeys = [\"$a x\"]\n"), testBase())
	for _, name := range []string{"alice", "mallory"} {
		b.Run(name, func(b *testing.B) {
			q := Query{User: name, Key: blobOf(b, "b"), From: netip.MustParseAddr("192.0.2.1"), Now: time.Unix(0, 0)}
			for b.Loop() {
				table.Authorize(q)
			}
		})
	}
}
