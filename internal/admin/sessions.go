package admin

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/jailsh/jailsh/internal/wire"
)

// sessionTimeout is how long the daemon may take to answer about sessions: it asks
// jailsh-net.
const sessionTimeout = 10 * time.Second

// maxListed is how many sessions are read of a daemon.
const maxListed = 100_000

// Sessions are what all users have open, in the order of their IDs.
func (c *Client) Sessions(ctx context.Context) ([]wire.Session, error) {
	ctx, cancel := context.WithTimeout(ctx, sessionTimeout)
	defer cancel()
	var all []wire.Session
	for after := ""; ; {
		var part wire.Sessions
		if err := c.peer.Ask(ctx, wire.VerbSessions, &wire.ListSessions{After: after}, &part); err != nil {
			return nil, err
		}
		for _, s := range part.List {
			if s.ID <= after || len(all) == maxListed {
				return nil, fmt.Errorf("jailshd: no end of the sessions, or not in their order")
			}
			after = s.ID
		}
		all = append(all, part.List...)
		if len(part.List) < wire.MaxSessions {
			return all, nil
		}
	}
}

// Kill ends a session, a connection or a terminal, and returns what it was.
func (c *Client) Kill(ctx context.Context, id string) (*wire.Session, error) {
	ctx, cancel := context.WithTimeout(ctx, sessionTimeout)
	defer cancel()
	was := &wire.Session{}
	return was, c.peer.Ask(ctx, wire.VerbKill, &wire.Kill{ID: id}, was)
}

// Watch returns a socket from which comes what a session's terminal shows, as it is to
// be written to one of that size. It takes wire.WatchedSize when that changes. It ends
// when the terminal does, or when it is closed; the log has the end of this connection.
func (c *Client) Watch(ctx context.Context, id string, size wire.Size) (*os.File, error) {
	ctx, cancel := context.WithTimeout(ctx, sessionTimeout)
	defer cancel()
	files, err := c.peer.Call(ctx, wire.VerbWatch, &wire.Watch{ID: id, Size: size}, &wire.Session{})
	if err != nil {
		return nil, err
	}
	if len(files) != 1 {
		(&wire.Packet{Files: files}).Close()
		return nil, fmt.Errorf("jailshd: %d descriptors instead of a socket - install jailsh and jailshd of one version", len(files))
	}
	return files[0], nil
}
