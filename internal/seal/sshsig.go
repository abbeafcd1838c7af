package seal

import (
	"crypto/rand"
	"crypto/sha512"
	"errors"
	"fmt"

	"golang.org/x/crypto/ssh"
)

// SSHSIG, PROTOCOL.sshsig of OpenSSH. What is signed begins with these six bytes,
// which no exchange hash, proof of a host key or login does: those begin with a string
// whose length's first byte is 0, or are hashes of other sizes.
const (
	magic     = "SSHSIG"
	version   = 1
	namespace = "jailsh-recording"
	hashName  = "sha512"
)

type blobSSHSIG struct {
	Version                   uint32
	Key                       []byte
	Namespace, Reserved, Hash string
	Signature                 []byte
}

// signSSHSIG signs a message.
func signSSHSIG(key ssh.Signer, message []byte) ([]byte, error) {
	var s *ssh.Signature
	var err error
	if with, ok := key.(ssh.AlgorithmSigner); ok && key.PublicKey().Type() == ssh.KeyAlgoRSA {
		s, err = with.SignWithAlgorithm(rand.Reader, toSign(message), ssh.KeyAlgoRSASHA512)
	} else {
		s, err = key.Sign(rand.Reader, toSign(message))
	}
	if err != nil {
		return nil, err
	}
	return append([]byte(magic), ssh.Marshal(blobSSHSIG{
		version, key.PublicKey().Marshal(), namespace, "", hashName, ssh.Marshal(s),
	})...), nil
}

func toSign(message []byte) []byte {
	sum := sha512.Sum512(message)
	return append([]byte(magic), ssh.Marshal(struct {
		Namespace, Reserved, Hash string
		Sum                       []byte
	}{namespace, "", hashName, sum[:]})...)
}

// verifySSHSIG verifies a signature of one of the keys.
func verifySSHSIG(keys []ssh.PublicKey, message, signature []byte) error {
	var blob blobSSHSIG
	if len(signature) < len(magic) || string(signature[:len(magic)]) != magic || ssh.Unmarshal(signature[len(magic):], &blob) != nil {
		return errors.New("has no SSHSIG signature")
	}
	if blob.Version != version || blob.Namespace != namespace || blob.Hash != hashName || blob.Reserved != "" {
		return errors.New("has a signature for something else")
	}
	var s ssh.Signature
	if ssh.Unmarshal(blob.Signature, &s) != nil {
		return errors.New("has no SSHSIG signature")
	}
	if s.Format == ssh.KeyAlgoRSA {
		return errors.New("is signed with SHA-1")
	}
	for _, k := range keys {
		if string(k.Marshal()) != string(blob.Key) {
			continue
		}
		if err := k.Verify(toSign(message), &s); err != nil {
			return errors.New("has a signature that isn't right")
		}
		return nil
	}
	if k, err := ssh.ParsePublicKey(blob.Key); err == nil {
		return fmt.Errorf("is signed with %s, which is no host key", ssh.FingerprintSHA256(k))
	}
	return errors.New("is signed with what is no key")
}
