package integration

import (
	"fmt"
	"net"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
)

// Whoever may not log in sees the same, whatever the reason: no name can be told
// from another one.
func TestRefusalsLookTheSame(t *testing.T) {
	t.Parallel()
	i := newInstance(t)
	i.people = nil
	for n, p := range []struct{ name, options, table string }{
		{"alice", "", ""},
		{"gabby", "", "disabled = true"},
		{"carol", "", "expires = 2020-01-01"},
		{"david", `from="192.0.2.1" `, ""},
		{"erika", `expiry-time="20200101" `, ""},
		{"frank", "", `from = ["192.0.2.0/24"]`},
	} {
		one := i.add(p.name, 30000+n)
		one.options, one.table = p.options, p.table
	}
	writeKey(t, i.key("nobdy")) // is no user
	writeKey(t, i.key("wrong"))
	i.start()

	type refusal struct {
		text  string
		bytes int64
		times []time.Duration
	}
	cases := []struct{ name, key string }{
		{"alice", "wrong"},
		{"nobdy", "nobdy"},
		{"gabby", "gabby"},
		{"carol", "carol"},
		{"david", "david"},
		{"erika", "erika"},
		{"frank", "frank"},
		{"-root", "wrong"},
	}
	seen := make([]refusal, len(cases))
	for range 9 { // by turns, so that what else goes on hits all of them
		for n, c := range cases {
			nc := &counted{Conn: i.connect("")}
			began := time.Now()
			_, _, _, err := ssh.NewClientConn(nc, i.listen, i.config(c.name, c.key))
			if err == nil {
				t.Fatalf("%s was let in", c.name)
			}
			r := &seen[n]
			r.times = append(r.times, time.Since(began))
			if text := fmt.Sprint(err, nc.read.Load()); r.text == "" {
				r.text, r.bytes = text, nc.read.Load()
			} else if r.text != text {
				t.Errorf("%s: %s, and before %s", c.name, text, r.text)
			}
			nc.Close()
		}
	}
	var fastest, slowest time.Duration
	for n, c := range cases {
		r := seen[n]
		if r.text != seen[0].text {
			t.Errorf("%s: %d bytes, %s\nunlike %s: %d bytes, %s", c.name, r.bytes, r.text, cases[0].name, seen[0].bytes, seen[0].text)
		}
		slices.Sort(r.times)
		median := r.times[len(r.times)/2]
		t.Logf("%s: median %s", c.name, median)
		if n == 0 || median < fastest {
			fastest = median
		}
		slowest = max(slowest, median)
	}
	// Each name has a jitter of its own; what is looked for is another way of
	// refusing.
	if slowest-fastest > 100*time.Millisecond {
		t.Errorf("medians from %s to %s", fastest, slowest)
	}

	// What the stock client shows.
	writeKey(t, i.key("alice")) // another one
	var words []string
	for _, c := range cases[:7] {
		o := i.ssh(c.name, "--", "true")
		refused(t, o)
		words = append(words, strings.ReplaceAll(o.err, c.name, "NAME"))
	}
	if slices.Sort(words); words[0] != words[len(words)-1] {
		t.Errorf("they differ: %q", words)
	}
	// The log knows.
	for name, reason := range map[string]string{"nobdy": "unknown user", "gabby": "the user is disabled", "carol": "the user has expired"} {
		i.log.wait("msg=refused", "user="+name, reason)
	}
}

// counted counts what a connection reads.
type counted struct {
	net.Conn
	read atomic.Int64
}

func (c *counted) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.read.Add(int64(n))
	return n, err
}
