package credential

import (
	"errors"
	"fmt"
	"slices"

	"github.com/jailsh/jailsh/internal/wire"
	"golang.org/x/crypto/ssh"
)

// Facts is what a certificate says, for jailshd to decide by; nothing of it is
// proven yet.
func Facts(cert *ssh.Certificate) (*wire.Certificate, error) {
	c := &wire.Certificate{
		Type: cert.CertType, CA: cert.SignatureKey.Marshal(), Serial: cert.Serial, KeyID: cert.KeyId,
		Principals: cert.ValidPrincipals, ValidAfter: cert.ValidAfter, ValidBefore: cert.ValidBefore,
	}
	for name, value := range cert.CriticalOptions {
		c.Critical = append(c.Critical, wire.CertificateOption{Name: name, Value: value})
	}
	for name := range cert.Extensions {
		c.Extensions = append(c.Extensions, name)
	}
	if _, err := wire.Encode(&wire.Lookup{Certificate: c}); err != nil {
		return nil, fmt.Errorf("the certificate is too large: %w", err)
	}
	return c, nil
}

// Verify checks that the certificate is signed by the key that it names. The
// library looks at the rest too, so that two processes have to be wrong about
// it. One whose authority is a certificate itself it doesn't even parse.
func Verify(cert *ssh.Certificate) error {
	if !slices.Contains(Signatures(), cert.Signature.Format) {
		return fmt.Errorf("the certificate is signed with %s, which is weak", cert.Signature.Format)
	}
	if len(cert.ValidPrincipals) == 0 {
		return errors.New("the certificate names no principal") // for the library it would be everybody's
	}
	checker := ssh.CertChecker{SupportedCriticalOptions: []string{"force-command", "source-address", "verify-required"}}
	if err := checker.CheckCert(cert.ValidPrincipals[0], cert); err != nil {
		return fmt.Errorf("the certificate: %w", err)
	}
	return nil
}
