package users

import (
	"bytes"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/crypto/ssh"

	"github.com/jailsh/jailsh/internal/credential"
	"github.com/jailsh/jailsh/internal/strict"
)

// Limits on keys. sshd reads lines of 16 KiB (SSH_MAX_PUBKEY_BYTES).
const (
	maxKeyLine = 16 << 10 // bytes of one authorized_keys line
	maxKeys    = 256      // lines in `keys`
	minRSABits = credential.MinRSABits
)

// Key is one authorized_keys line.
type Key struct {
	Source      string // where it stands: users.toml:14: user.alice.keys[0]
	Type        string // ssh-ed25519, ...
	Blob        []byte // RFC 4253 section 6.6
	Comment     string
	Fingerprint string // SHA256:..., as ssh-keygen -l prints it
	Plain       bool   // the line has no options
	Options     Options
}

// keyTypes are the plain key types; a certificate has -cert-v01@openssh.com.
var keyTypes = [...]string{
	ssh.KeyAlgoED25519, ssh.KeyAlgoECDSA256, ssh.KeyAlgoECDSA384, ssh.KeyAlgoECDSA521,
	ssh.KeyAlgoRSA, ssh.KeyAlgoSKED25519, ssh.KeyAlgoSKECDSA256,
}

// ParseKey reads one authorized_keys line (sshd(8), AUTHORIZED_KEYS FILE
// FORMAT). Every option is honoured or the line is refused; the error says why
// and what to do.
func ParseKey(line string) (*Key, error) {
	if len(line) > maxKeyLine {
		return nil, fmt.Errorf("has %d bytes, more than the %d allowed - shorten it", len(line), maxKeyLine)
	}
	if credential.IsPrivate(line) {
		return nil, fmt.Errorf("%w - paste the line of the .pub file", credential.ErrPrivate)
	}
	if strings.ContainsAny(line, "\n\x00") {
		return nil, errors.New("has a line break or a NUL byte in it - write each key as an element of its own")
	}
	line = strings.Trim(line, " \t\r")
	if line == "" || line[0] == '#' {
		return nil, errors.New("has no key - remove it")
	}
	k := &Key{Plain: isKeyType(firstWord(line))}
	if !k.Plain {
		n, err := optionsEnd(line)
		if err != nil {
			return nil, err
		}
		if k.Options, err = parseOptions(line[:n]); err != nil {
			return nil, err
		}
		line = strings.TrimLeft(line[n:], " \t")
	}
	if err := k.parseBlob(line); err != nil {
		return nil, err
	}
	if why := k.Options.misplaced(k.Type); why != "" {
		return nil, errors.New(why + " - remove the option")
	}
	return k, nil
}

// misplaced returns which option doesn't belong to a key of that type, or "".
func (o *Options) misplaced(keyType string) string {
	switch device := strings.HasPrefix(keyType, "sk-"); {
	case o.Authority: // it may certify keys of any type
	case o.Principals != nil:
		return "principals is for lines with cert-authority"
	case o.NoTouch && !device:
		return "no-touch-required is for keys of security devices (sk-...)"
	case o.Verify && !device:
		return "verify-required is for keys of security devices (sk-...)"
	case o.Verify && keyType == ssh.KeyAlgoSKECDSA256:
		return unverifiable
	}
	return ""
}

// dsaType is known only to say what to do instead.
const dsaType = "ssh-dss"

func firstWord(s string) string {
	if i := strings.IndexAny(s, " \t"); i >= 0 {
		return s[:i]
	}
	return s
}

func isKeyType(s string) bool {
	return slices.Contains(keyTypes[:], s) || s == dsaType || strings.HasSuffix(s, "-cert-v01@openssh.com")
}

// parseBlob reads `type base64 comment`.
func (k *Key) parseBlob(s string) error {
	k.Type = firstWord(s)
	rest := strings.TrimLeft(s[len(k.Type):], " \t")
	switch {
	case k.Type == "":
		return errors.New("has options but no key - append the line of the .pub file")
	case k.Type == dsaType:
		return errors.New("is a DSA key, which is too weak - make a new one with: ssh-keygen -t ed25519")
	case strings.HasSuffix(k.Type, "-cert-v01@openssh.com"):
		return errors.New("is a certificate - list the key itself, or the key of the authority with the option cert-authority in front of it")
	case !isKeyType(k.Type):
		return fmt.Errorf("%q is no key type - paste the line of the .pub file", clip(k.Type))
	}
	encoded := firstWord(rest)
	k.Comment = printable(strings.Trim(rest[len(encoded):], " \t"))
	if encoded == "" {
		return fmt.Errorf("nothing follows %s - paste the whole line of the .pub file", k.Type)
	}
	blob, err := base64.StdEncoding.Strict().DecodeString(encoded)
	if err != nil {
		return errors.New("the key is not base64: it is cut off or mistyped - paste the whole line of the .pub file")
	}
	pub, err := ssh.ParsePublicKey(blob)
	if err != nil {
		return fmt.Errorf("the key can't be read: %s - paste the whole line of the .pub file", printable(strings.TrimPrefix(err.Error(), "ssh: ")))
	}
	if pub.Type() != k.Type {
		return fmt.Errorf("says %s but holds a key of type %s - paste the line of the .pub file", k.Type, pub.Type())
	}
	if !bytes.Equal(pub.Marshal(), blob) {
		return errors.New("the key is encoded in an unusual way and could never match - paste the line of the .pub file")
	}
	if c, ok := pub.(ssh.CryptoPublicKey); ok {
		if r, ok := c.CryptoPublicKey().(*rsa.PublicKey); ok && r.N.BitLen() < minRSABits {
			return fmt.Errorf("is an RSA key of %d bits, fewer than %d - make a new one with: ssh-keygen -t ed25519", r.N.BitLen(), minRSABits)
		}
	}
	k.Blob, k.Fingerprint = blob, ssh.FingerprintSHA256(pub)
	return nil
}

// printable replaces what could act on a terminal or forge a line of a log.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
}

// clip shortens what is quoted in an error.
func clip(s string) string {
	if len(s) > 40 {
		return s[:40] + "..."
	}
	return s
}

// readKeys reads the list of authorized_keys lines.
func readKeys(v *strict.Value) ([]*Key, bool) {
	list, ok := v.List(maxKeys)
	if !ok {
		return nil, false
	}
	var keys []*Key
	for _, e := range list {
		s, ok := e.Text(maxKeyLine)
		if !ok {
			continue
		}
		k, err := ParseKey(s)
		if err != nil {
			what, fix := splitFix(err)
			e.Bad(what, fix)
			continue
		}
		k.Source = position(e)
		keys = append(keys, k)
	}
	return keys, true
}

// splitFix takes `what - fix` apart again.
func splitFix(err error) (what, fix string) {
	s := err.Error()
	if i := strings.LastIndex(s, " - "); i >= 0 {
		return s[:i], s[i+3:]
	}
	return s, ""
}
