package sshd

import (
	"context"
	"fmt"

	"github.com/jailsh/jailsh/internal/wire"
)

// A program on a terminal outlives jailsh-net: its cell holds the terminal too, and
// keeps it if jailsh-net goes without a word. At the end of a session there is a word,
// so that the program is hung up as it is with any sshd.

// mayKeep reports whether what is run on a terminal may outlive its connection. A
// forced command may not: who has one can't come back to it.
func mayKeep(g *wire.Grant, w *wish) bool {
	return w.tty != nil && g.AttachTTL > 0 && !g.Forced && !g.SFTP.Only
}

// keep has the cell keep the session's terminal, now that it is here. That it can't
// is no reason to end the session: there are as many as there may be.
func (s *session) keep(p *Process) {
	if !p.held {
		return
	}
	s.spin("keep", func() {
		ctx, cancel := context.WithTimeout(s.ctx, signalTimeout)
		defer cancel()
		if err := p.Keep(ctx, ""); err != nil && s.ctx.Err() == nil {
			s.conn.record(levelInfo, "not kept", "", "session", fmt.Sprint(s.number), "error", shown(err.Error(), maxDetail))
		}
	})
}

// letGo has the cell give up the terminal of a program that the session has closed,
// unless the server is stopping: then the next one finds it.
func (s *session) letGo(p *Process) {
	if p.held && s.dismissed() != lostServer {
		s.spin("release", p.Release)
	}
}
