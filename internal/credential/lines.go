package credential

import (
	"bytes"
	"errors"
	"iter"
	"slices"
	"strings"
)

// ErrPrivate is what is wrong with a line that IsPrivate.
var ErrPrivate = errors.New("is not an OpenSSH public key; a private key must stay where it is")

// IsPrivate reports whether the line starts a key in a format that takes several
// lines, as private keys do: OpenSSH's, PEM, PKCS #8, SSH2's, PuTTY's.
func IsPrivate(line string) bool {
	starts := [...]string{"--BEGIN ", "-- BEGIN ", "PuTTY-User-Key-File-"}
	return slices.ContainsFunc(starts[:], func(s string) bool { return strings.Contains(line, s) })
}

// Lines are those of a file of public keys, with their numbers, but for empty ones
// and comments. One that IsPrivate is the last: what follows it is secret, and who
// complains of a line quotes it.
func Lines(src []byte) iter.Seq2[int, string] {
	return func(yield func(int, string) bool) {
		n := 0
		for l := range bytes.Lines(src) {
			n++
			line := string(bytes.TrimSpace(l))
			if line == "" || line[0] == '#' {
				continue
			}
			if !yield(n, line) || IsPrivate(line) {
				return
			}
		}
	}
}
