package share

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"strings"
)

// Token is a name by which somebody logs in to look on, without an account: 128 bits
// in 26 characters. Who has it has the view.
type Token string

// digest is what is kept of a token: who reads the memory can't use it.
type digest [sha256.Size]byte

// tokenLength is that of 16 bytes in base32.
const tokenLength = 26

func alphabet() *base32.Encoding { return base32.StdEncoding.WithPadding(base32.NoPadding) }

func newToken() Token {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return Token(strings.ToLower(alphabet().EncodeToString(b[:])))
}

func (t Token) digest() digest { return sha256.Sum256([]byte(t)) }

// LooksLikeToken tells whether a name could be a token.
func LooksLikeToken(name string) bool {
	if len(name) != tokenLength {
		return false
	}
	_, err := alphabet().DecodeString(strings.ToUpper(name))
	return err == nil && name == strings.ToLower(name)
}
