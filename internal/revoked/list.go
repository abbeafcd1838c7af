package revoked

import (
	"bytes"
	"crypto/sha1"
	"crypto/sha256"
	"slices"
)

// MaxFile is the size of the largest list that is read, in bytes: some 400,000
// fingerprints.
const MaxFile = 16 << 20

// List is what is revoked. The nil List revokes nothing.
type List struct {
	byID         map[[sha256.Size]byte]struct{} // of key blobs
	bySHA1       map[[sha1.Size]byte]struct{}
	certificates []certificates
}

// certificates are revoked ones of one authority.
type certificates struct {
	authority []byte // public key blob; empty: of any
	serials   []span // sorted by first
	bitmaps   []bitmap
	ids       map[string]struct{}
}

// span is serial numbers from first to last.
type span struct{ first, last uint64 }

// bitmap has bit n, counted from the last bit of the last byte, for the serial
// offset+n.
type bitmap struct {
	offset uint64
	bits   []byte
}

// Parse reads src as the content of the file at path. The error is a
// strict.Problems.
func Parse(path string, src []byte) (*List, error) {
	l := &List{byID: map[[sha256.Size]byte]struct{}{}, bySHA1: map[[sha1.Size]byte]struct{}{}}
	if bytes.HasPrefix(src, []byte(magic)) {
		return l, l.krl(path, src)
	}
	return l, l.text(path, src)
}

// Key tells whether the key with that public key blob is revoked.
func (l *List) Key(blob []byte) bool {
	if l == nil {
		return false
	}
	_, whole := l.byID[sha256.Sum256(blob)]
	_, short := l.bySHA1[sha1.Sum(blob)]
	return whole || short
}

// Certificate tells whether the certificate of the authority with that public key
// blob is revoked. The key in it, and the authority, may be revoked by themselves:
// that is for Key to say.
func (l *List) Certificate(authority []byte, serial uint64, id string) bool {
	if l == nil {
		return false
	}
	for i := range l.certificates {
		c := &l.certificates[i]
		if len(c.authority) > 0 && !bytes.Equal(c.authority, authority) {
			continue
		}
		if _, ok := c.ids[id]; ok || c.has(serial) {
			return true
		}
	}
	return false
}

func (c *certificates) has(serial uint64) bool {
	// The last span that doesn't begin behind the serial is the only one that can
	// have it: sort has joined those that overlap.
	n, found := slices.BinarySearchFunc(c.serials, serial, func(s span, serial uint64) int {
		switch {
		case s.first < serial:
			return -1
		case s.first > serial:
			return 1
		}
		return 0
	})
	if found || n > 0 && c.serials[n-1].last >= serial {
		return true
	}
	return slices.ContainsFunc(c.bitmaps, func(b bitmap) bool { return b.has(serial) })
}

func (b bitmap) has(serial uint64) bool {
	n := serial - b.offset
	if serial < b.offset || n/8 >= uint64(len(b.bits)) {
		return false
	}
	return b.bits[uint64(len(b.bits))-1-n/8]>>(n%8)&1 == 1
}

// sort puts the spans in order, and makes one of those that overlap.
func (c *certificates) sort() {
	slices.SortFunc(c.serials, func(a, b span) int {
		if a.first < b.first {
			return -1
		}
		if a.first > b.first {
			return 1
		}
		return 0
	})
	joined := c.serials[:0]
	for _, s := range c.serials {
		if n := len(joined); n > 0 && s.first <= joined[n-1].last {
			joined[n-1].last = max(joined[n-1].last, s.last)
			continue
		}
		joined = append(joined, s)
	}
	c.serials = joined
}
