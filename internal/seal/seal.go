package seal

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"golang.org/x/crypto/ssh"
)

// Suffix is what the name of the file with the seals has after that of the recording.
const Suffix = ".seals"

// maxSeal is the longest line of such a file, in bytes: the signature of an RSA key of
// 16384 bits fits.
const maxSeal = 16 << 10

// Seal says what the first so many bytes of a recording are.
type Seal struct {
	User  string
	File  string // its name, without a folder
	Mark  Mark
	Time  time.Time // by jailshd's clock, in whole seconds
	Final bool      // nothing comes after it

	Signature []byte // SSHSIG
}

// line is a Seal as it is written.
type line struct {
	User      string    `json:"user"`
	File      string    `json:"file"`
	Bytes     uint64    `json:"bytes"`
	Lines     uint64    `json:"lines"`
	Head      string    `json:"head"`
	Time      time.Time `json:"time"`
	Final     bool      `json:"final"`
	Signature []byte    `json:"signature"`
}

// message is what is signed. Names have no end of a line in them: jailshd has made
// them.
func (s *Seal) message() []byte {
	return fmt.Appendf(nil, "user %s\nfile %s\nbytes %d\nlines %d\nhead %x\ntime %s\nfinal %t\n",
		s.User, s.File, s.Mark.Bytes, s.Mark.Lines, s.Mark.Head, s.Time.UTC().Format(time.RFC3339), s.Final)
}

// Sign signs a seal, and returns its line.
func (s *Seal) Sign(key ssh.Signer) ([]byte, error) {
	s.Time = s.Time.UTC().Truncate(time.Second)
	signature, err := signSSHSIG(key, s.message())
	if err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	s.Signature = signature
	b, err := json.Marshal(line{
		s.User, s.File, s.Mark.Bytes, s.Mark.Lines, hex.EncodeToString(s.Mark.Head[:]), s.Time, s.Final, signature,
	})
	return append(b, '\n'), err
}

// Parse reads a line.
func Parse(b []byte) (*Seal, error) {
	var l line
	if err := json.Unmarshal(b, &l); err != nil {
		return nil, fmt.Errorf("is no seal: %w", err)
	}
	s := &Seal{l.User, l.File, Mark{Bytes: l.Bytes, Lines: l.Lines}, l.Time, l.Final, l.Signature}
	if n, err := hex.Decode(s.Mark.Head[:], []byte(l.Head[:min(len(l.Head), 2*len(s.Mark.Head))])); err != nil || n != len(s.Mark.Head) || len(l.Head) != 2*n {
		return nil, fmt.Errorf("is no seal: its head isn't %d bytes", len(s.Mark.Head))
	}
	return s, nil
}

// Verify says whether one of the keys has signed it.
func (s *Seal) Verify(keys []ssh.PublicKey) error {
	return verifySSHSIG(keys, s.message(), s.Signature)
}
