package users

import (
	"bytes"
	"math"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/BurntSushi/toml"
	"golang.org/x/crypto/ssh"

	"github.com/jailsh/jailsh/internal/environ"
	"github.com/jailsh/jailsh/internal/strict"
	"github.com/jailsh/jailsh/internal/wire"
)

// seeds calls add with the input of each fixture that pattern matches.
func seeds(f *testing.F, pattern string, add func(input string)) {
	f.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		f.Fatal("no seeds", err)
	}
	for _, file := range files {
		src, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		input, _, _ := strings.Cut(string(src), "\n----")
		add(expand(f, input))
	}
}

// FuzzKeyLine: whatever the line, what was accepted is a key that x/crypto reads
// in the same way, and no rule of it was lost.
func FuzzKeyLine(f *testing.F) {
	seeds(f, "testdata/keys/*.txt", func(input string) {
		for line := range strings.Lines(input) {
			f.Add(strings.TrimSuffix(line, "\n"))
		}
	})
	f.Fuzz(func(t *testing.T, line string) {
		k, err := ParseKey(line)
		if err != nil {
			if k != nil {
				t.Errorf("%q: a key with the error %v", line, err)
			}
			if strings.ContainsFunc(err.Error(), func(r rune) bool { return r < ' ' }) || !strings.Contains(err.Error(), " - ") {
				t.Errorf("%q: the error is %q", line, err)
			}
			return
		}
		other, _, options, _, err := ssh.ParseAuthorizedKey([]byte(line))
		if err != nil || !bytes.Equal(other.Marshal(), k.Blob) {
			t.Errorf("%q: x/crypto reads another key: %v", line, err)
		}
		o := k.Options
		if len(options) > 0 && !restricted(o) && !harmless(options) {
			t.Errorf("%q: nothing of %q is left", line, options)
		}
		if strings.ContainsFunc(k.Comment, func(r rune) bool { return !unicode.IsPrint(r) }) {
			t.Errorf("%q: the comment is %q", line, k.Comment)
		}
		for _, e := range o.Env {
			name, value, _ := strings.Cut(e, "=")
			if !environ.Accept([]string{"*"}, name, value) {
				t.Errorf("%q: sets %q", line, e)
			}
		}
		if o.From != nil {
			o.From.Allow(netip.MustParseAddr("2001:db8::1"))
		}
	})
}

func restricted(o Options) bool {
	return o.From != nil || !o.Expires.IsZero() || o.Forced || len(o.Env) > 0 || o.NoPTY || o.NoTouch || o.NoForward || o.NoAgentForwarding || o.NoX11Forwarding || o.Verify || o.Authority || len(o.PermitOpen) > 0 || len(o.PermitListen) > 0
}

// harmless reports whether options are only such as change nothing here.
func harmless(options []string) bool {
	for _, o := range options {
		switch strings.ToLower(o) {
		case "pty", "agent-forwarding", "x11-forwarding", "touch-required", "port-forwarding", "no-port-forwarding", "no-user-rc", "no-verify-required", "no-pty", "restrict", "no-touch-required":
		default:
			return false
		}
	}
	return true
}

// FuzzCertificate: whatever jailsh-net says of a certificate, what is granted is no
// more than the user has, and only by a trusted authority, for one of her
// principals, in its time.
func FuzzCertificate(f *testing.F) {
	base := testBase()
	base.Authorities = []*Key{{Source: "ca", Blob: blobOf(f, "ca")}}
	table, err := Parse("users.toml", []byte(expand(f, `[user.alice]
uid = 6000
allow = { exec = false }
principals = ["alice", "ops"]
keys = ['cert-authority,principals="db",no-pty,command="backup" $ca2']
`)), base)
	if err != nil {
		f.Fatal(err)
	}
	now := time.Unix(2e9, 0)
	from := netip.MustParseAddr("192.0.2.1")
	f.Add("ca", uint32(1), "alice", uint64(0), uint64(math.MaxUint64), "", "", "permit-pty")
	f.Add("ca2", uint32(1), "db", uint64(2e9), uint64(2e9+1), "force-command", "backup", "")
	f.Add("ca2", uint32(1), "alice", uint64(0), uint64(1), "source-address", "192.0.2.0/24", "x")
	f.Add("ca", uint32(2), "", uint64(0), uint64(2e9), "verify-required", "", "no-touch-required")
	f.Fuzz(func(t *testing.T, ca string, kind uint32, principals string, after, before uint64, option, value, extensions string) {
		c := &wire.Certificate{
			Type: kind, CA: []byte(ca), ValidAfter: after, ValidBefore: before,
			Principals: strings.Split(principals, ","), Extensions: strings.Split(extensions, ","),
		}
		if ca == "ca" || ca == "ca2" {
			c.CA = blobOf(t, ca)
		}
		if option != "" {
			c.Critical = []wire.CertificateOption{{Name: option, Value: value}}
		}
		g := table.Authorize(Query{User: "alice", Key: []byte("key"), Certificate: c, From: from, Now: now}).Grant
		if !g.Accepted {
			if g.Reason == "" || g.Shell || g.Forced {
				t.Errorf("refused with %+v", g)
			}
			return
		}
		allowed := map[string][]string{"ca": {"alice", "ops"}, "ca2": {"db"}}[ca]
		if kind != wire.CertificateUser || after > 2e9 || before <= 2e9 || option == "verify-required" ||
			!slices.ContainsFunc(c.Principals, func(p string) bool { return slices.Contains(allowed, p) }) {
			t.Errorf("let in with %+v", c)
		}
		if option != "" && option != "force-command" && option != "source-address" {
			t.Errorf("let in with the option %q", option)
		}
		if g.Exec || g.PTY && (ca == "ca2" || !slices.Contains(c.Extensions, "permit-pty")) || g.Forced != (ca == "ca2" || option == "force-command") {
			t.Errorf("granted %+v for %+v", g, c)
		}
		if before < math.MaxInt32 && (g.Until.IsZero() || g.Until.After(time.Unix(int64(before), 0))) {
			t.Errorf("until %s, not %d", g.Until, before)
		}
	})
}

// FuzzLoad: any text, and a login with it.
func FuzzLoad(f *testing.F) {
	seeds(f, "testdata/load/*.txt", func(input string) { f.Add([]byte(input)) })
	blob := blobOf(f, "a")
	f.Fuzz(func(t *testing.T, src []byte) {
		table, err := Parse("users.toml", src, testBase())
		if err != nil {
			for line := range strings.Lines(err.Error()) {
				if !strings.HasPrefix(line, "users.toml:") {
					t.Errorf("%q: the error has the line %q", src, line)
				}
			}
			return
		}
		uids := map[uint32]bool{}
		for _, name := range table.Names() {
			u, ok := table.User(name)
			if !ok || u.UID < 1000 || uids[u.UID] || u.UID == 5000 || u.UID == 64022 || u.GID == 0 || badUserName(name) != "" {
				t.Fatalf("%q: has %+v", src, u)
			}
			uids[u.UID] = true
			for _, m := range u.Mounts {
				if badTarget(m.Target) != "" || badSource(m.Source) != "" {
					t.Errorf("%q: %s mounts %+v", src, name, m)
				}
			}
			u.AuthorizedKeys = "" // a fuzzer must not read files
			d := table.Authorize(Query{User: name, Key: blob, From: netip.MustParseAddr("192.0.2.1"), Now: time.Unix(1e9, 0)})
			if d.Grant.Accepted && (u.Disabled || len(u.Keys) == 0) {
				t.Errorf("%q: %s is let in", src, name)
			}
		}
	})
}

// FuzzEdit: an edit changes what it says, in the lines where it has to, and
// nothing else.
func FuzzEdit(f *testing.F) {
	seeds(f, "testdata/edit/*.txt", func(input string) {
		toml, _, _ := strings.Cut(input, "\n> ")
		for _, name := range []string{"alice", "bob", "carol"} {
			f.Add([]byte(toml), name, "shell", "/bin/zsh")
			f.Add([]byte(toml), name, "allow.pty", "x'y\"\n")
		}
	})
	seeds(f, "testdata/load/good.txt", func(input string) { f.Add([]byte(input), "alice", "env.NEW", "\\") })
	line := expand(f, "no-pty $c fuzz")
	f.Fuzz(func(t *testing.T, src []byte, name, key, value string) {
		before, ok := decode(src)
		if !ok {
			if _, err := Add(src, Entry{Name: "x"}); err == nil && len(strict.Parse("", src).Problems()) == 0 {
				t.Errorf("%q: added to a broken file", src)
			}
			return
		}
		value = strings.ToValidUTF8(value, "?")
		setting := Setting{key, quote(value)}

		if out, err := Add(src, Entry{Name: name, Keys: []string{line}, Settings: []Setting{{"note", quote(value)}}}); err == nil {
			if !bytes.HasPrefix(out, src) {
				t.Errorf("%q: Add changed what was there: %q", src, out)
			}
			want := map[string]any{"note": value, "keys": []any{line}}
			same(t, src, out, with(before, want, "user", name))
		}
		if out, err := Set(src, name, Entry{Settings: []Setting{setting}}); err == nil {
			same(t, src, out, with(before, value, append([]string{"user", name}, strings.Split(key, ".")...)...))
			if old, now := changed(src, out); !multiline(before, name) && (old > 1 || now > 1) {
				t.Errorf("%q: Set changed %d lines to %d: %q", src, old, now, out)
			}
		}
		if out, err := Set(src, name, Entry{Keys: []string{line}}); err == nil {
			have, _ := get(before, "user", name, "keys").([]any)
			same(t, src, out, with(before, append(have[:len(have):len(have)], line), "user", name, "keys"))
			if back, err := Set(out, name, Entry{DropKeys: []string{line}}); err == nil {
				same(t, out, back, with(before, have, "user", name, "keys"))
			}
		}
		if out, err := Remove(src, name); err == nil {
			same(t, src, out, with(before, nil, "user", name))
		}
	})
}

// decode returns what src says, if it is right for everybody.
func decode(src []byte) (map[string]any, bool) {
	var data map[string]any
	_, err := toml.Decode(string(src), &data)
	return data, err == nil && len(strict.Parse("", src).Problems()) == 0
}

func same(t *testing.T, src, out []byte, want map[string]any) {
	t.Helper()
	got, ok := decode(out)
	if !ok {
		t.Fatalf("%q became broken: %q", src, out)
	}
	if !reflect.DeepEqual(prune(got), prune(want)) {
		t.Fatalf("%q became %q, which says\n%v, not\n%v", src, out, got, want)
	}
}

// prune leaves empty tables and lists out: whether there is none or an empty one
// is no difference for anybody.
func prune(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for k, e := range v {
			if p := prune(e); p != nil {
				out[k] = p
			}
		}
		if len(out) == 0 {
			return nil
		}
		return out
	case []any:
		if len(v) == 0 {
			return nil
		}
	case float64:
		if v != v {
			return "nan"
		}
	}
	return v
}

func get(v any, path ...string) any {
	for _, p := range path {
		m, _ := v.(map[string]any)
		v = m[p]
	}
	return v
}

// with returns a copy of v in which value stands at path, or nothing if it is
// nil.
func with(v map[string]any, value any, path ...string) map[string]any {
	out := map[string]any{}
	for k, e := range v {
		out[k] = e
	}
	if len(path) == 1 {
		out[path[0]] = value
		if value == nil {
			delete(out, path[0])
		}
		return out
	}
	inner, _ := v[path[0]].(map[string]any)
	out[path[0]] = with(inner, value, path[1:]...)
	return out
}

// changed counts the lines of a and of b between the ones at the start and at
// the end that are the same.
func changed(a, b []byte) (old, now int) {
	lines := func(s []byte) []string {
		return strings.Split(strings.TrimSuffix(strings.ReplaceAll(string(s), "\r\n", "\n"), "\n"), "\n")
	}
	x, y := lines(a), lines(b)
	for len(x) > 0 && len(y) > 0 && x[0] == y[0] {
		x, y = x[1:], y[1:]
	}
	for len(x) > 0 && len(y) > 0 && x[len(x)-1] == y[len(y)-1] {
		x, y = x[:len(x)-1], y[:len(y)-1]
	}
	return len(x), len(y)
}

// multiline reports whether a value of the user may span lines.
func multiline(data map[string]any, name string) bool {
	u, _ := get(data, "user", name).(map[string]any)
	for _, v := range u {
		switch v := v.(type) {
		case string:
			if strings.Contains(v, "\n") {
				return true
			}
		case []any, map[string]any, []map[string]any:
			return true
		}
	}
	return false
}
