package sshd

import (
	"net"
	"strconv"
	"strings"

	"github.com/jailsh/jailsh/internal/environ"
	"github.com/jailsh/jailsh/internal/wire"
)

// permitted reports whether a forward may lead to, or listen at, an address: a
// permit of the user matches it, and one of her key does (PermitOpen and
// PermitListen of sshd_config(5)). What is compared is what the client asks for,
// as it writes it.
func permitted(p *wire.Permits, a wire.Address) bool {
	return matches(p.User, a) && matches(p.Key, a)
}

func matches(permits []wire.Permit, a wire.Address) bool {
	for _, p := range permits {
		switch {
		case p.Path != "":
			if a.Path != "" && environ.Match(p.Path, a.Path) {
				return true
			}
		case a.Path != "":
		case (p.Port == 0 || p.Port == a.Port) && environ.Match(strings.ToLower(p.Host), strings.ToLower(a.Host)):
			return true
		}
	}
	return false
}

// addressText is an address for the log.
func addressText(a wire.Address) string {
	if a.Path != "" {
		return a.Path
	}
	return net.JoinHostPort(a.Host, strconv.FormatUint(uint64(a.Port), 10))
}
