package sshd

import (
	"fmt"
	"net"
	"net/netip"
	"time"
)

// proxyTimeout is how long a proxy may take to say who its client is. It knows
// when it connects.
const proxyTimeout = 5 * time.Second

// introduced reads the PROXY header of a connection that comes from a proxy, and
// makes the client's address the connection's: for limits, penalties, from=, the log
// and SSH_CONNECTION. It reports false if the connection has ended, or has to.
//
// A proxy that is trusted must send one, always: where some connections had none, the
// client could send it.
func (c *connection) introduced() bool {
	if !c.behindProxy {
		return true
	}
	late := time.AfterFunc(proxyTimeout, func() { c.link.Close() })
	said, err := readProxyHeader(c.link.Conn)
	if inTime := late.Stop(); !inTime || err != nil {
		reason := fmt.Sprintf("nothing whole within %d seconds", int(proxyTimeout.Seconds()))
		if inTime {
			reason = err.Error()
		}
		c.record(levelWarn, "no PROXY header", "", "reason", reason)
		return false
	}
	if !said.client.IsValid() {
		return true // it is the proxy itself
	}
	c.link.remote, c.link.local = net.TCPAddrFromAddrPort(said.client), net.TCPAddrFromAddrPort(said.server)
	c.from, c.addresses = said.client.Addr(), addressesOf(c.link)
	source := c.settings.source.of(c.from)
	dropped := c.server.penalised(source, c.from)
	if dropped == "" {
		dropped = c.server.startups.move(c.source, source)
	}
	if dropped != "" {
		refuse(c.link.Conn, dropped)
		c.server.dropped(1, dropped, c.from.String())
		return false
	}
	c.source = source
	return true
}

// fromProxy reports whether a connection comes from a proxy that is trusted.
func (s *settings) fromProxy(from netip.Addr) bool { return among(s.ProxiesFrom, from) }
