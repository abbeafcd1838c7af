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

// HostCertificates reads those of host_certificates, in the form that clients
// get. keys are the host keys. All problems come in one error.
func (i *Instance) HostCertificates(keys []ssh.Signer) ([][]byte, error) {
	var blobs [][]byte
	var problems strict.Problems
	for _, path := range i.Config.HostCertificates {
		cert, err := LoadHostCertificate(path, keys, time.Now())
		if err != nil {
			problems = append(problems, err)
			continue
		}
		blobs = append(blobs, cert.Marshal())
	}
	if err := problems.Err(); err != nil {
		return nil, err
	}
	return blobs, nil
}

// LoadHostCertificate reads one host certificate: of one of the keys, and good
// now. A client that gets another takes the host for a wrong one.
func LoadHostCertificate(path string, keys []ssh.Signer, now time.Time) (*ssh.Certificate, *strict.Problem) {
	bad := func(what, fix string) (*ssh.Certificate, *strict.Problem) {
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
	case uint64(now.Unix()) < cert.ValidAfter:
		return bad("is not valid yet", newCertificate)
	case uint64(now.Unix()) >= cert.ValidBefore:
		return bad("has expired", newCertificate)
	}
	principal := "" // any, if none is named
	if len(cert.ValidPrincipals) > 0 {
		principal = cert.ValidPrincipals[0]
	}
	checker := ssh.CertChecker{Clock: func() time.Time { return now }}
	if err := checker.CheckCert(principal, cert); err != nil {
		return bad("is not good: "+err.Error(), newCertificate)
	}
	return cert, nil
}
