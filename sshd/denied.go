package sshd

import (
	"net"
	"strconv"
)

// maxDenied is how many refusals of one connection are recorded. A client may ask
// as fast as the network carries it, and must not push what others do out of the
// log.
const maxDenied = 20

// denied records that the client asked for something that it doesn't get, with
// what it was for: a host and a port, a path, a subsystem.
func (c *connection) denied(request string, data []byte) {
	c.mu.Lock()
	c.refusals++
	n := c.refusals
	c.mu.Unlock()
	if n > maxDenied {
		return
	}
	more := ""
	if n == maxDenied {
		more = "further ones of this connection are not recorded"
	}
	c.record(levelInfo, "request refused", "", "request", shown(request, maxShown), "for", shown(askedFor(request, data), maxShown), "note", more)
}

// askedFor reads what a request is for; empty where it doesn't say, or not in the
// form that it should have.
func askedFor(request string, data []byte) string {
	p := payload{rest: data}
	switch request {
	case "direct-tcpip", "tcpip-forward": // RFC 4254 sections 7.2 and 7.1
		host, port := p.string(len(data)), p.uint32()
		if p.bad {
			return ""
		}
		return net.JoinHostPort(host, strconv.FormatUint(uint64(port), 10))
	case "direct-streamlocal@openssh.com", "streamlocal-forward@openssh.com", // PROTOCOL of OpenSSH, section 2.4: a path
		"subsystem": // RFC 4254 section 6.5
		return p.string(len(data))
	}
	return ""
}
