package sshd

import (
	"encoding/hex"
	"net/netip"

	"github.com/jailsh/jailsh/internal/wire"
	"golang.org/x/crypto/ssh"
)

const (
	// maxProtocol bounds the name of an authorization protocol, in bytes;
	// MIT-MAGIC-COOKIE-1 has 18.
	maxProtocol = 64

	// maxCookie bounds its data, in bytes; the above has 16.
	maxCookie = 128
)

// display is x11-req, RFC 4254 section 6.3.1. The cookie is one that the client has
// invented, and that it replaces by the real one in what comes back to it.
func (s *session) display(data []byte) bool {
	single, x, ok := parseX11(data)
	if !ok || s.started || s.wish.x11 != nil {
		return false
	}
	if !displayAllowed(s.conn.policy.Load()) {
		s.conn.denied("x11-req", nil)
		return false
	}
	s.wish.x11, s.wish.single = x, single
	return true
}

// parseX11 decodes an x11-req.
func parseX11(data []byte) (single bool, x *wire.X11, ok bool) {
	p := payload{rest: data}
	single = p.boolean()
	protocol := p.string(maxProtocol)
	cookie, err := hex.DecodeString(p.string(2 * maxCookie))
	screen := p.uint32()
	if !p.ok() || err != nil || !validProtocol(protocol) {
		return false, nil, false
	}
	return single, &wire.X11{Protocol: protocol, Cookie: cookie, Screen: screen}, true
}

func displayAllowed(g *wire.Grant) bool { return g.X11 }

// validProtocol takes what X has for names.
func validProtocol(name string) bool {
	for _, c := range []byte(name) {
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-') {
			return false
		}
	}
	return name != ""
}

// displayChannel is the channel for one X client, RFC 4254 section 6.3.2. The
// originator is whoever is in the jail: a unix socket has no address.
func displayChannel(netip.AddrPort) (kind string, data []byte, to string) {
	return "x11", ssh.Marshal(struct {
		Origin string
		Port   uint32
	}{Origin: "127.0.0.1"}), "x11"
}
