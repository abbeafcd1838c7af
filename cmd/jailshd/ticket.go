package main

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
)

// tickets are what a verified code is worth: a MAC of whose it was and on which
// connection. jailsh-net shows it with open, and can make none itself. The key is
// for one run of jailsh-net, which is as long as a connection lives at most.
type tickets struct{ key []byte }

func newTickets() tickets {
	t := tickets{make([]byte, sha256.Size)}
	_, _ = rand.Read(t.key) // never fails
	return t
}

// ticket is for the user on the connection with this reference. A name has no
// zero byte in it.
func (t tickets) ticket(user, ref string) []byte {
	mac := hmac.New(sha256.New, t.key)
	mac.Write([]byte(user + "\x00" + ref))
	return mac.Sum(nil)
}

func (t tickets) good(ticket []byte, user, ref string) bool {
	return hmac.Equal(ticket, t.ticket(user, ref))
}
