package main

import (
	"errors"
	"net/netip"
	"time"

	"github.com/jailsh/jailsh/internal/credential"
	"github.com/jailsh/jailsh/internal/instance"
	"github.com/jailsh/jailsh/internal/wire"
	"github.com/jailsh/jailsh/users"
	"golang.org/x/crypto/ssh"
)

// offer is a key or a certificate as a client would offer it.
type offer struct {
	public  ssh.PublicKey
	comment string
}

// parseOffer reads a line of a .pub file.
func parseOffer(line string) (offer, error) {
	public, comment, _, _, err := ssh.ParseAuthorizedKey([]byte(line))
	if _, certified := public.(*ssh.Certificate); err == nil && certified {
		return offer{public, comment}, nil
	}
	k, err := users.ParseKey(line) // says more of what is wrong
	if err != nil {
		return offer{}, err
	}
	return offerOf(k)
}

func offerOf(k *users.Key) (offer, error) {
	public, err := ssh.ParsePublicKey(k.Blob)
	return offer{public, k.Comment}, err
}

// decide is what jailsh-net and jailshd do with the offer, in the same order.
func (o offer) decide(i *instance.Instance, user string, from netip.Addr) users.Decision {
	q := users.Query{User: user, Key: o.public.Marshal(), From: from, Now: time.Now()}
	cert, certified := o.public.(*ssh.Certificate)
	var err error
	if certified {
		q.Key = cert.Key.Marshal()
		q.Certificate, err = credential.Facts(cert)
	}
	d := i.Users.Authorize(q)
	if why := i.Config.PublicKeys.Offered(o.public); why != "" {
		err = errors.New(why)
	}
	if err == nil && certified && d.Grant.Accepted {
		err = credential.Verify(cert)
	}
	if err != nil {
		d.Trace = append(d.Trace, "refused: "+err.Error())
		d.Grant = wire.Grant{Reason: err.Error()}
	}
	return d
}
