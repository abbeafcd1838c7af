package revoked

import (
	"bytes"
	"crypto/sha1"
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/jailsh/jailsh/internal/strict"
	"golang.org/x/crypto/ssh"
)

// magic is what a KRL begins with, and its version what it goes on with.
const (
	magic   = "SSHKRL\n\x00"
	version = 1
)

// The sections of a KRL.
const (
	sectionCertificates = 1
	sectionKeys         = 2
	sectionSHA1         = 3
	sectionSignature    = 4
	sectionSHA256       = 5
	sectionExtension    = 255
)

// The parts of sectionCertificates.
const (
	partSerials   = 0x20
	partRange     = 0x21
	partBitmap    = 0x22
	partIDs       = 0x23
	partExtension = 0x39
)

// krl reads a KRL.
func (l *List) krl(path string, src []byte) error {
	r := &reader{rest: src[len(magic):]}
	if v := r.uint32(); r.err == nil && v != version {
		r.fail(fmt.Errorf("is of version %d, which is unknown here", v))
	}
	r.uint64() // its number
	r.uint64() // when it was made
	r.uint64() // flags: none is defined
	r.string() // reserved
	r.string() // comment
	signed := false
	for r.more() {
		kind := r.byte()
		if signed = signed || kind == sectionSignature; signed && kind != sectionSignature {
			r.fail(errors.New("has a section after its signature, which doesn't cover it"))
		}
		l.section(r, kind, src)
	}
	if r.err == nil {
		return nil
	}
	return strict.Problems{{File: path, What: "is no key revocation list that can be read: " + r.err.Error(), Fix: "make it again with: ssh-keygen -k"}}
}

func (l *List) section(r *reader, kind byte, src []byte) {
	switch kind {
	case sectionCertificates:
		r.part(l.certificatesSection)
	case sectionKeys:
		r.part(func(r *reader) {
			for r.more() {
				l.byID[sha256.Sum256(r.string())] = struct{}{}
			}
		})
	case sectionSHA1:
		r.part(func(r *reader) {
			for r.more() {
				if sum := r.string(); len(sum) == sha1.Size {
					l.bySHA1[[sha1.Size]byte(sum)] = struct{}{}
				} else {
					r.fail(errors.New("has a SHA-1 fingerprint of another size"))
				}
			}
		})
	case sectionSHA256:
		r.part(func(r *reader) {
			for r.more() {
				if sum := r.string(); len(sum) == sha256.Size {
					l.byID[[sha256.Size]byte(sum)] = struct{}{}
				} else {
					r.fail(errors.New("has a SHA-256 fingerprint of another size"))
				}
			}
		})
	case sectionSignature:
		signature(r, src)
	case sectionExtension:
		r.part(extension)
	default:
		r.fail(fmt.Errorf("has a section of the unknown kind %d", kind))
	}
}

func (l *List) certificatesSection(r *reader) {
	c := certificates{authority: bytes.Clone(r.string()), ids: map[string]struct{}{}}
	r.string() // reserved
	for r.more() {
		kind := r.byte()
		r.part(func(r *reader) { c.part(r, kind) })
	}
	c.sort()
	l.certificates = append(l.certificates, c)
}

func (c *certificates) part(r *reader, kind byte) {
	switch kind {
	case partSerials:
		for r.more() {
			serial := r.uint64()
			c.serials = append(c.serials, span{serial, serial})
		}
	case partRange:
		s := span{first: r.uint64(), last: r.uint64()}
		if s.last < s.first {
			r.fail(errors.New("has a range of serials that ends before it begins"))
		}
		c.serials = append(c.serials, s)
	case partBitmap:
		b := bitmap{offset: r.uint64(), bits: bytes.Clone(r.string())}
		if len(b.bits) > 0 && b.bits[0]&0x80 != 0 {
			r.fail(errors.New("has a bitmap that is a negative number")) // it is an mpint
		}
		c.bitmaps = append(c.bitmaps, b)
	case partIDs:
		for r.more() {
			c.ids[string(r.string())] = struct{}{}
		}
	case partExtension:
		extension(r)
	default:
		r.fail(fmt.Errorf("has revoked certificates of the unknown kind %d", kind))
	}
}

// extension skips one, unless it is to be honoured: none is defined.
func extension(r *reader) {
	name := r.string()
	critical := r.byte()
	r.string()
	if r.err == nil && critical != 0 {
		r.fail(fmt.Errorf("has the critical extension %q, which is unknown here", clip(name)))
	}
}

// signature checks one over all that comes before it, and the key that made it.
// Whose key that is isn't asked: the file is where the administrator put it.
func signature(r *reader, src []byte) {
	blob := r.string()
	covered := src[:len(src)-len(r.rest)]
	sig := r.string()
	if r.err != nil {
		return
	}
	key, err := ssh.ParsePublicKey(blob)
	if err != nil {
		r.fail(errors.New("is signed by a key that can't be read"))
		return
	}
	var s ssh.Signature
	if err := ssh.Unmarshal(sig, &s); err != nil {
		r.fail(errors.New("has a signature that can't be read"))
		return
	}
	if err := key.Verify(covered, &s); err != nil {
		r.fail(errors.New("has a signature that doesn't fit: it was changed"))
	}
}

// clip shortens what is quoted in an error.
func clip(b []byte) string {
	if len(b) > 40 {
		return string(b[:40]) + "..."
	}
	return string(b)
}
