package check

import (
	"fmt"
	"time"

	"github.com/jailsh/jailsh/internal/config"
	"github.com/jailsh/jailsh/internal/instance"
	"golang.org/x/crypto/ssh"
)

// soon is how long before its end a host certificate is reported.
const soon = 14 * 24 * time.Hour

// hostCertificates looks at those of host_certificates. Host keys that can't be
// read are reported elsewhere.
func (r *Report) hostCertificates(cfg *config.Config, now time.Time) {
	at := readSource(cfg.File)
	var keys []ssh.Signer
	for _, path := range cfg.HostKeys {
		if k, p := instance.LoadHostKey(path); p == nil {
			keys = append(keys, k)
		}
	}
	for i, path := range cfg.HostCertificates {
		cert, p := instance.LoadHostCertificate(path, keys)
		if p != nil {
			r.Problems = append(r.Problems, at.element(fmt.Sprintf("%q %s", path, p.What), p.Fix, "host_certificates", i))
			continue
		}
		switch p := cert.Outdated(now); {
		case p != nil:
			r.Advice = append(r.Advice, at.element(fmt.Sprintf("%q %s", path, p.What), p.Fix, "host_certificates", i))
		case cert.ValidBefore < uint64(now.Add(soon).Unix()):
			until := time.Unix(int64(cert.ValidBefore), 0)
			r.Advice = append(r.Advice, at.element(fmt.Sprintf("%q expires at %s, and then clients don't get it", path, until.Format(time.RFC3339)),
				"have the host key certified again, into the same file", "host_certificates", i))
		}
	}
}
