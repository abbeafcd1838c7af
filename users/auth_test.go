package users

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jailsh/jailsh/internal/totp"
)

// Whose auth wants a code isn't let in by her key alone, and without a secret not
// at all; the key is looked at first.
func TestAuthorizeWithACode(t *testing.T) {
	t.Parallel()
	base := testBase()
	base.TOTP = filepath.Join(t.TempDir(), "totp")
	table, err := Parse("users.toml", []byte(expand(t, `[user.alice]
uid = 6000
auth = ["publickey", "totp"]
keys = ["$a x"]
`)), base)
	if err != nil {
		t.Fatal(err)
	}
	ask := func(key string) Decision {
		return table.Authorize(Query{User: "alice", Key: blobOf(t, key), Now: time.Now()})
	}
	const refused = "a code is wanted, and the user isn't enrolled - run: jailsh user totp alice"
	if g := ask("a").Grant; g.Accepted || g.Reason != refused {
		t.Errorf("%+v", g)
	}
	if g := ask("b").Grant; g.Reason != "the key is none of the user's" {
		t.Errorf("%+v", g)
	}
	codes := totp.Store{Dir: base.TOTP}
	if err := codes.Enrol("alice", totp.NewSecret(), "", time.Now()); err != nil {
		t.Fatal(err)
	}
	d := ask("a")
	if !d.Grant.Accepted || !d.Grant.SecondFactor {
		t.Errorf("%+v", d.Grant)
	}
	if trace := strings.Join(d.Trace, "\n"); !strings.Contains(trace, "users.toml:3: user.alice.auth: a code is asked for after the key") {
		t.Errorf("%s", trace)
	}
	if err := codes.Enrol("alice", nil, "", time.Now()); err != nil { // a file that is damaged
		t.Fatal(err)
	}
	if g := ask("a").Grant; g.Accepted || !strings.HasPrefix(g.Reason, "a code is wanted, and the user's secret can't be used: ") {
		t.Errorf("%+v", g)
	}
}
