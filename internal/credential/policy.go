package credential

import (
	"crypto/rsa"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"
)

// MinRSABits is the size of the smallest RSA key that is ever accepted: SP
// 800-131A has forbidden smaller ones since 2014.
const MinRSABits = 2048

// MaxRSABits is what the SSH library reads.
const MaxRSABits = 16384

// Policy is what is asked of a key.
type Policy struct {
	Algorithms []string // names of Algorithms
	RSABits    int      // size of the smallest RSA key
}

// Default accepts all that isn't weak.
func Default() Policy { return Policy{Algorithms: Algorithms(), RSABits: MinRSABits} }

// Signatures are the algorithms that anybody may sign with, those of users and of
// the authorities of certificates; ssh-rsa, which is SHA-1, and ssh-dss are not
// among them.
func Signatures() []string {
	return []string{
		ssh.KeyAlgoED25519, ssh.KeyAlgoSKED25519,
		ssh.KeyAlgoECDSA256, ssh.KeyAlgoECDSA384, ssh.KeyAlgoECDSA521, ssh.KeyAlgoSKECDSA256,
		ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256,
	}
}

// Algorithms are the names that pubkey_algorithms may have: those of Signatures
// are for keys, and each has another for certificates.
func Algorithms() []string {
	all := Signatures()
	for _, name := range Signatures() {
		all = append(all, certified(name))
	}
	return all
}

const suffix = "-cert-v01@openssh.com"

// certified is the algorithm's name for certificates (PROTOCOL.certkeys).
func certified(name string) string { return strings.TrimSuffix(name, "@openssh.com") + suffix }

// Signatures are those of its algorithms, whether of keys or of certificates.
func (p Policy) Signatures() []string {
	return slices.DeleteFunc(Signatures(), func(name string) bool {
		return !slices.Contains(p.Algorithms, name) && !slices.Contains(p.Algorithms, certified(name))
	})
}

// Offered returns why the key may not be used, whatever it signs with, or "".
func (p Policy) Offered(key ssh.PublicKey) string {
	if !slices.ContainsFunc(Signatures(), func(format string) bool { return p.allows(key, format) }) {
		return fmt.Sprintf("the key is of the type %s, which pubkey_algorithms leaves out", key.Type())
	}
	cert, ok := key.(*ssh.Certificate)
	if !ok {
		return p.size("the key", key)
	}
	if why := p.size("the certificate's key", cert.Key); why != "" {
		return why
	}
	return p.size("the certificate's authority", cert.SignatureKey)
}

// Signed returns why a signature of that format may not be made with the key, or
// "". RSA keys have two formats.
func (p Policy) Signed(key ssh.PublicKey, format string) string {
	if p.allows(key, format) {
		return ""
	}
	return fmt.Sprintf("the signature is of the type %s, which pubkey_algorithms leaves out", format)
}

func (p Policy) allows(key ssh.PublicKey, format string) bool {
	kind, name := key.Type(), format
	if cert, ok := key.(*ssh.Certificate); ok {
		kind, name = cert.Key.Type(), certified(format)
	}
	return slices.Contains(p.Algorithms, name) && (kind == format || kind == ssh.KeyAlgoRSA && strings.HasPrefix(format, "rsa-"))
}

func (p Policy) size(what string, key ssh.PublicKey) string {
	c, ok := key.(ssh.CryptoPublicKey)
	if !ok {
		return ""
	}
	if r, ok := c.CryptoPublicKey().(*rsa.PublicKey); ok && r.N.BitLen() < p.RSABits {
		return fmt.Sprintf("%s is an RSA key of %d bits, fewer than required_rsa_size", what, r.N.BitLen())
	}
	return ""
}
