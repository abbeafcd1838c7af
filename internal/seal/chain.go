package seal

import (
	"bytes"
	"crypto/sha256"
	"hash"
)

// Mark is a place in a file, and the chain's head there.
type Mark struct {
	Bytes uint64
	Lines uint64 // whole ones
	Head  [sha256.Size]byte
}

// Chain is computed while a file is written or read: with each line the head is
// SHA-256 of the head before, at first 32 zero bytes, and the line with its end. What
// follows the last end of a line counts as a line.
type Chain struct {
	mark Mark
	line hash.Hash // of the line that was begun; nil between lines
}

// Write never fails.
func (c *Chain) Write(p []byte) (int, error) {
	c.mark.Bytes += uint64(len(p))
	for rest := p; len(rest) > 0; {
		if c.line == nil {
			c.line = sha256.New()
			c.line.Write(c.mark.Head[:])
		}
		end := bytes.IndexByte(rest, '\n') + 1
		if end == 0 {
			c.line.Write(rest)
			break
		}
		c.line.Write(rest[:end])
		c.line.Sum(c.mark.Head[:0])
		c.line, rest = nil, rest[end:]
		c.mark.Lines++
	}
	return len(p), nil
}

// Mark is where the chain has got to.
func (c *Chain) Mark() Mark {
	m := c.mark
	if c.line != nil {
		c.line.Sum(m.Head[:0])
	}
	return m
}
