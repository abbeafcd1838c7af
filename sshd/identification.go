package sshd

import (
	"errors"
	"strings"
)

// identification looks at the first bytes of a client. x/crypto skips lines that
// don't begin with SSH-, which a server alone may send (RFC 4253 section 4.2), so
// that a browser or a scanner would be waited for until the login grace is over;
// and it takes any version.
type identification struct {
	seen [len("SSH-1.99-")]byte
	n    int
	done bool
}

var errIdentification = errors.New("the client isn't one of SSH 2")

// check takes the next bytes of the client. What it returns is for the client,
// in sshd's words: "" as long as all is well.
func (i *identification) check(b []byte) string {
	if i.done {
		return ""
	}
	i.n += copy(i.seen[i.n:], b)
	seen := string(i.seen[:i.n])
	switch {
	case strings.HasPrefix(seen, "SSH-2.0-"), strings.HasPrefix(seen, "SSH-1.99-"): // RFC 4253 section 5.1
		i.done = true
	case !strings.HasPrefix(seen, "SSH-"[:min(i.n, len("SSH-"))]):
		return "Invalid SSH identification string.\r\n"
	case !strings.HasPrefix("SSH-2.0-", seen) && !strings.HasPrefix("SSH-1.99-", seen):
		return "Protocol major versions differ.\r\n"
	}
	return ""
}
