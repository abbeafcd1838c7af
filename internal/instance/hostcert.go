package instance

import (
	"bytes"
	"fmt"
	"slices"
	"time"

	"github.com/jailsh/jailsh/internal/credential"
	"github.com/jailsh/jailsh/internal/strict"
	"golang.org/x/crypto/ssh"
)

// newCertificate is how to make a host certificate.
const newCertificate = "make one with: ssh-keygen -s CA -h -I HOST -n HOST,ADDRESS -V -1h:+52w HOSTKEY.pub"

// HostCertificate is one of host_certificates. It may have expired: see Outdated.
type HostCertificate struct {
	*ssh.Certificate
	Path string
}

// HostCertificates reads those of host_certificates. keys are the host keys. All
// problems come in one error.
func (i *Instance) HostCertificates(keys []ssh.Signer) ([]*HostCertificate, error) {
	var certs []*HostCertificate
	var problems strict.Problems
	for _, path := range i.Config.HostCertificates {
		cert, err := LoadHostCertificate(path, keys)
		if err != nil {
			problems = append(problems, err)
			continue
		}
		certs = append(certs, cert)
	}
	if err := problems.Err(); err != nil {
		return nil, err
	}
	return certs, nil
}

// Outdated says that a certificate has expired or isn't valid yet, and is nil if
// it is good now. It is no error: time passes without a change of any file, and
// must not keep the changes that are made from being used.
func (c *HostCertificate) Outdated(now time.Time) *strict.Problem {
	switch at := uint64(now.Unix()); {
	case at < c.ValidAfter:
		return &strict.Problem{File: c.Path, What: "is not valid yet, and clients don't get it until then", Fix: "look at the clock, or " + newCertificate}
	case at >= c.ValidBefore:
		return &strict.Problem{File: c.Path, What: "has expired, and clients don't get it", Fix: newCertificate}
	}
	return nil
}

// LoadHostCertificate reads one host certificate: of one of the keys, and good
// but for the time. A client that gets another takes the host for a wrong one.
func LoadHostCertificate(path string, keys []ssh.Signer) (*HostCertificate, *strict.Problem) {
	bad := func(what, fix string) (*HostCertificate, *strict.Problem) {
		return nil, &strict.Problem{File: path, What: what, Fix: fix}
	}
	src, err := strict.ReadFile(path)
	if err != nil {
		return nil, Problems(err)[0]
	}
	public, _, _, _, err := ssh.ParseAuthorizedKey(src)
	if err != nil {
		return bad("is no certificate that could be read: "+err.Error(), newCertificate)
	}
	cert, ok := public.(*ssh.Certificate)
	switch {
	case !ok:
		return bad("is a key, not a certificate", newCertificate)
	case cert.CertType != ssh.HostCert:
		return bad("is a user's certificate, not a host's", newCertificate)
	case !slices.ContainsFunc(keys, func(k ssh.Signer) bool { return bytes.Equal(k.PublicKey().Marshal(), cert.Key.Marshal()) }):
		return bad("is of none of host_keys", newCertificate)
	case !slices.Contains(credential.Signatures(), cert.Signature.Format):
		return bad(fmt.Sprintf("is signed with %s, which clients refuse", cert.Signature.Format), newCertificate)
	case cert.ValidAfter >= cert.ValidBefore:
		return bad("is good at no time", newCertificate)
	}
	principal := "" // any, if none is named
	if len(cert.ValidPrincipals) > 0 {
		principal = cert.ValidPrincipals[0]
	}
	checker := ssh.CertChecker{Clock: func() time.Time { return time.Unix(int64(cert.ValidAfter), 0) }}
	if err := checker.CheckCert(principal, cert); err != nil {
		return bad("is not good: "+err.Error(), newCertificate)
	}
	return &HostCertificate{cert, path}, nil
}
