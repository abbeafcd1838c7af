package sshd

import (
	"bytes"
	"slices"

	"golang.org/x/crypto/ssh"
)

// Host keys that a client doesn't know yet (PROTOCOL of OpenSSH, section 2.5). The
// server tells all that it has; a client with UpdateHostKeys asks it to prove that
// it has those which are new to it, writes them to its known_hosts, and removes
// the ones that are not told any more. So a key can be replaced without anybody
// being asked whether the new one is right.

const (
	tellHostKeys  = "hostkeys-00@openssh.com"
	proveHostKeys = "hostkeys-prove-00@openssh.com"
)

// tellHostKeys tells the host keys, once, to OpenSSH's client: no other makes use
// of them.
func (c *connection) tellHostKeys() {
	c.told.Do(func() {
		sc := c.conn()
		if sc == nil || !bytes.HasPrefix(sc.ClientVersion(), []byte(openSSH)) {
			return
		}
		var keys []byte
		for _, k := range c.server.keys {
			keys = append(keys, ssh.Marshal(struct{ Key []byte }{k.PublicKey().Marshal()})...)
		}
		_, _, _ = sc.SendRequest(tellHostKeys, false, keys) // an error: the client is gone
	})
}

// prove returns signatures of the host keys that the client names, over the
// identifier of its session, once in a connection. It is all or none: a key that
// isn't a host key is no client's to ask for.
func (c *connection) prove(data []byte) (bool, []byte) {
	sc := c.conn()
	if sc == nil || c.proved {
		return false, nil
	}
	c.proved = true
	var asked []*hostKey
	for p := (payload{rest: data}); len(p.rest) > 0; {
		blob := p.bytes(maxRequest)
		at := slices.IndexFunc(c.server.keys, func(k ssh.Signer) bool { return bytes.Equal(k.PublicKey().Marshal(), blob) })
		if at < 0 || len(asked) == len(c.server.keys) {
			return false, nil
		}
		asked = append(asked, c.server.keys[at].(*hostKey))
	}
	var proofs []byte
	for _, k := range asked {
		sig, err := k.prove(sc.SessionID(), c.signedWith(k))
		if err != nil {
			return false, nil
		}
		proofs = append(proofs, ssh.Marshal(struct{ Signature []byte }{ssh.Marshal(sig)})...)
	}
	return len(asked) > 0, proofs
}

// signedWith is what the client takes a signature of k in: as in the key exchange
// if that was with a key of the same type, as there are two for RSA.
func (c *connection) signedWith(k *hostKey) string {
	if m, ok := c.conn().Conn.(ssh.AlgorithmsConnMetadata); ok && slices.Contains(k.algorithms, m.Algorithms().HostKey) {
		return m.Algorithms().HostKey
	}
	return k.algorithms[0]
}
