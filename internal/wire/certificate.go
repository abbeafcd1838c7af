package wire

// Certificate is what an OpenSSH certificate says (PROTOCOL.certkeys), in the
// fields of a message: jailshd decides by it without parsing what a client sent.
// jailsh-net has checked that CA signed it, and that Lookup.Key is the key in it.
type Certificate struct {
	Type        uint32 // CertificateUser or CertificateHost
	CA          []byte // public key blob
	Serial      uint64
	KeyID       string
	Principals  []string
	ValidAfter  uint64              // seconds since 1970; from then on it is good
	ValidBefore uint64              // the first second at which it isn't any more; 1<<64-1: never
	Critical    []CertificateOption // each is to be honoured, or the certificate refused
	Extensions  []string            // names; one that isn't known is to be ignored
}

// CertificateOption is a critical option.
type CertificateOption struct{ Name, Value string }

// The values of Certificate.Type.
const (
	CertificateUser = 1
	CertificateHost = 2
)

func (m *Certificate) fields(c *codec) {
	c.u32(&m.Type)
	c.bytes(&m.CA, MaxBlob)
	c.u64(&m.Serial)
	c.str(&m.KeyID, MaxKeyID)
	c.strs(&m.Principals, MaxPrincipals, MaxName, MaxBlob)
	c.u64(&m.ValidAfter)
	c.u64(&m.ValidBefore)
	list(c, &m.Critical, MaxOptions, func(c *codec, o *CertificateOption) {
		c.str(&o.Name, MaxName)
		c.str(&o.Value, MaxBlob)
	})
	c.strs(&m.Extensions, MaxOptions, MaxName, MaxBlob)
}
