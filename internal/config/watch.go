package config

import (
	"fmt"

	"github.com/jailsh/jailsh/internal/strict"
	"github.com/jailsh/jailsh/internal/wire"
)

// watch reads what comes of it that the administrator looks at a terminal.
func watch(v *strict.Value, to *uint8) {
	s, ok := v.Text(wire.MaxName)
	switch {
	case !ok:
	case s == "shown":
		*to = wire.WatchShown
	case s == "silent":
		*to = wire.WatchSilent
	case s == "off":
		*to = wire.WatchOff
	default:
		v.Bad(fmt.Sprintf("%q is no way to watch", s), `use "shown", "silent" or "off"`)
	}
}
