package egress

import (
	"bytes"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
)

const procSys = "/proc/sys"

// forwarding refuses a host that forwards nothing of the network's protocol. It
// isn't switched on here: a host that begins to forward does so between all its
// networks, which its administrator has to want (ip-sysctl.rst of the kernel).
func forwarding(sys string, n netip.Prefix) error {
	key, file := "net.ipv4.ip_forward", "net/ipv4/ip_forward"
	if n.Addr().Is6() {
		key, file = "net.ipv6.conf.all.forwarding", "net/ipv6/conf/all/forwarding"
	}
	b, err := os.ReadFile(filepath.Join(sys, file))
	if err != nil {
		return fmt.Errorf("%s: %w - remove %s from egress_addresses", key, err, n)
	}
	if bytes.HasPrefix(b, []byte("0")) {
		return fmt.Errorf("%s is 0: this host forwards nothing - run: sysctl -w %s=1; and to keep it: echo %s=1 >>/etc/sysctl.d/60-jailsh.conf", key, key, key)
	}
	return nil
}
