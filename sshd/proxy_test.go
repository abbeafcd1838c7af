package sshd

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jailsh/jailsh/internal/wire"
	"golang.org/x/crypto/ssh"
)

// proxy2 is a header of version 2.
func proxy2(command, family byte, body ...[]byte) string {
	all := slices.Concat(body...)
	return string(slices.Concat([]byte(proxyStart2), []byte{command, family}, binary.BigEndian.AppendUint16(nil, uint16(len(all))), all))
}

var (
	four  = []byte{203, 0, 113, 5, 192, 0, 2, 1, 0x9c, 0x40, 0, 22} // 203.0.113.5:40000 to 192.0.2.1:22
	six   = slices.Concat(bytes.Repeat([]byte{0xfd}, 15), []byte{1}, bytes.Repeat([]byte{0xfd}, 15), []byte{2}, []byte{0, 1, 0, 22})
	six4  = slices.Concat(make([]byte, 10), []byte{0xff, 0xff, 203, 0, 113, 5}, make([]byte, 10), []byte{0xff, 0xff, 192, 0, 2, 1}, []byte{0, 1, 0, 22})
	extra = []byte{4, 0, 3, 'n', 'o', 'p'} // a TLV that asks for nothing
)

func TestProxyHeaders(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]string{
		"PROXY TCP4 203.0.113.5 192.0.2.1 40000 22\r\n":  "203.0.113.5:40000 192.0.2.1:22",
		"PROXY TCP6 2001:db8::1 2001:db8::2 0 65535\r\n": "[2001:db8::1]:0 [2001:db8::2]:65535",
		"PROXY TCP6 ::ffff:203.0.113.5 ::1 1 2\r\n":      "203.0.113.5:1 [::1]:2",
		"PROXY UNKNOWN\r\n":                              "itself",
		"PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n":          "itself",
		proxy2(0x21, 0x11, four):                         "203.0.113.5:40000 192.0.2.1:22",
		proxy2(0x21, 0x11, four, extra):                  "203.0.113.5:40000 192.0.2.1:22",
		proxy2(0x21, 0x21, six):                          "[fdfd:fdfd:fdfd:fdfd:fdfd:fdfd:fdfd:fd01]:1 [fdfd:fdfd:fdfd:fdfd:fdfd:fdfd:fdfd:fd02]:22",
		proxy2(0x21, 0x21, six4):                         "203.0.113.5:1 192.0.2.1:22",
		proxy2(0x20, 0x00):                               "itself",
		proxy2(0x20, 0x11, four):                         "itself",
		proxy2(0x21, 0x00, extra):                        "itself",

		"PROXY TCP4 203.0.113.5 192.0.2.1 40000\r\n":                  "bad",
		"PROXY TCP4 203.0.113.5 192.0.2.1 40000 22 \r\n":              "bad",
		"PROXY TCP4  203.0.113.5 192.0.2.1 40000 22\r\n":              "bad",
		"PROXY TCP4 2001:db8::1 2001:db8::2 1 2\r\n":                  "bad",
		"PROXY TCP6 203.0.113.5 192.0.2.1 40000 22\r\n":               "bad",
		"PROXY TCP6 fe80::1%eth0 ::1 40000 22\r\n":                    "bad",
		"PROXY TCP4 203.0.113.5 192.0.2.1 65536 22\r\n":               "bad",
		"PROXY TCP4 203.0.113.5 192.0.2.1 -1 22\r\n":                  "bad",
		"PROXY TCP4 203.0.113.5 192.0.2.1 40000 22\nx":                "bad", // no CR, and the next bytes would be the client's
		"PROXY UDP4 203.0.113.5 192.0.2.1 40000 22\r\n":               "bad",
		"PROXY TCP4 localhost 192.0.2.1 40000 22\r\n":                 "bad",
		"PROXY " + strings.Repeat("x", 200) + "\r\n":                  "bad",
		"PROXY UNKNOWN" + strings.Repeat("x", proxyLine) + "\r\n":     "bad",
		"PROXY UNKNOWN " + strings.Repeat(" ", proxyLine-16) + "\r\n": "itself",
		"proxy TCP4 203.0.113.5 192.0.2.1 40000 22\r\n":               "bad",
		"SSH-2.0-OpenSSH_9.2\r\n":                                     "bad",
		proxy2(0x11, 0x11, four):                                      "bad", // version 1
		proxy2(0x22, 0x11, four):                                      "bad", // no such command
		proxy2(0x21, 0x12, four):                                      "bad", // UDP
		proxy2(0x21, 0x31, make([]byte, 216)):                         "bad", // a unix socket
		proxy2(0x21, 0x11, four[:11]):                                 "bad",
		proxy2(0x21, 0x21, four):                                      "bad",
		proxy2(0x20, 0x00, make([]byte, proxyRest+1)):                 "bad",
	} {
		r := strings.NewReader(header + "SSH-")
		got, err := readProxyHeader(r)
		said := "itself"
		if got.client.IsValid() {
			said = got.client.String() + " " + got.server.String()
		}
		if err != nil {
			said = "bad"
		}
		if said != want {
			t.Errorf("%.60q: %s (%v), want %s", header, said, err, want)
		}
		if rest, _ := io.ReadAll(r); err == nil && string(rest) != "SSH-" {
			t.Errorf("%.60q: %q is left", header, rest)
		}
		// Cut anywhere, it is no header.
		if want != "bad" {
			for n := range header {
				if _, err := readProxyHeader(strings.NewReader(header[:n])); err == nil {
					t.Errorf("%.60q: cut to %d bytes it was taken", header, n)
				}
			}
		}
	}
}

func FuzzProxyHeader(f *testing.F) {
	f.Add([]byte("PROXY TCP4 203.0.113.5 192.0.2.1 40000 22\r\n"))
	f.Add([]byte(proxy2(0x21, 0x11, four, extra)))
	f.Add([]byte(proxy2(0x21, 0x21, six)))
	f.Fuzz(func(t *testing.T, b []byte) {
		r := bytes.NewReader(b)
		said, err := readProxyHeader(r)
		if used := len(b) - r.Len(); used > len(proxyStart2)+4+proxyRest {
			t.Errorf("%d bytes were read", used)
		}
		if err == nil && (said.client.IsValid() != said.server.IsValid() || said.client.Addr().Is4In6() || said.client.Addr().Zone() != "") {
			t.Errorf("%+v", said)
		}
	})
}

// fromProxies is a setting: memPipe's usual address and the loopback are proxies'.
func fromProxies(_ *fixture, cfg *wire.NetConfig) {
	cfg.ProxiesFrom = []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24"), netip.MustParsePrefix("127.0.0.1/32"), netip.MustParsePrefix("::1/128")}
}

// The client that a proxy names is the one that counts: for jailshd, for the log and
// in SSH_CONNECTION. Over TCP, as it is read there.
func TestAClientBehindAProxy(t *testing.T) {
	t.Parallel()
	f := start(t, fromProxies)
	for header, want := range map[string]string{
		"PROXY TCP4 203.0.113.5 192.0.2.1 40000 22\r\n": "203.0.113.5 40000 192.0.2.1 22",
		proxy2(0x21, 0x21, six, extra):                  "fdfd:fdfd:fdfd:fdfd:fdfd:fdfd:fdfd:fd01 1 fdfd:fdfd:fdfd:fdfd:fdfd:fdfd:fdfd:fd02 22",
	} {
		nc, err := net.Dial("tcp", f.addr)
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range []byte(header) { // in as many packets as it likes
			if _, err := nc.Write([]byte{b}); err != nil {
				t.Fatal(err)
			}
		}
		conn, chans, requests, err := ssh.NewClientConn(nc, "", f.clientConfig("alice", f.key))
		if err != nil {
			t.Fatal(err)
		}
		c := ssh.NewClient(conn, chans, requests)
		s := f.session(c)
		s.must("exec", text("echo $SSH_CONNECTION"))
		if got, _ := io.ReadAll(s); strings.TrimSpace(string(got)) != want {
			t.Errorf("SSH_CONNECTION is %q, not %q", got, want)
		}
		client, _, _ := strings.Cut(want, " ")
		f.broker.waitRecord(t, "login", func(r *wire.Record) bool { return r.From == client })
		if asked := f.broker.lookups(); asked[len(asked)-1].From != client {
			t.Errorf("jailshd is told that she comes from %s", asked[len(asked)-1].From)
		}
		c.Close()
	}
	f.eventually(func() bool {
		return len(f.server.connections()) == 0 && f.starting() == 0 && len(f.server.sources.by) == 0
	})
}

// A proxy that says nothing of its client, or nonsense, or nothing at all, is
// disconnected; one that speaks for itself isn't.
func TestAProxyMustSayForWhom(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, f *fixture) {
		f.t = t
		try := func(first string) string {
			began := time.Now()
			ours, theirs := memPipe("198.51.100.7:40000")
			f.server.accepted(ours)
			defer f.wait()
			defer theirs.Close()
			_, _ = io.WriteString(theirs, first)
			said := make([]byte, len(version))
			if _, err := io.ReadFull(theirs, said); err != nil {
				return errors.Join(err, nil).Error() + " after " + time.Since(began).String()
			}
			return string(said)
		}
		for first, want := range map[string]string{
			"PROXY UNKNOWN\r\n":             version,
			proxy2(0x20, 0x00):              version,
			"SSH-2.0-OpenSSH_9.2\r\n":       "EOF after 0s",
			"PROXY TCP4 nonsense\r\n":       "EOF after 0s",
			"":                              "EOF after 5s",
			"PROXY TCP4 203.0.113.5":        "EOF after 5s",
			proxy2(0x21, 0x11, four)[:20]:   "EOF after 5s",
			proxy2(0x21, 0x11, four) + "XX": version, // and then a bad greeting
		} {
			if got := try(first); got != want {
				t.Errorf("%.40q: %s, want %s", first, got, want)
			}
		}
		if n := f.broker.count("no PROXY header"); n != 5 {
			t.Errorf("%d records", n)
		}
		late := 0
		for _, r := range f.broker.recordsOf("no PROXY header") {
			if attr(r, "reason") == "nothing whole within 5 seconds" {
				late++
			}
		}
		if late != 3 {
			t.Errorf("%d were late", late)
		}
		if n := f.starting(); n != 0 || len(f.server.startups.sources) != 0 {
			t.Errorf("%d connections of %v are counted", n, f.server.startups.sources)
		}
	}, fromProxies, withPenalties)
}

// Clients behind a proxy are counted and penalised by themselves, and the proxy isn't,
// which nobody else is behind.
func TestLimitsAreThoseOfTheClientBehindAProxy(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, f *fixture) {
		f.t = t
		connect := func(client string) (net.Conn, string) {
			ours, theirs := memPipe("198.51.100.7:40000")
			f.server.accepted(ours)
			if client == "" {
				return theirs, ""
			}
			_, _ = io.WriteString(theirs, "PROXY TCP4 "+client+" 192.0.2.1 1 22\r\n")
			said := make([]byte, len(version))
			if _, err := io.ReadFull(theirs, said); err != nil {
				return theirs, ""
			}
			return theirs, string(said)
		}
		var open []net.Conn
		for range 3 {
			c, said := connect("203.0.113.5")
			if said != version {
				t.Fatalf("told %q", said)
			}
			open = append(open, c)
		}
		if _, said := connect("203.0.113.5"); said != "" {
			t.Errorf("one too many is told %q", said)
		}
		if r := f.broker.waitRecord(t, "dropped", nil); attr(r, "limit") != "max_startups_per_source" || r.From != "203.0.113.5" {
			t.Errorf("recorded as %+v", r)
		}
		for range 10 { // that have not said yet for whom
			c, _ := connect("")
			open = append(open, c)
		}
		other, said := connect("203.0.113.6")
		if said != version {
			t.Errorf("another client is told %q", said)
		}
		for _, c := range append(open, other) {
			c.Close()
		}
		f.wait()
		for range 15 {
			c, _ := connect("203.0.113.5")
			c.Close()
			f.wait()
		}
		if _, said := connect("203.0.113.5"); said != turnedAway {
			t.Errorf("who was penalised is told %q", said)
		}
		if c, said := connect("203.0.113.6"); said != version {
			t.Errorf("another is told %q", said)
		} else {
			c.Close()
		}
		f.wait()
		if n := f.starting(); n != 0 {
			t.Errorf("%d are counted: %v", n, f.server.startups.sources)
		}
	}, fromProxies, withPenalties, func(_ *fixture, cfg *wire.NetConfig) { cfg.StartupsPerSource = 3 })
}
