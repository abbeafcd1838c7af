package sshd

import (
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/jailsh/jailsh/internal/wire"
	"github.com/jailsh/jailsh/share"
)

// begin makes a program's terminal one that its owner can share, if she may, and that
// the administrator can look at.
func (s *session) begin(p *Process) {
	if p.PTY == nil || !s.conn.policy.Load().Share && s.conn.server.settings.Load().Watch == wire.WatchOff {
		return
	}
	raw, err := p.PTY.SyscallConn()
	if err != nil {
		return // closed by halt
	}
	var to []*recording
	if r := s.recording.Load(); r != nil && r.input {
		to = append(to, r)
	}
	s.own(labelOf(p.TTY), sizeOf(s.size.Load()), func(by *share.Viewer, b []byte) error {
		return recordTyped(to, raw, by, b, func(b []byte) error { return write(raw, b) })
	})
}

// own makes a terminal that is the session's, until over.
func (s *session) own(label string, size share.Size, input share.Input) *share.Live {
	l := s.conn.server.hub.Begin(s.id.user, label, size, input)
	s.live.Store(l)
	s.conn.server.owners.Store(l, s)
	return l
}

// over ends the session's terminal, if it has one.
func (s *session) over() {
	if l := s.live.Load(); l != nil {
		s.conn.server.owners.Delete(l)
		s.conn.server.hub.End(l)
	}
}

// unshare stops what is shared of the session's terminal, unless it may be.
func (s *session) unshare(g *wire.Grant) {
	if s.publishes.Load() && g.Publish || !s.publishes.Load() && g.Share {
		return
	}
	for _, sh := range s.conn.server.hub.Shares(s.id.user) {
		a := s.seat.Load()
		if sh.Terminal == s.live.Load() || a != nil && sh.Terminal == a.kept.screen {
			sh.Stop()
		}
	}
}

// sessionOf is the session whose terminal it is, or nil if it has just ended.
func (s *Server) sessionOf(l *share.Live) *session {
	owner, _ := s.owners.Load(l)
	session, _ := owner.(*session)
	return session
}

// lookedAt tells whether somebody looks on, or may come to.
func (s *Server) lookedAt(l *share.Live) bool {
	viewers, _ := l.Viewers()
	return s.hub.Shared(l) || lookingOn(viewers) > 0
}

// display is where the output of a program goes: to the owner's client, and to the
// terminal that others may look at, which never waits.
type display struct {
	*share.Live
	client io.Writer
}

func (d display) Write(b []byte) (int, error) {
	d.Live.Write(b)
	return d.client.Write(b)
}

// remarked puts a remark into the recordings of a terminal, of which there is one for
// each session of its owner's that shows it.
func (s *Server) remarked(l *share.Live, text string) {
	var owners []*session
	for _, k := range s.kept.list(l.Owner) {
		if k.screen == l {
			owners = k.sessions()
		}
	}
	if owner := s.sessionOf(l); owner != nil && !slices.Contains(owners, owner) {
		owners = append(owners, owner)
	}
	for _, o := range owners {
		if r := o.recording.Load(); r != nil {
			r.marker(text)
		}
	}
}

// showAudience begins to show the owner who looks on, and who asks to. It doesn't
// disturb her screen: how many there are is in the title of her window, until the
// program gives it another one.
func (s *session) showAudience(l *share.Live) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return
	}
	s.audience.Do(func() {
		s.spin("audience", func() {
			shown := ""
			again := time.NewTicker(retitle)
			defer again.Stop()
			for {
				viewers, changed := l.Viewers()
				now := s.conn.server.audienceOf(l, viewers)
				due := now != shown
				if due && s.setTitle(l, now) {
					shown, due = now, false
				}
				later := again.C
				if !due {
					later = nil
				}
				select {
				case <-changed:
				case <-later:
				case <-s.ctx.Done():
					return
				}
			}
		})
	})
}

// lookingOn counts those who aren't the owner herself, at another seat.
func lookingOn(viewers []*share.Viewer) (n int) {
	for _, v := range viewers {
		if v.Name != "" {
			n++
		}
	}
	return n
}

// retitle is after which time it is tried again to set the title.
const retitle = 100 * time.Millisecond

// setTitle writes the title, unless the program is in the middle of a sequence.
func (s *session) setTitle(l *share.Live, audience string) bool {
	title, settled := l.Title()
	if !settled {
		return false
	}
	if audience != "" && title != "" {
		title += " - "
	}
	title += audience
	s.stderr.Lock()
	defer s.stderr.Unlock()
	if !s.finished {
		// An error: the client is gone.
		_, _ = fmt.Fprintf(s.channel.Stderr(), "\x1b]2;%s\x1b\\", title)
	}
	return true
}
