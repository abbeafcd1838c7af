package sshd

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jailsh/jailsh/internal/wire"
	"golang.org/x/crypto/ssh"
)

// openSSHs are the times of OpenSSH, with a table for tests.
func openSSHs() wire.Penalties {
	const s = time.Second
	return wire.Penalties{
		Crash: 90 * s, AuthFail: 5 * s, NoAuth: s, GraceExceeded: 10 * s, Min: 15 * s, Max: 10 * time.Minute,
		MaxSources4: 4, MaxSources6: 4,
	}
}

// withPenalties is a setting of them.
func withPenalties(_ *fixture, cfg *wire.NetConfig) { cfg.Penalties = openSSHs() }

// A script of offences of one source, each at a second, and when it is refused.
func TestPenaltiesAccumulate(t *testing.T) {
	t.Parallel()
	type offences struct {
		at  int
		why offence
		n   int
	}
	for name, c := range map[string]struct {
		offences []offences
		refused  [][2]int // from, to
	}{
		"a crash":                       {[]offences{{0, crash, 1}}, [][2]int{{0, 90}}},
		"three wrong keys":              {[]offences{{0, authFail, 2}}, nil},
		"wrong keys at once":            {[]offences{{0, authFail, 3}}, [][2]int{{0, 15}}},
		"wrong keys now and then":       {[]offences{{0, authFail, 1}, {6, authFail, 1}, {12, authFail, 1}, {18, authFail, 1}}, nil},
		"wrong keys one after another":  {[]offences{{0, authFail, 1}, {1, authFail, 1}, {2, authFail, 1}, {3, authFail, 1}}, [][2]int{{3, 20}}},
		"a monitor that only looks in":  {[]offences{{0, noAuth, 1}, {1, noAuth, 1}, {2, noAuth, 1}, {3, noAuth, 1}, {4, noAuth, 1}}, nil},
		"a scanner":                     {[]offences{{0, noAuth, 40}}, [][2]int{{0, 40}}},
		"silence, and what comes after": {[]offences{{0, graceExceeded, 2}, {10, authFail, 1}}, [][2]int{{0, 25}}},
		"no end of it":                  {[]offences{{0, authFail, 1000}, {300, authFail, 1000}}, [][2]int{{0, 900}}},
	} {
		t.Run(name, func(t *testing.T) {
			var p penalties
			p.configure(openSSHs())
			from := netip.MustParseAddr("203.0.113.5")
			began := time.Unix(1_900_000_000, 0)
			var refused []int
			for second := range 1000 {
				now := began.Add(time.Duration(second) * time.Second)
				for _, o := range c.offences {
					for range o.n {
						if o.at == second {
							p.impose(sourceOf(from), from, o.why, now)
						}
					}
				}
				if p.refuse(sourceOf(from), from, now) {
					refused = append(refused, second)
				}
			}
			var want []int
			for _, span := range c.refused {
				for s := span[0]; s < span[1]; s++ {
					want = append(want, s)
				}
			}
			if !slices.Equal(refused, want) {
				t.Errorf("refused at %v, want %v", refused, c.refused)
			}
			if n := len(p.v4.by) + len(p.v4.queue); n != 0 {
				t.Errorf("%d entries are left", n)
			}
		})
	}
}

// A login takes back what mistakes have cost, but not a crash.
func TestALoginForgives(t *testing.T) {
	t.Parallel()
	var p penalties
	p.configure(openSSHs())
	now := time.Unix(1_900_000_000, 0)
	from := netip.MustParseAddr("2001:db8::1")
	source := sourceOf(from)
	for range 10 {
		for range 2 {
			p.impose(source, from, authFail, now)
		}
		p.forgive(source)
	}
	if p.refuse(source, from, now) {
		t.Error("refused")
	}
	p.impose(source, from, crash, now)
	p.impose(source, from, authFail, now)
	p.forgive(source)
	if !p.refuse(source, from, now) {
		t.Error("a crash is forgiven")
	}
	if !p.refuse(sourceOf(netip.MustParseAddr("2001:db8::2:3")), netip.MustParseAddr("2001:db8::2:3"), now) {
		t.Error("another address of the source isn't refused")
	}
	if p.refuse(sourceOf(netip.MustParseAddr("2001:db8:0:1::1")), netip.MustParseAddr("2001:db8:0:1::1"), now) {
		t.Error("another source is refused")
	}
}

// However many sources misbehave, the table has its size. Of permissive ones the
// penalty goes that would end first; else everybody is refused until there is room.
func TestPenaltyTablesAreBounded(t *testing.T) {
	t.Parallel()
	addr := func(n int) netip.Addr { return netip.AddrFrom4([4]byte{10, 1, byte(n >> 8), byte(n)}) }
	now := time.Unix(1_900_000_000, 0)
	stranger := netip.MustParseAddr("192.0.2.1")
	exempt := netip.MustParseAddr("198.51.100.1")

	var p penalties
	cfg := openSSHs()
	cfg.Exempt = []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")}
	p.configure(cfg)
	p.impose(sourceOf(addr(0)), addr(0), crash, now)
	for n := 1; n < 10_000; n++ {
		p.impose(sourceOf(addr(n)), addr(n), noAuth, now)
		if len(p.v4.by) > 4 || len(p.v4.queue) != len(p.v4.by) {
			t.Fatalf("%d and %d entries", len(p.v4.by), len(p.v4.queue))
		}
	}
	if !p.refuse(sourceOf(addr(0)), addr(0), now) {
		t.Error("the longest penalty was forgotten")
	}
	if p.refuse(sourceOf(stranger), stranger, now) {
		t.Error("a stranger is refused")
	}

	p = penalties{}
	cfg.DenyAll4 = true
	p.configure(cfg)
	for n := range 100 {
		p.impose(sourceOf(addr(n)), addr(n), noAuth, now)
	}
	six := netip.MustParseAddr("2001:db8::1")
	if len(p.v4.by) != 4 || !p.refuse(sourceOf(stranger), stranger, now) || p.refuse(sourceOf(six), six, now) || p.refuse(sourceOf(exempt), exempt, now) {
		t.Errorf("with a full table of %d: a stranger %t, IPv6 %t, an exempt one %t", len(p.v4.by),
			p.refuse(sourceOf(stranger), stranger, now), p.refuse(sourceOf(six), six, now), p.refuse(sourceOf(exempt), exempt, now))
	}
	if p.refuse(sourceOf(stranger), stranger, now.Add(time.Second)) {
		t.Error("a stranger is refused when there is room again")
	}
}

func TestExemptSourcesCollectNothing(t *testing.T) {
	t.Parallel()
	var p penalties
	cfg := openSSHs()
	cfg.Exempt = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("2001:db8::/32")}
	p.configure(cfg)
	now := time.Now()
	for _, a := range []string{"192.0.2.7", "::ffff:192.0.2.7", "2001:db8:1::1"} {
		from := netip.MustParseAddr(a)
		if p.impose(sourceOf(from), from, crash, now); p.refuse(sourceOf(from), from, now) || len(p.v4.by)+len(p.v6.by) != 0 {
			t.Errorf("%s has a penalty", a)
		}
	}
	p.configure(wire.Penalties{}) // none at all
	from := netip.MustParseAddr("203.0.113.1")
	if p.impose(sourceOf(from), from, crash, now); p.refuse(sourceOf(from), from, now) {
		t.Error("refused, with penalties off")
	}
}

// visit has a client come from an address, do something, and go; it returns what the
// server said first.
func (f *fixture) visit(from string, do func(net.Conn)) string {
	f.t.Helper()
	ours, theirs := memPipe(from)
	f.server.accepted(ours)
	defer f.wait() // until the server has noticed
	defer theirs.Close()
	first := make([]byte, len(version))
	if _, err := io.ReadFull(theirs, first); err != nil {
		return ""
	}
	if string(first) == version && do != nil {
		do(&reread{theirs, first})
	}
	return string(first)
}

// reread is a connection of which the first bytes come once more.
type reread struct {
	*memConn
	head []byte
}

func (r *reread) Read(b []byte) (int, error) {
	if len(r.head) == 0 {
		return r.memConn.Read(b)
	}
	n := copy(b, r.head)
	r.head = r.head[n:]
	return n, nil
}

// wait waits, in a bubble, until nobody does anything any more.
func (f *fixture) wait() { synctest.Wait() }

const turnedAway = "Not allowed at" // as much as a version has

// What connections do is what their source is penalised for.
func TestPenaltiesOfConnections(t *testing.T) {
	t.Parallel()
	key := func(f *fixture, user string, keys ...ssh.Signer) func(net.Conn) {
		return func(c net.Conn) {
			conn, _, _, err := ssh.NewClientConn(c, "", f.clientConfig(user, keys...))
			if err == nil {
				conn.Close()
			}
		}
	}
	for name, c := range map[string]struct {
		do      func(*fixture) func(net.Conn)
		visits  int // after which the source is refused; 0: never. A refused key takes its milliseconds
		offence string
	}{
		"nothing": {func(*fixture) func(net.Conn) { return nil }, 15, "noauth"},
		"no SSH": {func(*fixture) func(net.Conn) {
			return func(c net.Conn) { io.WriteString(c, "GET / HTTP/1.1\r\n") }
		}, 15, "noauth"},
		"no key":     {func(f *fixture) func(net.Conn) { return key(f, "alice") }, 15, "noauth"},
		"wrong key":  {func(f *fixture) func(net.Conn) { k, _ := newKey(f.t); return key(f, "alice", k) }, 4, "authfail"},
		"wrong name": {func(f *fixture) func(net.Conn) { return key(f, "mallory", f.key) }, 4, "authfail"},
		"late": {func(f *fixture) func(net.Conn) {
			return func(net.Conn) { <-time.After(30 * time.Second) }
		}, 0, ""},
		"login": {func(f *fixture) func(net.Conn) { return key(f, "alice", f.key) }, 0, ""},
		"wrong key, then login": {func(f *fixture) func(net.Conn) {
			k, _ := newKey(f.t)
			return key(f, "alice", k, f.key)
		}, 0, ""},
		"nobody knows": {func(f *fixture) func(net.Conn) {
			f.broker.lookup = func(*wire.Lookup) (*wire.Grant, error) { return nil, errors.New("jailshd is busy") }
			return key(f, "alice", f.key)
		}, 0, ""},
		"no place": {func(f *fixture) func(net.Conn) { return key(f, "bob", f.key) }, 0, ""},
		"no code":  {func(f *fixture) func(net.Conn) { return key(f, "carol", f.key) }, 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, func(t *testing.T, f *fixture) {
				f.t = t
				f.broker.allow("bob", f.key.PublicKey(), &wire.Grant{Accepted: true, Logins: 1})
				f.server.logins.take("bob", 0)
				f.broker.allow("carol", f.key.PublicKey(), &wire.Grant{Accepted: true, SecondFactor: true})
				do := c.do(f)
				visits := 0
				for ; visits < 20; visits++ {
					if said := f.visit("203.0.113.5:40000", do); said == turnedAway {
						break
					} else if said != version {
						t.Fatalf("visit %d: the server said %q", visits, said)
					}
				}
				if c.visits == 0 {
					c.visits = 20
				} else if r := f.broker.waitRecord(t, "penalty", nil); attr(r, "offence") != c.offence || attr(r, "source") != "203.0.113.5/32" || r.From != "203.0.113.5" {
					t.Errorf("recorded as %+v", r)
				}
				if visits != c.visits {
					t.Errorf("turned away after %d visits, want %d", visits, c.visits)
				}
				if said := f.visit("203.0.113.6:40000", nil); said != version {
					t.Errorf("a neighbour is told %q", said)
				}
				f.server.logins.leave("bob")
			}, withPenalties, func(_ *fixture, cfg *wire.NetConfig) {
				cfg.LoginGrace = 20 * time.Second
			})
		})
	}
}

// Silent connections, many at a time, as they tie up places.
func TestSilenceIsPenalised(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, f *fixture) {
		f.t = t
		for range 3 {
			ours, _ := memPipe("203.0.113.5:40000")
			f.server.accepted(ours)
		}
		<-time.After(21 * time.Second)
		f.wait()
		if r := f.broker.waitRecord(t, "penalty", nil); attr(r, "offence") != "grace-exceeded" || attr(r, "seconds") != "20" {
			t.Errorf("recorded as %+v", r)
		}
		if said := f.visit("203.0.113.5:40000", nil); said != turnedAway {
			t.Errorf("told %q", said)
		}
		if r := f.broker.waitRecord(t, "dropped", nil); attr(r, "limit") != "per_source_penalties" || r.From != "203.0.113.5" {
			t.Errorf("recorded as %+v", r)
		}
		<-time.After(30 * time.Second)
		if said := f.visit("203.0.113.5:40000", nil); said != version {
			t.Errorf("afterwards told %q", said)
		}
	}, withPenalties, func(_ *fixture, cfg *wire.NetConfig) { cfg.LoginGrace = 20 * time.Second })
}

// A panic of a connection is a crash.
func TestACrashIsPenalised(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, f *fixture) {
		f.t = t
		f.broker.lookup = func(*wire.Lookup) (*wire.Grant, error) { panic("on purpose") }
		f.visit("203.0.113.5:40000", func(c net.Conn) {
			_, _, _, _ = ssh.NewClientConn(c, "", f.clientConfig("alice", f.key))
		})
		if said := f.visit("203.0.113.5:40000", nil); said != turnedAway {
			t.Errorf("told %q", said)
		}
	}, withPenalties)
}

// Students behind one address: some mistype their names, the others log in, and
// nobody is turned away.
func TestAClassBehindOneAddress(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, f *fixture) {
		f.t = t
		login := func(user string) func(net.Conn) {
			return func(c net.Conn) {
				conn, _, _, err := ssh.NewClientConn(c, "", f.clientConfig(user, f.key))
				if err == nil {
					conn.Close()
				}
			}
		}
		for n := range 60 {
			user := "alice"
			if n%3 == 0 {
				user = fmt.Sprint("typo", n)
			}
			if said := f.visit("203.0.113.5:40000", login(user)); said != version {
				t.Fatalf("student %d is told %q", n, said)
			}
			<-time.After(100 * time.Millisecond)
		}
	}, withPenalties)
}

// A flood from many sources costs what its table costs, and turns nobody else away.
func TestAFloodOfSources(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, f *fixture) {
		f.t = t
		for n := range 500 {
			if said := f.visit(fmt.Sprintf("10.0.%d.%d:1", n/250, n%250), nil); said != version {
				t.Fatalf("%d is told %q", n, said)
			}
		}
		if n := len(f.server.penalties.v4.by); n != 4 {
			t.Errorf("%d entries", n)
		}
		if said := f.visit("203.0.113.5:40000", nil); said != version {
			t.Errorf("told %q", said)
		}
	}, withPenalties)
}

// A PROXY header of somebody who isn't trusted is no SSH.
func TestAProxyHeaderOfAnybodyIsNoSSH(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, f *fixture) {
		f.t = t
		for _, header := range []string{"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\nSSH-2.0-x\r\n", proxy2(0x21, 0x11, four) + "SSH-2.0-x\r\n"} {
			f.broker.forget("no login")
			f.visit("203.0.113.5:40000", func(c net.Conn) {
				_, _ = io.WriteString(c, header)
				if rest, _ := io.ReadAll(c); strings.Contains(string(rest), "curve25519") {
					t.Errorf("%q: the key exchange began", header)
				}
			})
			if r := f.broker.waitRecord(t, "no login", nil); attr(r, "reason") != errIdentification.Error() {
				t.Errorf("%q: %s", header, attr(r, "reason"))
			}
		}
	})
}

// The administrator is told who is refused, the longest first, and how many more.
func TestPenalised(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, f *fixture) {
		for n := range 30 {
			from := netip.AddrFrom4([4]byte{10, 0, 0, byte(n)})
			for range n {
				f.server.penalties.impose(sourceOf(from), from, authFail, time.Now())
			}
		}
		from := netip.MustParseAddr("2001:db8::1")
		f.server.penalties.impose(sourceOf(from), from, crash, time.Now())
		<-time.After(time.Second)
		m := f.server.Penalised()
		if want := 28; int(m.Total) != want || len(m.List) != wire.MaxPenalised { // of 3 offences and more, and the crash
			t.Fatalf("%d, of which %d by name; want %d", m.Total, len(m.List), want)
		}
		first := wire.PenalisedSource{Source: netip.MustParsePrefix("10.0.0.29/32"), Left: 144 * time.Second, Offence: "authfail"}
		if m.List[0] != first || !slices.IsSortedFunc(m.List, func(a, b wire.PenalisedSource) int { return int(b.Left - a.Left) }) {
			t.Errorf("%+v", m.List)
		}
		if _, err := wire.Encode(m); err != nil {
			t.Error(err)
		}
	}, withPenalties, func(_ *fixture, cfg *wire.NetConfig) { cfg.Penalties.MaxSources4 = 100 })
}
