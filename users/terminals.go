package users

import (
	"fmt"
	"time"
)

// terminals refuses shells that are to outlive their connection and can't.
func (l *loader) terminals() {
	for _, name := range l.table.names {
		u := l.table.users[name]
		if u.Persist && u.KeepFor() == 0 {
			u.origin["persist"].Bad(fmt.Sprintf("the shell of %s can't outlive its connection: her attach_ttl is 0, or kill_on_logout ends it", name),
				"set attach_ttl, or remove kill_on_logout or persist")
		}
	}
}

// KeepFor is how long a terminal of hers is kept when nobody has it; 0: none is.
func (u *User) KeepFor() time.Duration {
	if u.KillOnLogout {
		return 0
	}
	return u.AttachTTL
}
