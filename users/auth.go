package users

import (
	"fmt"

	"github.com/jailsh/jailsh/internal/strict"
)

// readAuth reads what a login takes, in order, and reports whether a code is a
// part of it. A key always comes first: without it anybody could guess codes, and
// use up the owner's tries.
func readAuth(v *strict.Value) (totp bool, ok bool) {
	const fix = `write ["publickey"], or ["publickey", "totp"]`
	list, ok := v.List(2)
	if !ok {
		return false, false
	}
	known := [...]string{"publickey", "totp"}
	for n, e := range list {
		name, ok := e.Text(maxName)
		if !ok {
			return false, false
		}
		if name != known[n] {
			e.Bad(fmt.Sprintf("%q can't be there: the methods are publickey and, after it, totp", name), fix)
			return false, false
		}
	}
	if len(list) == 0 {
		v.Bad("is empty: nobody could log in", fix)
		return false, false
	}
	return len(list) == 2, true
}
