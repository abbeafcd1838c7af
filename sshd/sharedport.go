package sshd

import (
	"context"
	"os"
	"slices"
	"strings"

	"github.com/jailsh/jailsh/internal/wire"
)

// sharedHosts are the hosts that stand for what a user's -R has opened, and for
// nothing else of her jail: alice.jail. They are never looked up.
const sharedHosts = ".jail"

// maxGuests is how many connections all others together may have to what one user
// shares. Each counts among her own forwards too.
const maxGuests = 50

// ownerOf is the user whose forwards an address stands for, "" if it is none of
// these.
func ownerOf(to wire.Address) string {
	owner, ok := strings.CutSuffix(to.Host, sharedHosts)
	if to.Path != "" || !ok {
		return ""
	}
	return owner
}

// mayReach reports whether a forward may lead to an address: it is permitted, and
// the owner of what others have opened shares it with this user.
func mayReach(g *wire.Grant, to wire.Address) bool {
	owner := ownerOf(to)
	return permitted(&g.LocalForward, to) && (owner == "" || slices.Contains(g.Shares, owner))
}

// dialShared connects to a listener that one of the owner's connections has opened,
// by way of her cell: from there on it is a connection like those of her own.
func (s *Server) dialShared(ctx context.Context, owner string, port uint32) (*os.File, error) {
	for _, c := range s.connections() {
		if id := c.login.Load(); id == nil || id.user != owner {
			continue
		}
		if r := c.remotes.onPort(port); r != nil {
			return r.cell.Dial(ctx, &wire.Dial{To: wire.Address{Host: r.loopback(), Port: port}})
		}
	}
	return nil, &wire.Failure{Text: "connection refused"} // as if nobody listened
}

// onPort returns the listener of a port.
func (t *remotes) onPort(port uint32) *remote {
	t.mu.Lock()
	defer t.mu.Unlock()
	for at, r := range t.all {
		if at.Path == "" && at.Port == port {
			return r
		}
	}
	return nil
}

// loopback is a host at which the listener is reached in its cell: that it was
// asked for, unless it was asked for all interfaces.
func (r *remote) loopback() string {
	if isName(r.at.Host) {
		return "localhost"
	}
	return r.at.Host
}
