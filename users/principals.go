package users

import (
	"fmt"
	"strings"

	"github.com/jailsh/jailsh/internal/strict"
	"github.com/jailsh/jailsh/internal/wire"
)

// badPrincipal returns what is wrong with the name of a principal, and what to
// do; or "".
func badPrincipal(s string) string {
	switch {
	case s == "":
		return "is no principal - remove it"
	case len(s) > wire.MaxName:
		return fmt.Sprintf("is longer than %d bytes - shorten it", wire.MaxName)
	case strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r == 0x7f }):
		return "has a blank or a control character in it - remove it"
	}
	return ""
}

// readPrincipals reads names; {user} in one stands for the user's. None at all
// says that no certificate is good.
func readPrincipals(v *strict.Value) ([]string, bool) {
	list, ok := v.List(wire.MaxPrincipals)
	if !ok {
		return nil, false
	}
	var names []string
	for _, e := range list {
		s, ok := e.Text(wire.MaxName)
		if !ok {
			continue
		}
		if what, fix, bad := strings.Cut(badPrincipal(s), " - "); bad {
			e.Bad(fmt.Sprintf("%q %s", s, what), fix)
			continue
		}
		names = append(names, s)
	}
	return names, true
}
