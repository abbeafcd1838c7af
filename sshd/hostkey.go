package sshd

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"time"

	"github.com/jailsh/jailsh/internal/wire"
	"golang.org/x/crypto/ssh"
)

// signTimeout is how long jailshd may take for a signature.
const signTimeout = 10 * time.Second

// hostKey is a host key of which only the public half is in this process: each
// signature is asked for. It implements ssh.MultiAlgorithmSigner.
type hostKey struct {
	server     *Server
	index      uint32 // in NetConfig.HostKeys
	public     ssh.PublicKey
	algorithms []string
}

func (s *Server) hostKeys(blobs [][]byte) ([]ssh.Signer, error) {
	var keys []ssh.Signer
	for i, blob := range blobs {
		public, err := ssh.ParsePublicKey(blob)
		if err != nil {
			return nil, fmt.Errorf("host key %d: %w", i+1, err)
		}
		algorithms := hostKeyAlgorithms(public.Type())
		if algorithms == nil {
			return nil, fmt.Errorf("host key %d: type %s: not served - make one with: ssh-keygen -t ed25519", i+1, public.Type())
		}
		keys = append(keys, &hostKey{server: s, index: uint32(i), public: public, algorithms: algorithms})
	}
	if len(keys) == 0 {
		return nil, errors.New("host keys: none configured - name one in host_keys of jailsh.toml")
	}
	return keys, nil
}

// prove has the key sign that it is the server's, in a session.
func (k *hostKey) prove(session []byte, algorithm string) (*ssh.Signature, error) {
	return k.sign(&wire.Sign{Key: k.index, Algorithm: algorithm, Data: session, Proof: true})
}

// certified returns the host keys once more, each with its certificate. jailshd
// has looked at these; should one not fit nevertheless, it isn't shown.
func (s *Server) certified(blobs [][]byte) []ssh.Signer {
	var keys []ssh.Signer
	for i, blob := range blobs {
		signer, err := s.certify(blob)
		if err != nil {
			s.records.add(wire.Record{Level: levelError, Event: "host certificate"}, "certificate", strconv.Itoa(i+1), "error", err.Error())
			continue
		}
		keys = append(keys, signer)
	}
	return keys
}

func (s *Server) certify(blob []byte) (ssh.Signer, error) {
	public, err := ssh.ParsePublicKey(blob)
	if err != nil {
		return nil, err
	}
	cert, ok := public.(*ssh.Certificate)
	if !ok {
		return nil, errors.New("is a key")
	}
	for _, k := range s.keys {
		if bytes.Equal(k.PublicKey().Marshal(), cert.Key.Marshal()) {
			return ssh.NewCertSigner(cert, k)
		}
	}
	return nil, errors.New("is of no host key")
}

// PublicKey returns the public half.
func (k *hostKey) PublicKey() ssh.PublicKey { return k.public }

// Algorithms returns what the key may sign with.
func (k *hostKey) Algorithms() []string { return k.algorithms }

// Sign signs with the first of Algorithms.
func (k *hostKey) Sign(rand io.Reader, data []byte) (*ssh.Signature, error) {
	return k.SignWithAlgorithm(rand, data, "")
}

// SignWithAlgorithm asks the broker. It is called by a goroutine of x/crypto,
// where a panic would end the process.
func (k *hostKey) SignWithAlgorithm(_ io.Reader, data []byte, algorithm string) (*ssh.Signature, error) {
	if algorithm == "" {
		algorithm = k.algorithms[0]
	}
	if !slices.Contains(k.algorithms, algorithm) {
		return nil, fmt.Errorf("host key: algorithm %q: not one of a %s key", algorithm, k.public.Type())
	}
	return k.sign(&wire.Sign{Key: k.index, Algorithm: algorithm, Data: data})
}

func (k *hostKey) sign(m *wire.Sign) (*ssh.Signature, error) {
	var sig *wire.Signature
	err := errors.New("host key: panic")
	k.server.protect("", "sign", func() {
		ctx, cancel := context.WithTimeout(k.server.ctx, signTimeout)
		defer cancel()
		sig, err = k.server.broker.Sign(ctx, m)
	})
	if err != nil {
		k.server.records.add(wire.Record{Level: levelError, Event: "sign"}, "error", err.Error())
		return nil, err
	}
	if sig.Format != m.Algorithm {
		return nil, fmt.Errorf("host key: signature of format %q instead of %q", sig.Format, m.Algorithm)
	}
	return &ssh.Signature{Format: sig.Format, Blob: sig.Blob}, nil
}
