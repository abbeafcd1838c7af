package totp

import (
	"crypto/rand"
	"encoding/base32"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Secret is what an app and the server make codes from.
type Secret []byte

// NewSecret makes one.
func NewSecret() Secret {
	s := make(Secret, secretSize)
	_, _ = rand.Read(s) // never fails
	return s
}

// String is the secret as people type it into an app: base32 without padding.
func (s Secret) String() string { return encoding().EncodeToString(s) }

func encoding() *base32.Encoding { return base32.StdEncoding.WithPadding(base32.NoPadding) }

// entry is the file of one user.
type entry struct {
	secret Secret
	used   int64 // the time step of the last code that was accepted; 0: none yet
}

// maxEntry is the size of the largest file that is read, in bytes; one has 60.
const maxEntry = 1 << 10

// text is the file's two lines.
func (e *entry) text() []byte {
	return fmt.Appendf(nil, "secret %s\nused %d\n", e.secret, e.used)
}

// parseEntry reads what text writes, and nothing else.
func parseEntry(text []byte) (*entry, error) {
	first, rest, _ := strings.Cut(string(text), "\n")
	base, isSecret := strings.CutPrefix(first, "secret ")
	number, isUsed := strings.CutPrefix(rest, "used ")
	secret, err := encoding().DecodeString(base)
	used, numberErr := strconv.ParseInt(strings.TrimSuffix(number, "\n"), 10, 64)
	e := &entry{secret: secret, used: used}
	if !isSecret || !isUsed || err != nil || numberErr != nil || used < 0 || len(secret) < secretSize || string(e.text()) != string(text) {
		return nil, errors.New("is damaged")
	}
	return e, nil
}
