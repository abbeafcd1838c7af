package users

import (
	"encoding/json"
	"fmt"
	"math"
	"net/netip"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jailsh/jailsh/internal/revoked"
	"github.com/jailsh/jailsh/internal/strict/fixture"
	"github.com/jailsh/jailsh/internal/wire"
)

func TestMain(m *testing.M) {
	fixture.Flag()
	time.Local = time.UTC // times without a zone are the same everywhere
	os.Exit(m.Run())
}

// pubkeys reads testdata/pubkeys: in fixtures $NAME stands for a key's type and
// blob, and #NAME for its fingerprint.
func pubkeys(t testing.TB) map[string]string {
	t.Helper()
	src, err := os.ReadFile("testdata/pubkeys")
	if err != nil {
		t.Fatal(err)
	}
	keys := map[string]string{}
	for line := range strings.Lines(string(src)) {
		if name, key, ok := strings.Cut(strings.TrimSpace(line), " "); ok && name != "#" {
			keys[name] = key
		}
	}
	return keys
}

func names(keys map[string]string) []string {
	var all []string
	for n := range keys {
		all = append(all, n)
	}
	// Longest first, so that $rsa2048 isn't taken for $r.
	slices.SortFunc(all, func(a, b string) int { return len(b) - len(a) })
	return all
}

func expand(t testing.TB, s string) string {
	keys := pubkeys(t)
	for _, n := range names(keys) {
		s = strings.ReplaceAll(s, "$"+n, keys[n])
	}
	return s
}

func shrink(t testing.TB, s string) string {
	keys := pubkeys(t)
	for _, n := range names(keys) {
		s = strings.ReplaceAll(s, keys[n], "$"+n)
		if k, err := ParseKey(keys[n]); err == nil {
			s = strings.ReplaceAll(s, k.Fingerprint, "#"+n)
		}
	}
	return s
}

func blobOf(t testing.TB, name string) []byte {
	t.Helper()
	k, err := ParseKey(pubkeys(t)[name])
	if err != nil {
		t.Fatal(name, err)
	}
	return k.Blob
}

// testBase has a host with one account of its own, hostie, and one that is in
// some tables too, alice.
func testBase() Base {
	return Base{Homes: "/srv/homes", NetUID: 64022, Passwd: "testdata/passwd"}
}

// The whole file: what it resolves to, or everything that is wrong with it.
func TestLoad(t *testing.T) {
	t.Parallel()
	fixture.Run(t, "testdata/load/*.txt", func(t *testing.T, input string) string {
		table, err := Parse("/nowhere/at/conf/users.toml", []byte(expand(t, input)), testBase())
		if err != nil {
			if table != nil {
				t.Error("a table came with problems")
			}
			return shrink(t, strings.ReplaceAll(err.Error(), "/nowhere/at/conf/users.toml:", "users.toml:"))
		}
		out := ""
		for _, name := range table.Names() {
			u, _ := table.User(name)
			out += describe(u) + "\n"
		}
		return shrink(t, strings.ReplaceAll(out, "/nowhere/at/conf/users.toml:", "users.toml:"))
	})
}

// describe writes what differs from a user with defaults only.
func describe(u *User) string {
	plain, _ := Parse("users.toml", []byte("[user.x]\nuid = 30000\n"), testBase())
	def, _ := plain.User("x")
	out := fmt.Sprintf("%s: line %d", u.Name, u.Line)
	got, want := reflect.ValueOf(*u), reflect.ValueOf(*def)
	for i := range got.NumField() {
		f := got.Type().Field(i)
		if !f.IsExported() || f.Name == "Name" || f.Name == "Line" {
			continue
		}
		g, w := got.Field(i).Interface(), want.Field(i).Interface()
		if reflect.DeepEqual(g, w) {
			continue
		}
		if keys, ok := g.([]*Key); ok {
			for _, k := range keys {
				out += "\n  key " + describeKey(k)
			}
			continue
		}
		out += fmt.Sprintf("\n  %s %+v", f.Name, g)
	}
	return out
}

func describeKey(k *Key) string {
	out := fmt.Sprintf("%s: %s %q", k.Source, k.Fingerprint, k.Comment)
	o := k.Options
	if o.From != nil {
		out += fmt.Sprintf(" from=%q", o.From)
	}
	if !o.Expires.IsZero() {
		out += " expires=" + o.Expires.Format(time.RFC3339)
	}
	if o.Forced {
		out += fmt.Sprintf(" command=%q", o.Command)
	}
	for _, e := range o.Env {
		out += fmt.Sprintf(" env=%q", e)
	}
	if o.NoPTY {
		out += " no-pty"
	}
	if o.NoTouch {
		out += " no-touch"
	}
	if o.NoAgentForwarding {
		out += " no-agent-forwarding"
	}
	if o.NoX11Forwarding {
		out += " no-x11-forwarding"
	}
	if o.NoForward {
		out += " no-port-forwarding"
	}
	for _, p := range o.PermitOpen {
		out += fmt.Sprintf(" open=%+v", p)
	}
	for _, p := range o.PermitListen {
		out += fmt.Sprintf(" listen=%+v", p)
	}
	if o.Verify {
		out += " verify"
	}
	if o.Authority {
		out += " authority"
	}
	if o.Principals != nil {
		out += fmt.Sprintf(" principals=%q", o.Principals)
	}
	return out
}

// One authorized_keys line after the other.
func TestKeyLines(t *testing.T) {
	t.Parallel()
	fixture.Run(t, "testdata/keys/*.txt", func(t *testing.T, input string) string {
		out := ""
		for line := range strings.Lines(input) {
			line = strings.TrimSuffix(line, "\n")
			if line == "" || strings.HasPrefix(line, ";") {
				out += line + "\n"
				continue
			}
			k, err := ParseKey(expand(t, strings.ReplaceAll(line, `\t`, "\t")))
			switch {
			case err != nil && k != nil:
				t.Errorf("%s: a key came with %v", line, err)
			case err != nil:
				out += "refused: " + err.Error() + "\n"
			default:
				out += "good" + strings.TrimPrefix(describeKey(k), ":") + "\n"
			}
		}
		return shrink(t, out)
	})
}

// A table, and behind ? the clients who ask to be let in: user, key, address,
// time, and what their certificate says, if they have one: see certificateOf. The
// authority $ca is trusted for all, and what a comment says is revoked.
func TestAuthorize(t *testing.T) {
	t.Parallel()
	fixture.Run(t, "testdata/authorize/*.txt", func(t *testing.T, input string) string {
		var toml, out strings.Builder
		var queries [][]string
		for line := range strings.Lines(input) {
			if q, ok := strings.CutPrefix(line, "? "); ok {
				queries = append(queries, strings.Fields(q))
			} else {
				toml.WriteString(line)
			}
		}
		base := testBase()
		base.Authorities = []*Key{{Source: "jailsh.toml:1: trusted_ca[0]", Blob: blobOf(t, "ca")}}
		var gone strings.Builder
		for line := range strings.Lines(toml.String()) {
			if key, ok := strings.CutPrefix(line, "# revoked: "); ok {
				gone.WriteString(expand(t, key))
			}
		}
		list, err := revoked.Parse("revoked", []byte(gone.String()))
		if err != nil {
			t.Fatal(err)
		}
		base.Revoked = list
		base.KeepExpired = strings.Contains(toml.String(), "# logins outlive their certificates")
		table, err := Parse("users.toml", []byte(expand(t, toml.String())), base)
		if err != nil {
			t.Fatal(err)
		}
		for _, q := range queries {
			from, _ := netip.ParseAddr(q[2])
			now, err := time.Parse("2006-01-02T15:04:05", q[3])
			if err != nil {
				t.Fatal(err)
			}
			query := Query{User: q[0], Key: blobOf(t, q[1]), From: from, Now: now}
			query.Certificate, query.Since = certificateOf(t, q[4:])
			d := table.Authorize(query)
			d.Grant.LocalForward, d.Grant.RemoteForward = wire.Permits{}, wire.Permits{} // the trace has them
			g, err := json.Marshal(d.Grant)
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&out, "? %s\n", strings.Join(q, " "))
			for _, line := range d.Trace {
				fmt.Fprintf(&out, "  %s\n", line)
			}
			if d.Grant.Accepted {
				fmt.Fprintf(&out, "  %s\n", g)
			} else if want := fmt.Sprintf(`{"Accepted":false,"Reason":%q,`, d.Grant.Reason); !strings.HasPrefix(string(g), want) || d.Grant.Shell || d.Grant.Exec || d.Grant.PTY || d.Grant.Forced || d.Grant.Reason == "" {
				t.Errorf("a refusal that grants: %s", g)
			}
		}
		return shrink(t, out.String())
	})
}

// certificateOf reads words like ca=b for=alice,bob serial=5 host after=DATE
// before=DATE with=permit-pty crit=force-command:ls, of which the first must be
// there; and since=DATE, when the login was let in. An underscore stands for a
// blank.
func certificateOf(t *testing.T, words []string) (*wire.Certificate, time.Time) {
	t.Helper()
	var since time.Time
	if len(words) == 0 {
		return nil, since
	}
	date := func(s string) time.Time {
		at, err := time.Parse("2006-01-02T15:04:05", s)
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	c := &wire.Certificate{Type: wire.CertificateUser, KeyID: "id", ValidBefore: math.MaxUint64}
	for _, word := range words {
		name, value, _ := strings.Cut(strings.ReplaceAll(word, "_", " "), "=")
		switch name {
		case "ca":
			c.CA = blobOf(t, value)
		case "for":
			c.Principals = strings.Split(value, ",")
		case "serial":
			c.Serial, _ = strconv.ParseUint(value, 10, 64)
		case "id":
			c.KeyID = value
		case "host":
			c.Type = wire.CertificateHost
		case "after":
			c.ValidAfter = uint64(date(value).Unix())
		case "before":
			c.ValidBefore = uint64(date(value).Unix())
		case "bounds":
			fmt.Sscanf(value, "%d-%d", &c.ValidAfter, &c.ValidBefore)
		case "with":
			c.Extensions = strings.Split(value, ",")
		case "crit":
			option, of, _ := strings.Cut(value, ":")
			c.Critical = append(c.Critical, wire.CertificateOption{Name: option, Value: of})
		case "since":
			since = date(value)
		default:
			t.Fatalf("what is %q?", word)
		}
	}
	return c, since
}

// A table, and behind "> " changes to it, each with the Entry as JSON.
func TestEdit(t *testing.T) {
	t.Parallel()
	fixture.Run(t, "testdata/edit/*.txt", func(t *testing.T, input string) string {
		var toml strings.Builder
		var commands []string
		for line := range strings.Lines(input) {
			if c, ok := strings.CutPrefix(line, "> "); ok {
				commands = append(commands, strings.TrimSpace(c))
			} else {
				toml.WriteString(line)
			}
		}
		src := strings.TrimSuffix(toml.String(), "\n")
		crlf := strings.HasPrefix(src, "# CRLF")
		if crlf {
			src = strings.ReplaceAll(src, "\n", "\r\n")
		}
		text := []byte(expand(t, src))
		for _, c := range commands {
			verb, rest, _ := strings.Cut(c, " ")
			name, entry, _ := strings.Cut(rest, " ")
			e := Entry{Name: name}
			if entry != "" {
				if err := json.Unmarshal([]byte(expand(t, entry)), &e); err != nil {
					t.Fatal(c, err)
				}
			}
			var out []byte
			var err error
			switch verb {
			case "add":
				out, err = Add(text, e)
			case "set":
				out, err = Set(text, name, e)
			case "remove":
				out, err = Remove(text, name)
			default:
				t.Fatalf("what is %q?", c)
			}
			if err != nil {
				if out != nil {
					t.Error("a text came with an error")
				}
				return shrink(t, "error: "+err.Error())
			}
			text = out
		}
		if crlf {
			if strings.Contains(strings.ReplaceAll(string(text), "\r\n", ""), "\n") {
				t.Errorf("a line without its \\r: %q", text)
			}
			text = []byte(strings.ReplaceAll(string(text), "\r\n", "\n"))
		}
		return shrink(t, string(text)) + "<end>"
	})
}
