package sshd

import (
	"fmt"
	"net/netip"
	"testing"
	"time"
)

// The chance of a drop, as in sshd_config(5): rate percent at begin, all at full.
func TestDropPercent(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ begin, rate, full, total, want int }{
		{10, 30, 100, 0, 0},
		{10, 30, 100, 9, 0},
		{10, 30, 100, 10, 30},
		{10, 30, 100, 55, 65},
		{10, 30, 100, 99, 99},
		{10, 30, 100, 100, 100},
		{10, 30, 100, 101, 100},
		{10, 100, 20, 10, 100},
		{10, 30, 10, 9, 0},
		{10, 30, 10, 10, 100},
		{0, 0, 2, 0, 0},
		{0, 0, 2, 1, 50},
	} {
		s := startups{begin: c.begin, rate: c.rate, full: c.full, total: c.total}
		if got := s.dropPercent(); got != c.want {
			t.Errorf("%d:%d:%d at %d: %d percent, not %d", c.begin, c.rate, c.full, c.total, got, c.want)
		}
	}
}

// Between begin and full the drops follow the chance.
func TestStartupsDropsByChance(t *testing.T) {
	t.Parallel()
	dice := 0
	s := startups{begin: 2, rate: 50, full: 100, random: func(int) int { return dice }}
	for i := range 2 {
		if dropped := s.admit(sourceOf(netip.MustParseAddr(fmt.Sprintf("192.0.2.%d", i)))); dropped != "" {
			t.Fatalf("connection %d: %s", i, dropped)
		}
	}
	for _, c := range []struct {
		dice    int
		dropped string
	}{{49, "max_startups"}, {50, ""}} {
		dice = c.dice
		if dropped := s.admit(sourceOf(netip.MustParseAddr("192.0.2.9"))); dropped != c.dropped {
			t.Errorf("with %d: %q", c.dice, dropped)
		}
	}
}

// One source that opens connections and says nothing doesn't keep another out:
// its own cap binds before the one of all.
func TestOneSourceDoesNotKeepAnotherOut(t *testing.T) {
	t.Parallel()
	s := startups{begin: 10, rate: 100, full: 20, perSource: 5, random: func(int) int { return 0 }}
	attacker, other := netip.MustParseAddr("203.0.113.5"), netip.MustParseAddr("198.51.100.7")
	admitted := 0
	for range 1000 {
		if dropped := s.admit(sourceOf(attacker)); dropped == "" {
			admitted++
		} else if dropped != "max_startups_per_source" {
			t.Fatalf("dropped by %s", dropped)
		}
	}
	if admitted != 5 {
		t.Errorf("%d were admitted", admitted)
	}
	source := sourceOf(other)
	if dropped := s.admit(source); dropped != "" {
		t.Errorf("the other is kept out by %s", dropped)
	}
	s.done(source)
}

// The table holds those who are on their way, and nobody else.
func TestSourcesAreForgotten(t *testing.T) {
	t.Parallel()
	s := startups{begin: 400, rate: 30, full: 400, perSource: 20, random: random}
	for i := range 10_000 {
		source := sourceOf(netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}))
		if dropped := s.admit(source); dropped != "" {
			t.Fatal(dropped)
		}
		s.done(source)
	}
	if len(s.sources) != 0 || s.total != 0 {
		t.Errorf("%d sources and %d connections are left", len(s.sources), s.total)
	}
}

// sourceOf is what makes a source by default.
func sourceOf(a netip.Addr) netip.Prefix { return blockSize{32, 64}.of(a) }

func TestSourceOf(t *testing.T) {
	t.Parallel()
	for addr, want := range map[string]string{
		"192.0.2.1":          "192.0.2.1/32",
		"::ffff:192.0.2.1":   "192.0.2.1/32",
		"2001:db8:1:2:3::4":  "2001:db8:1:2::/64",
		"2001:db8:1:2:ff::1": "2001:db8:1:2::/64",
		"2001:db8:1:3::1":    "2001:db8:1:3::/64",
		"fe80::1%eth0":       "fe80::/64",
	} {
		if got := sourceOf(netip.MustParseAddr(addr)); got.String() != want {
			t.Errorf("%s: %s, not %s", addr, got, want)
		}
	}
	if got := sourceOf(netip.Addr{}); got.IsValid() {
		t.Errorf("no address: %s", got)
	}
}

// However many are dropped, there is a record of them every ten seconds at most,
// and all are told of in the end.
func TestDropsAreRecordedAtABoundedRate(t *testing.T) {
	t.Parallel()
	var d drops
	now := time.Unix(1_000_000, 0)
	records, told := 0, 0
	for range 100_000 {
		now = now.Add(time.Millisecond)
		if n := d.note(1, now); n > 0 {
			records++
			told += n
		}
	}
	if records != 10 {
		t.Errorf("%d records in 100 seconds", records)
	}
	told += d.note(0, now.Add(dropInterval))
	if told != 100_000 {
		t.Errorf("%d were told of", told)
	}
	if n := d.note(0, now.Add(time.Hour)); n != 0 {
		t.Errorf("%d more", n)
	}
}
