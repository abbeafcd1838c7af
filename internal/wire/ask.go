package wire

import (
	"encoding/binary"
	"errors"
	"io"
)

// A program in a jail asks for one of the server's words at a socket that its session
// has. It sends the words, with blanks between, and closes its side. What comes back
// are parts: a byte that says what it is, the length in four bytes, the most
// significant first, and the text.

// WordsVariable names the socket, in the environment of a session's programs.
const WordsVariable = "JAILSH_SOCKET"

// The kinds of parts.
const (
	PartOutput = '1' // for standard output
	PartError  = '2' // for standard error
	PartStatus = 'x' // the exit status, four bytes; the last part
)

// Caps of both.
const (
	MaxAsked = 4 << 10  // bytes of a question
	MaxPart  = 64 << 10 // bytes of a part's text
)

// AppendPart adds a part, whose text is at most MaxPart long.
func AppendPart(dst []byte, kind byte, text []byte) []byte {
	dst = binary.BigEndian.AppendUint32(append(dst, kind), uint32(len(text)))
	return append(dst, text...)
}

var errPart = errors.New("a part of the answer is longer than it may be")

// ReadPart reads one.
func ReadPart(from io.Reader) (kind byte, text []byte, err error) {
	var head [5]byte
	if _, err := io.ReadFull(from, head[:]); err != nil {
		return 0, nil, err
	}
	n := binary.BigEndian.Uint32(head[1:])
	if n > MaxPart {
		return 0, nil, errPart
	}
	text = make([]byte, n)
	_, err = io.ReadFull(from, text)
	return head[0], text, err
}
