package template

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"strings"
	"time"
)

// maxName is the length of the longest name of a template or a profile, in bytes.
const maxName = 64

// isName says whether s can name a template or a profile: it is a file name that
// is neither hidden nor leads anywhere else.
func isName(s string) bool {
	if s == "" || len(s) > maxName || strings.ContainsRune("-_", rune(s[0])) {
		return false
	}
	for _, c := range []byte(s) {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '_':
		default:
			return false
		}
	}
	return true
}

func checkName(name string) error {
	if !isName(name) {
		return fmt.Errorf("template %q: not a name - use letters, digits, - and _, at most %d", name, maxName)
	}
	return nil
}

const (
	idTime      = "20060102T150405.000000Z" // sorts as it happened
	idTimeShort = "20060102T150405Z"        // to parse: with or without a fraction, as builds had it before
)

// newID names a build by its time, and a random part.
func newID(now time.Time) string {
	random := make([]byte, 4)
	rand.Read(random) // never fails: crypto/rand
	return now.Format(idTime) + "-" + hex.EncodeToString(random)
}

func isID(id string) bool {
	at, random, ok := strings.Cut(id, "-")
	_, errTime := time.Parse(idTimeShort, at)
	b, errRandom := hex.DecodeString(random)
	return ok && errTime == nil && errRandom == nil && len(b) == 4
}
