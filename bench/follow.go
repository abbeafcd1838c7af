package main

import (
	"bytes"
	"fmt"
	"net"
	"sync"
	"time"
)

// overlap is how much of one piece is looked at again with the next: what is looked for
// may lie in both.
const overlap = 32

// follow reads until the terminal has shown end. seen is called with each piece, after
// the end of the one before.
func (t *terminal) follow(end string, seen func([]byte)) error {
	late := time.AfterFunc(playLimit, t.close)
	defer late.Stop()
	buf := make([]byte, overlap+32<<10)
	kept := 0
	for {
		n, err := t.out.Read(buf[kept:])
		piece := buf[:kept+n]
		seen(piece)
		if bytes.Contains(piece, []byte(end)) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%w while waiting for %q, after %q", err, end, piece)
		}
		kept = copy(buf, piece[max(0, len(piece)-overlap):])
	}
}

// brake is a connection of which the client can be stopped: it then reads no more, as
// one that is suspended (^Z).
type brake struct {
	net.Conn
	stopped sync.Mutex
}

// Read returns what was read once the client isn't stopped.
func (b *brake) Read(p []byte) (int, error) {
	n, err := b.Conn.Read(p)
	b.stopped.Lock()
	defer b.stopped.Unlock()
	return n, err
}
