package sshd

import (
	"fmt"
)

// maxNotices is how many notices may wait for a client that doesn't read; further
// ones are lost.
const maxNotices = 4

// Notice shows a text to all sessions of a user, on their standard error: on a
// terminal as a line of its own. It doesn't wait for them.
func (s *Server) Notice(user, text string) {
	for _, c := range s.connections() {
		if id := c.login.Load(); id != nil && id.user == user {
			for _, session := range c.sessionsOpen() {
				session.tell(text)
			}
		}
	}
}

// tell queues a notice. The goroutine that shows them is started with the first.
func (s *session) tell(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return
	}
	if s.notices == nil {
		s.notices = make(chan string, maxNotices)
		s.spin("notices", s.show)
	}
	select {
	case s.notices <- shown(text, maxShown):
	default:
	}
}

// show writes notices, each when the client takes it, until the session is over.
func (s *session) show() {
	for {
		select {
		case text := <-s.notices:
			if r := s.recording.Load(); r != nil {
				r.marker(text)
			}
			s.stderr.Lock()
			if !s.finished {
				// An error: the client is gone.
				_, _ = s.channel.Stderr().Write(notice(text, s.shown.Load()))
			}
			s.stderr.Unlock()
		case <-s.ctx.Done():
			return
		}
	}
}

// notice is a line on the client's standard error. A terminal's cursor is
// anywhere, so there it begins a line, and it ends with CR LF as sentence does.
func notice(text string, terminal bool) []byte {
	if terminal {
		return fmt.Appendf(nil, "\r\njailsh: %s\r\n", text)
	}
	return fmt.Appendf(nil, "jailsh: %s\n", text)
}
