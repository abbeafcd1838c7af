package sshd

import "golang.org/x/crypto/ssh"

// What users may sign with is in internal/credential. The lists are explicit: the
// library's defaults still offer SHA-1. The client's
// order decides; ours is the order of preference for clients without one.

// keyExchanges are the post-quantum hybrid and curve25519, which every OpenSSH
// since 6.5 (2014) speaks. curve25519-sha256@libssh.org is added by the library.
//
// Left out: the NIST curves, which ssh-audit calls weak; and finite-field
// Diffie-Hellman, of which one packet before login costs the server 10 ms and the
// client nothing (CVE-2002-20001).
func keyExchanges() []string {
	return []string{ssh.KeyExchangeMLKEM768X25519, ssh.KeyExchangeCurve25519}
}

// ciphers come with their own authentication, or in CTR mode with a MAC over the
// cipher text. Together with strict key exchange, which the library always
// offers, none of them is open to CVE-2023-48795 (Terrapin).
func ciphers() []string {
	return []string{
		ssh.CipherChaCha20Poly1305,
		ssh.CipherAES256GCM, ssh.CipherAES128GCM,
		ssh.CipherAES256CTR, ssh.CipherAES192CTR, ssh.CipherAES128CTR,
	}
}

// macs are encrypt-then-MAC only.
func macs() []string { return []string{ssh.HMACSHA256ETM, ssh.HMACSHA512ETM} }

// hostKeyAlgorithms are what a host key of the given type signs with; none for
// a type that isn't served.
func hostKeyAlgorithms(keyType string) []string {
	switch keyType {
	case ssh.KeyAlgoED25519:
		return []string{ssh.KeyAlgoED25519}
	case ssh.KeyAlgoRSA:
		return []string{ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256}
	}
	return nil
}
