package wire

import (
	"encoding/binary"
	"fmt"
	"io"
	"time"
)

// Values of NetConfig.Watch: what comes of it that the administrator looks at a
// terminal.
const (
	WatchShown  uint8 = iota // its owner is shown
	WatchSilent              // nobody is
	WatchOff                 // the administrator can't
)

// ListSessions asks for what all users have open, in the order of the IDs.
type ListSessions struct{ After string } // the last ID that is known; empty: from the first on

func (m *ListSessions) fields(c *codec) { c.str(&m.After, MaxName) }

// Session is something that a user has open. What it says comes from outside, and is
// escaped before it reaches a log or a terminal.
type Session struct {
	ID    string // REF of a connection without a session, REF-N of a session, USER/N of a terminal that nobody is attached to
	User  string // empty: a guest
	From  string
	What  string
	TTY   string // the terminal's name in the jail; empty: none
	Since time.Time
	Idle  time.Duration // without input or output
}

func (m *Session) fields(c *codec) {
	c.str(&m.ID, MaxName)
	c.str(&m.User, MaxName)
	c.str(&m.From, MaxName)
	c.str(&m.What, MaxName)
	c.str(&m.TTY, MaxName)
	c.time(&m.Since)
	c.i64((*int64)(&m.Idle))
}

// Sessions is the answer to ListSessions: as many as go into a packet. After the last
// of them there may be more.
type Sessions struct{ List []Session }

func (m *Sessions) fields(c *codec) {
	list(c, &m.List, MaxSessions, func(c *codec, s *Session) { s.fields(c) })
}

// Kill asks for the end of a session, of a connection with all its sessions, or of a
// terminal. The answer is what it was.
type Kill struct{ ID string }

func (m *Kill) fields(c *codec) { c.str(&m.ID, MaxName) }

// Watch asks for what is shown on a session's terminal, for one of that size. The
// answer is what it is.
//
// With the request of jailshd comes one end of a stream socket, and with its answer to
// jailsh the other. To jailsh goes what its terminal is to be written, until the
// socket is closed; back come the sizes of that, WatchedSize each.
type Watch struct {
	ID   string
	Size Size
}

func (m *Watch) fields(c *codec) {
	c.str(&m.ID, MaxName)
	m.Size.fields(c)
}

// watchedSize is the length of a size on a watcher's socket: columns and rows.
const watchedSize = 4

// WatchedSize is a size as it goes over a watcher's socket.
func WatchedSize(s Size) []byte {
	w := s.Winsize()
	return binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(nil, w.Col), w.Row)
}

// ReadWatchedSize reads the next one.
func ReadWatchedSize(r io.Reader) (Size, error) {
	var b [watchedSize]byte
	if _, err := io.ReadFull(r, b[:]); err != nil {
		return Size{}, fmt.Errorf("size: %w", err)
	}
	return Size{Columns: uint32(binary.BigEndian.Uint16(b[:2])), Rows: uint32(binary.BigEndian.Uint16(b[2:]))}, nil
}
