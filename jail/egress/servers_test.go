package egress

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestNameServersOfACell(t *testing.T) {
	t.Parallel()
	own := func(a netip.Addr) bool { return a == netip.MustParseAddr("192.0.2.1") }
	for _, c := range []struct {
		name, etc, systemd string
		configured         string
		ipv6               bool
		want, err          string
	}{
		{
			name: "the host's", etc: "# made\nnameserver 192.168.1.1\nsearch example.org lan\noptions ndots:2\nsortlist x\n",
			want: "nameserver 192.168.1.1\nsearch example.org lan\noptions ndots:2\n",
		},
		{
			name: "systemd's stub", etc: "nameserver 127.0.0.53\nsearch stub\n", systemd: "nameserver 192.168.1.1\nsearch lan\n",
			want: "nameserver 192.168.1.1\nsearch lan\n",
		},
		{name: "one that is the host itself is left out", etc: "nameserver 192.0.2.1\nnameserver 192.0.2.2\n", want: "nameserver 192.0.2.2\n"},
		{
			name: "only the host", etc: "nameserver 127.0.0.1\n",
			err: `egress_dns: no name server for the jails: /etc/resolv.conf: 127.0.0.1 is this host, which no jail reaches - name one in jailsh.toml, like egress_dns = ["9.9.9.9"]`,
		},
		{
			name: "none", etc: "options x\n",
			err: `egress_dns: no name server for the jails: /etc/resolv.conf: names none - name one in jailsh.toml, like egress_dns = ["9.9.9.9"]`,
		},
		{
			name: "no file",
			err:  `egress_dns: no name server for the jails: /etc/resolv.conf: doesn't exist - name one in jailsh.toml, like egress_dns = ["9.9.9.9"]`,
		},
		{name: "IPv6 without", etc: "nameserver 2001:db8::53\nnameserver 192.0.2.2\n", want: "nameserver 192.0.2.2\n"},
		{name: "IPv6", etc: "nameserver 2001:db8::53\nnameserver fe80::1%eth0\n", ipv6: true, want: "nameserver 2001:db8::53\n"},
		{name: "three at most", etc: strings.Repeat("nameserver 192.0.2.2\n", 4), want: strings.Repeat("nameserver 192.0.2.2\n", 3)},
		{name: "configured", etc: "nameserver 192.0.2.2\nsearch lan\n", configured: "9.9.9.9", want: "nameserver 9.9.9.9\n"},
		{name: "configured as the host", configured: "192.0.2.1", err: "egress_dns: 192.0.2.1 is this host, which no jail reaches - name servers that are elsewhere"},
		{name: "too long", etc: strings.Repeat("#", maxResolv+1), err: "/etc/resolv.conf: has more than 16384 bytes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			root := t.TempDir()
			for file, text := range map[string]string{resolvFiles[0]: c.etc, resolvFiles[1]: c.systemd} {
				if text == "" {
					continue
				}
				path := filepath.Join(root, file)
				if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			r := Resolver{IPv6: c.ipv6}
			if c.configured != "" {
				r.Servers = []netip.Addr{netip.MustParseAddr(c.configured)}
			}
			servers, text, err := r.resolve(root, own)
			if got := fmt.Sprint(err); (c.err == "") != (err == nil) || err != nil && !strings.Contains(got, c.err) {
				t.Errorf("got %q, want %q", got, c.err)
			}
			if string(text) != c.want || len(servers) != strings.Count(c.want, "nameserver") {
				t.Errorf("got %v and %q, want %q", servers, text, c.want)
			}
		})
	}
}
