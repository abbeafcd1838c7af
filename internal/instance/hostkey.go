package instance

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"syscall"

	"github.com/jailsh/jailsh/internal/credential"
	"github.com/jailsh/jailsh/internal/strict"
	"golang.org/x/crypto/ssh"
	"golang.org/x/sys/unix"
)

// maxHostKey is the size of the largest host key file that is read, in bytes; an
// RSA key of 16384 bits has 13 KB.
const maxHostKey = 64 << 10

// minRSA is the size of the smallest RSA host key, in bits: what ssh-audit and
// NIST SP 800-57 ask of a key made today.
const minRSA = 3072

// newKey is how to make a host key, before its path.
const newKey = "make one with: ssh-keygen -q -t ed25519 -N '' -f "

// HostKeys reads the instance's host keys, in the order of host_keys. All
// problems come in one error.
func (i *Instance) HostKeys() ([]ssh.Signer, error) {
	var keys []ssh.Signer
	var problems strict.Problems
	for _, path := range i.Config.HostKeys {
		key, err := LoadHostKey(path)
		if err != nil {
			problems = append(problems, err)
			continue
		}
		keys = append(keys, key)
	}
	if err := problems.Err(); err != nil {
		return nil, err
	}
	return keys, nil
}

// LoadHostKey reads one host key: a regular file without a passphrase, of
// ed25519 or RSA, that nobody but root or the owner of this process may read.
func LoadHostKey(path string) (ssh.Signer, *strict.Problem) {
	bad := func(what, fix string) (ssh.Signer, *strict.Problem) {
		return nil, &strict.Problem{File: path, What: what, Fix: fix}
	}
	givenUp := func() (ssh.Signer, *strict.Problem) {
		return bad("is of a kind that OpenSSH has given up", "move it away, and "+newKey+path)
	}
	src, problem := readHostKey(path)
	if problem != nil {
		return nil, problem
	}
	raw, err := ssh.ParseRawPrivateKey(src)
	if missing := (*ssh.PassphraseMissingError)(nil); errors.As(err, &missing) {
		return bad("has a passphrase, and nobody is there to type it", "run: ssh-keygen -p -N '' -f "+path)
	}
	if block, _ := pem.Decode(src); err != nil && block != nil && bytes.Contains(block.Bytes, []byte("\x00\x00\x00\x07ssh-dss")) {
		return givenUp()
	}
	if err != nil {
		return bad("is no private key that could be read: "+err.Error(), "move it away, and "+newKey+path)
	}
	switch key := raw.(type) {
	case *ed25519.PrivateKey, ed25519.PrivateKey: // OpenSSH's format, PKCS #8
	case *rsa.PrivateKey:
		if n := key.N.BitLen(); n < minRSA {
			return bad(fmt.Sprintf("is an RSA key of %d bits, less than %d", n, minRSA), "move it away, and "+newKey+path)
		}
	case *ecdsa.PrivateKey:
		return bad("is an ECDSA key: one signature with a bad random number gives it away", "move it away, and "+newKey+path)
	default:
		return givenUp()
	}
	signer, err := ssh.NewSignerFromKey(raw)
	if err != nil {
		return bad(err.Error(), "move it away, and "+newKey+path)
	}
	return signer, nil
}

// publicHalf reports whether src is a public key or a certificate, and says where
// the private key should be.
func publicHalf(path string, src []byte) (private string, public bool) {
	if _, _, _, _, err := ssh.ParseAuthorizedKey(src); err != nil || credential.IsPrivate(string(src)) {
		return "", false
	}
	return strings.TrimSuffix(strings.TrimSuffix(path, ".pub"), "-cert"), true
}

func readHostKey(path string) ([]byte, *strict.Problem) {
	bad := func(what, fix string) ([]byte, *strict.Problem) {
		return nil, &strict.Problem{File: path, What: what, Fix: fix}
	}
	// O_NONBLOCK: a FIFO in its place must not stop the start.
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return bad("doesn't exist", newKey+path)
	case errors.Is(err, fs.ErrPermission):
		return bad("may not be read by this user", "use sudo")
	case err != nil:
		return bad(err.Error(), "see to the file system")
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return bad(err.Error(), "see to the file system")
	}
	if !info.Mode().IsRegular() {
		return bad("is not a regular file", "put the key itself there")
	}
	src, err := io.ReadAll(io.LimitReader(f, maxHostKey+1))
	if err != nil {
		return bad(err.Error(), "see to the file system")
	}
	if len(src) > maxHostKey {
		return bad(fmt.Sprintf("has more than the %d bytes allowed", maxHostKey), "name a host key")
	}
	if private, public := publicHalf(path, src); public { // its owner and mode don't matter
		return bad("is the public half of a host key", fmt.Sprintf("name the private key, not the .pub file: %q", private))
	}
	if st, ok := info.Sys().(*syscall.Stat_t); !ok || st.Uid != 0 && int(st.Uid) != os.Geteuid() {
		return bad("belongs to somebody else, who could read and change it", fmt.Sprintf("run: chown %d %s", os.Geteuid(), path))
	}
	if info.Mode().Perm()&0o077 != 0 {
		return bad(fmt.Sprintf("may be read by others (mode %04o): the key is no secret", info.Mode().Perm()),
			"run: chmod 600 "+path+", and make another if others have logged in here")
	}
	return src, nil
}
