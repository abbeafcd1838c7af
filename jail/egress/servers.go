package egress

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Resolver is what a cell's resolv.conf(5) is made from.
type Resolver struct {
	Servers []netip.Addr // egress_dns; empty: those of the host
	IPv6    bool         // the cell has an IPv6 address
}

// maxServers is how many name servers a program asks: MAXNS of resolv.conf(5).
const maxServers = 3

// maxResolv bounds what is read as a resolv.conf, bytes.
const maxResolv = 16 << 10

// resolvFiles are where the host's name servers are found. The first may name a
// program on this host that asks the others, such as systemd-resolved: then they
// are in the second.
var resolvFiles = [...]string{"/etc/resolv.conf", "/run/systemd/resolve/resolv.conf"}

// Resolve returns the name servers that a cell may ask, and its resolv.conf. A
// server that no cell can reach is left out; none at all is an error.
func (r Resolver) Resolve() ([]netip.Addr, []byte, error) {
	own, err := net.InterfaceAddrs()
	if err != nil {
		return nil, nil, fmt.Errorf("egress_dns: the host's addresses: %w", err)
	}
	return r.resolve("/", func(a netip.Addr) bool {
		return slices.ContainsFunc(own, func(o net.Addr) bool {
			n, ok := o.(*net.IPNet)
			return ok && n.IP.Equal(a.AsSlice())
		})
	})
}

// resolve does it with the files below root and an answer to whether an address
// is the host's own.
func (r Resolver) resolve(root string, own func(netip.Addr) bool) ([]netip.Addr, []byte, error) {
	if len(r.Servers) > 0 {
		servers, why := r.reachable(r.Servers, own)
		if len(servers) == 0 {
			return nil, nil, fmt.Errorf("egress_dns: %s - name servers that are elsewhere", why)
		}
		return servers, write(servers, nil), nil
	}
	var reasons []string
	for _, file := range resolvFiles {
		text, err := readBounded(filepath.Join(root, file))
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, nil, fmt.Errorf("egress_dns: %w", err)
		}
		named, rest := parse(text)
		servers, why := r.reachable(named, own)
		if len(servers) > 0 {
			return servers, write(servers, rest), nil
		}
		reasons = append(reasons, file+": "+why)
	}
	if len(reasons) == 0 {
		reasons = append(reasons, resolvFiles[0]+": doesn't exist")
	}
	return nil, nil, fmt.Errorf(`egress_dns: no name server for the jails: %s - name one in jailsh.toml, like egress_dns = ["9.9.9.9"]`, strings.Join(reasons, "; "))
}

func readBounded(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxResolv+1))
	if err == nil && len(text) > maxResolv {
		err = fmt.Errorf("%s: has more than %d bytes", path, maxResolv)
	}
	return text, err
}

// parse takes the name servers out of a resolv.conf, and those of its other lines
// that mean something in a jail.
func parse(text []byte) (servers []netip.Addr, rest []string) {
	for line := range bytes.Lines(text) {
		words := strings.Fields(string(line))
		if len(words) < 2 {
			continue
		}
		switch words[0] {
		case "nameserver":
			if a, err := netip.ParseAddr(words[1]); err == nil {
				servers = append(servers, a.Unmap())
			}
		case "search", "domain", "options":
			rest = append(rest, strings.Join(words, " "))
		}
	}
	return servers, rest
}

// reachable are the first of the servers that a cell can ask; or why there are
// none.
func (r Resolver) reachable(all []netip.Addr, own func(netip.Addr) bool) (found []netip.Addr, why string) {
	why = "names none"
	for _, a := range all {
		switch {
		case a.IsLoopback() || a.IsUnspecified() || own(a):
			why = fmt.Sprintf("%s is this host, which no jail reaches", a)
		case a.Zone() != "" || a.IsLinkLocalUnicast():
			why = fmt.Sprintf("%s is on the host's link alone", a)
		case a.Is6() && !r.IPv6:
			why = fmt.Sprintf("%s is IPv6, and egress_addresses has no IPv6 network", a)
		default:
			found = append(found, a)
		}
	}
	return found[:min(len(found), maxServers)], why
}

func write(servers []netip.Addr, rest []string) []byte {
	var b bytes.Buffer
	for _, a := range servers {
		fmt.Fprintf(&b, "nameserver %s\n", a)
	}
	for _, line := range rest {
		fmt.Fprintln(&b, line)
	}
	return b.Bytes()
}
