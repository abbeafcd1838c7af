package revoked

import (
	"crypto/sha256"
	"encoding/base64"
	"strings"

	"github.com/jailsh/jailsh/internal/credential"
	"github.com/jailsh/jailsh/internal/strict"
)

// maxProblems is how many lines are complained of: a file that isn't a list at all
// may have a million.
const maxProblems = 20

// text reads a file with a public key on each line, like an id_*.pub. The keys may
// be of any kind and size: it is the weak ones that get revoked.
func (l *List) text(path string, src []byte) error {
	var problems strict.Problems
	for n, line := range credential.Lines(src) {
		if len(problems) == maxProblems {
			break
		}
		blob, what, fix := lineBlob(line)
		if what != "" {
			problems = append(problems, &strict.Problem{File: path, Line: n, What: what, Fix: fix})
			continue
		}
		l.byID[sha256.Sum256(blob)] = struct{}{}
	}
	return problems.Err()
}

// lineBlob reads `type base64 comment`, or says what is wrong and what to do.
func lineBlob(line string) (blob []byte, what, fix string) {
	const paste = "write the line of a .pub file, or make a list with: ssh-keygen -k"
	if credential.IsPrivate(line) {
		return nil, credential.ErrPrivate.Error(), paste
	}
	fields := strings.Fields(line)
	if strings.Contains(fields[0], "-cert-v01@") {
		return nil, "is a certificate, and this a list of keys", "list the key in it, or its authority's; or revoke it by serial in a list made with: ssh-keygen -k"
	}
	if len(fields) < 2 {
		return nil, "is neither a key revocation list nor a public key", paste
	}
	blob, err := base64.StdEncoding.DecodeString(fields[1])
	if err != nil {
		return nil, "has no public key: it is cut off, or has options in front of it", paste
	}
	r := &reader{rest: blob}
	if kind := r.string(); r.err != nil || string(kind) != fields[0] {
		return nil, "has no public key of the type that it names", paste
	}
	return blob, "", ""
}
